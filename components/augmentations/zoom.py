"""Brings pictures nearer or farther."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from components.augmentations import _pictures
from components.augmentations._draws import Fill, Part, symmetric
from components.interfaces import F32, F64, Augmentation, plugin

if TYPE_CHECKING:
    import tensorflow as tf


@plugin
class Zoom(Augmentation):
    """Enlarges or reduces each picture about its middle: things are not always as far away.

    Attributes:
        share: the largest change of size, 0 to below 1: 0.1 is from 0.9 to 1.1 times (default 0.1, as far as distances vary in a
            set that was taken in one way).
        fill: what comes in around a reduced picture: ``edge`` repeats the nearest pixel, ``reflect`` mirrors, ``constant`` is black
            (default ``edge``).
    """

    share: Part = 0.1
    fill: Fill = "edge"

    def parameters(self, uniform: F64) -> F32:
        """Factors of size, above 1 is nearer, float32 [n, 1]."""
        return np.float32(1) + symmetric(uniform, self.share)

    def apply(self, values: tf.Tensor, parameters: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """The pictures in their new size, on as many pixels as before."""
        import tensorflow as tf

        step = 1.0 / tf.cast(parameters[:, 0], tf.float64)
        zero = tf.zeros_like(step)
        return _pictures.move(values, [step, zero, zero, step], (zero, zero), self.fill)

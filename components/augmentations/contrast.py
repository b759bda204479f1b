"""Draws the levels of pictures together or apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from components.augmentations import _pictures
from components.augmentations._draws import Part, symmetric
from components.interfaces import F32, F64, Augmentation, plugin

if TYPE_CHECKING:
    import tensorflow as tf


@plugin
class Contrast(Augmentation):
    """Multiplies the distance of all levels from the picture's mean: haze, exposure and paper differ.

    Attributes:
        share: the largest change of the factor, 0 to below 1: 0.2 is from 0.8 to 1.2 times (default 0.2: visible, and few levels are
            cut off).
    """

    share: Part = 0.2

    def parameters(self, uniform: F64) -> F32:
        """Factors, float32 [n, 1]."""
        return np.float32(1) + symmetric(uniform, self.share)

    def apply(self, values: tf.Tensor, parameters: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """The pictures with another contrast, cut off at 0 and 1."""
        beyond = _pictures.per_picture(parameters[:, 0] - 1.0)
        return _pictures.clip(values + (values - _pictures.mean(values, [1, 2, 3])) * beyond)

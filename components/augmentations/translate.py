"""Moves pictures sideways, up and down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.augmentations import _pictures
from components.augmentations._draws import Fill, Part, symmetric
from components.interfaces import F32, F64, Augmentation, plugin

if TYPE_CHECKING:
    import tensorflow as tf


@plugin
class Translate(Augmentation):
    """Moves each picture by a random share of its sides: what it shows need not be in the middle.

    Attributes:
        share: the largest move as a share of the side, 0 to below 1 (default 0.1: most of the picture stays in view).
        fill: what comes in: ``edge`` repeats the nearest pixel, ``reflect`` mirrors, ``constant`` is black (default ``edge``).
    """

    share: Part = 0.1
    fill: Fill = "edge"
    uniforms = 2

    def parameters(self, uniform: F64) -> F32:
        """Moves to the right and downwards in shares of width and height, float32 [n, 2]."""
        return symmetric(uniform, self.share)

    def apply(self, values: tf.Tensor, parameters: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """The moved pictures."""
        import tensorflow as tf

        moves = tf.cast(parameters, tf.float64)
        one, zero = tf.ones_like(moves[:, 0]), tf.zeros_like(moves[:, 0])
        shift = (-moves[:, 0] * float(values.shape[2]), -moves[:, 1] * float(values.shape[1]))
        return _pictures.move(values, [one, zero, zero, one], shift, self.fill)

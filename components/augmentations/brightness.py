"""Makes pictures lighter or darker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.augmentations import _pictures
from components.augmentations._draws import Part, symmetric
from components.interfaces import F32, F64, Augmentation, plugin

if TYPE_CHECKING:
    import tensorflow as tf


@plugin
class Brightness(Augmentation):
    """Adds a random number to all levels of a picture: light differs from picture to picture.

    Attributes:
        delta: the largest change, 0 to below 1, where 0 is black and 1 is white (default 0.1: visible, and few levels are cut off).
    """

    delta: Part = 0.1

    def parameters(self, uniform: F64) -> F32:
        """What is added, float32 [n, 1]."""
        return symmetric(uniform, self.delta)

    def apply(self, values: tf.Tensor, parameters: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """The lighter or darker pictures, cut off at 0 and 1."""
        return _pictures.clip(values + _pictures.per_picture(parameters[:, 0]))

"""Mirrors pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from components.augmentations import _pictures
from components.interfaces import F32, F64, Augmentation, plugin

if TYPE_CHECKING:
    import tensorflow as tf


@plugin
class Flip(Augmentation):
    """Mirrors half of the pictures (along each axis on its own): for things that have no left and right.

    Attributes:
        axes: ``horizontal`` swaps left and right, ``vertical`` top and bottom, ``both`` each at random (default ``horizontal``: gravity
            gives most pictures a top).
    """

    axes: Literal["horizontal", "vertical", "both"] = "horizontal"
    uniforms = 2

    def parameters(self, uniform: F64) -> F32:
        """1 where left and right are swapped, and 1 where top and bottom are, else 0; float32 [n, 2]."""
        chosen = np.array([self.axes != "vertical", self.axes != "horizontal"])
        return ((uniform < 0.5) & chosen).astype(np.float32)

    def apply(self, values: tf.Tensor, parameters: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """The mirrored pictures; no level changes."""
        import tensorflow as tf

        way = 1.0 - 2.0 * tf.cast(parameters, tf.float64)
        zero = tf.zeros_like(way[:, 0])
        return _pictures.move(values, [way[:, 0], zero, zero, way[:, 1]], (zero, zero), "edge")

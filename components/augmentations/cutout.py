"""Hides a square of pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from components.augmentations import _pictures
from components.augmentations._draws import Part
from components.interfaces import F32, F64, Augmentation, plugin

if TYPE_CHECKING:
    import tensorflow as tf


@plugin
class Cutout(Augmentation):
    """Hides a square anywhere in the picture under the picture's mean: no single spot shall decide.

    Source: T. DeVries, G. Taylor, Improved Regularization of Convolutional Neural Networks with Cutout (2017).

    Attributes:
        share: the square's side as a share of the shorter side, 0 to below 1 (default 0.25: a sixteenth of the picture, from a half of
            which on, as the authors found, accuracy falls).
    """

    share: Part = 0.25
    uniforms = 2

    def parameters(self, uniform: F64) -> F32:
        """The square's middle from left and top, in shares of width and height, float32 [n, 2]."""
        return uniform.astype(np.float32)

    def apply(self, values: tf.Tensor, parameters: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """The pictures with a square of one colour; part of it may lie outside."""
        import tensorflow as tf

        height, width = values.shape[1], values.shape[2]
        half = np.float32(self.share * min(height, width) / 2)
        middles = (
            np.arange(width, dtype=np.float32) + np.float32(0.5),
            np.arange(height, dtype=np.float32) + np.float32(0.5),
        )
        across = tf.abs(middles[0][None, :] - parameters[:, 0:1] * float(width)) < half
        down = tf.abs(middles[1][None, :] - parameters[:, 1:2] * float(height)) < half
        hidden = (down[:, :, None] & across[:, None, :])[..., None]
        return tf.where(hidden, _pictures.mean(values, [1, 2]), values)

"""Adds noise to each pixel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from components.augmentations import _noise, _pictures
from components.augmentations._draws import Part
from components.interfaces import F32, F64, Augmentation, plugin

if TYPE_CHECKING:
    import tensorflow as tf


@plugin
class Noise(Augmentation):
    """Adds independent, nearly normal noise to each level of a picture, as of a sensor in poor light.

    Attributes:
        deviation: the largest standard deviation, 0 to below 1, where 0 is black and 1 is white; each picture gets its own, up to that
            (default 0.05: grain that is seen and hides nothing).
    """

    deviation: Part = 0.05

    def parameters(self, uniform: F64) -> F32:
        """Standard deviations, float32 [n, 1]."""
        return (uniform * self.deviation).astype(np.float32)

    def apply(self, values: tf.Tensor, parameters: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """The noisy pictures, cut off at 0 and 1."""
        return _pictures.clip(values + _noise.normal(values, keys, parameters[:, 0]))

"""Hides numeric features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from components.augmentations import _noise
from components.augmentations._draws import Part
from components.interfaces import F32, F64, Augmentation, plugin

if TYPE_CHECKING:
    import tensorflow as tf


@plugin
class FeatureDropout(Augmentation):
    """Sets features at random to 0, which is their mean: a model shall not hang on one of them.

    Attributes:
        rate: share of features that are hidden, each on its own, 0 to below 1 (default 0.1: one of ten; the missing indicators stay as
            they are, for nothing is missing).
    """

    rate: Part = 0.1
    kind = "numeric"
    uniforms = 0

    def parameters(self, uniform: F64) -> F32:
        """The rate, float32 [n, 1]."""
        return np.full((len(uniform), 1), self.rate, np.float32)

    def apply(self, values: tf.Tensor, parameters: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """The features, some of them 0."""
        import tensorflow as tf

        return tf.where(_noise.chance(values, keys, parameters[:, 0]), tf.zeros_like(values), values)

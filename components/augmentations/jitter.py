"""Adds noise to numeric features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from components.augmentations import _noise
from components.interfaces import F32, F64, Augmentation, plugin

if TYPE_CHECKING:
    import tensorflow as tf


@plugin
class Jitter(Augmentation):
    """Adds independent, nearly normal noise to each scaled numeric feature: no measurement is exact.

    Attributes:
        deviation: the noise in standard deviations of the feature, 0 to 10 (default 0.05: neighbours in value change places, and
            99.75 % of a feature's variance is still its own).
    """

    deviation: Annotated[float, Field(strict=True, ge=0, le=10, allow_inf_nan=False)] = 0.05
    kind = "numeric"
    uniforms = 0

    def parameters(self, uniform: F64) -> F32:
        """The deviation, float32 [n, 1]."""
        return np.full((len(uniform), 1), self.deviation, np.float32)

    def apply(self, values: tf.Tensor, parameters: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """The features with noise."""
        return values + _noise.normal(values, keys, parameters[:, 0])

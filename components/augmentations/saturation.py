"""Makes colours stronger or paler."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from components.augmentations import _pictures
from components.augmentations._draws import symmetric
from components.interfaces import F32, F64, Augmentation, plugin
from components.parameters import Share

if TYPE_CHECKING:
    import tensorflow as tf


@plugin
class Saturation(Augmentation):
    """Multiplies the distance of all colours from grey. Grey pictures, also those of one channel, stay as they are.

    Attributes:
        share: the largest change of the factor, 0 to 1: 0.3 is from 0.7 to 1.3 times (default 0.3: what cameras differ by; 1 takes
            colours away).
    """

    share: Share = 0.3

    def parameters(self, uniform: F64) -> F32:
        """Factors, float32 [n, 1]."""
        return np.float32(1) + symmetric(uniform, self.share)

    def apply(self, values: tf.Tensor, parameters: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """The pictures with other colours, cut off at 0 and 1."""
        if values.shape[3] != 3:
            return values
        beyond = _pictures.per_picture(parameters[:, 0] - 1.0)
        return _pictures.clip(values + (values - _pictures.grey(values)) * beyond)

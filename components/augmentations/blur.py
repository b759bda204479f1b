"""Takes the focus off pictures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import Field

from components.augmentations import _pictures
from components.interfaces import F32, F64, Augmentation, plugin

#: Steps of weights and levels; their products are multiples of 2^-44, exact in float64 up to 2^9.
_WEIGHT, _LEVEL = 2.0**20, 2.0**24

if TYPE_CHECKING:
    import tensorflow as tf


@plugin
class Blur(Augmentation):
    """Mixes each pixel with those around it, as a lens out of focus does.

    The weight of a pixel at the distance d along either side is (1 - (d / R)^2)^2, with R = 1 + radius in pixels: nearly a Gaussian of
    the deviation R / 2.65, without an exponential.

    Attributes:
        radius: the largest radius as a share of the shorter side, 0 to 0.25; each picture gets its own, up to that (default 0.02:
            1.3 pixels of 64, 5 of 256).
    """

    radius: Annotated[float, Field(strict=True, ge=0, le=0.25, allow_inf_nan=False)] = 0.02

    def parameters(self, uniform: F64) -> F32:
        """Radii in shares of the shorter side, float32 [n, 1]."""
        return (uniform * self.radius).astype(np.float32)

    def apply(self, values: tf.Tensor, parameters: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """The blurred pictures; beyond the edge lies the nearest pixel."""
        import tensorflow as tf

        side = min(values.shape[1], values.shape[2])
        reach = 1.0 + tf.cast(parameters[:, 0], tf.float64) * float(side)
        weights, total = [], tf.ones_like(reach)
        for d in range(1, math.ceil(1 + self.radius * side)):
            inside = tf.maximum(1.0 - float(d * d) / (reach * reach), 0.0)
            # Multiples of one step: sums are exact, whatever their order.
            weights.append(tf.round(inside * inside * _WEIGHT) * (1 / _WEIGHT))
            total += 2.0 * weights[-1]
        for axis in (1, 2):
            values = _pictures.clip(values + _around(values, axis, weights, total))
        return values


def _around(values: tf.Tensor, axis: int, weights: list[tf.Tensor], total: tf.Tensor) -> tf.Tensor:
    """What the neighbours along an axis add, float32: exactly 0 where all weights are."""
    import tensorflow as tf

    length = values.shape[axis]
    fine = tf.round(tf.cast(values, tf.float64) * _LEVEL) * (1 / _LEVEL)
    added = tf.zeros_like(fine)
    for d, weight in enumerate(weights, start=1):
        places = np.arange(length)
        left, right = (tf.gather(fine, np.clip(places + step, 0, length - 1), axis=axis) for step in (-d, d))
        added += _pictures.per_picture(weight) * ((left - fine) - (fine - right))
    return tf.cast(added / _pictures.per_picture(total), tf.float32)

"""Cuts pictures and brings the rest back to size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from components.augmentations import _pictures
from components.augmentations._draws import Part
from components.interfaces import F32, F64, Augmentation, plugin

if TYPE_CHECKING:
    import tensorflow as tf


@plugin
class Crop(Augmentation):
    """Keeps a random part of each picture, of its own proportions, and brings it back to size.

    Attributes:
        share: the largest share of the sides that is cut off, 0 to below 1 (default 0.2: at least 64 % of the area stays, so that
            what the label is about is rarely lost).
    """

    share: Part = 0.2
    uniforms = 3

    def parameters(self, uniform: F64) -> F32:
        """The share of the sides that is kept, and what is cut off at the left and at the top as shares, float32 [n, 3]."""
        cut = self.share * uniform[:, 0]
        return np.stack([1 - cut, cut * uniform[:, 1], cut * uniform[:, 2]], axis=1).astype(np.float32)

    def apply(self, values: tf.Tensor, parameters: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """The parts, on as many pixels as before."""
        import tensorflow as tf

        kept, left, top = tf.unstack(tf.cast(parameters, tf.float64), axis=1)
        # The middle of the part, from the middle of the picture: the part is never beyond the picture.
        off = (1.0 - kept) * 0.5
        shift = ((left - off) * float(values.shape[2] - 1), (top - off) * float(values.shape[1] - 1))
        zero = tf.zeros_like(kept)
        return _pictures.move(values, [kept, zero, zero, kept], shift, "edge")

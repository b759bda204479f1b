"""Turns pictures about their middle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.augmentations import _pictures
from components.augmentations._draws import Degrees, Fill, symmetric
from components.interfaces import F32, F64, Augmentation, plugin

if TYPE_CHECKING:
    import tensorflow as tf


@plugin
class Rotate(Augmentation):
    """Turns each picture by a random angle, either way: what stands askew is still the same.

    Attributes:
        degrees: the largest angle, 0 to 180 (default 15: about what handwriting and hand-held cameras have; from about 45 on, some
            things turn into others, as 6 into 9 at 180).
        fill: what comes in at the corners: ``edge`` repeats the nearest pixel, ``reflect`` mirrors, ``constant`` is black (default
            ``edge``: black corners would be a mark of augmented pictures).
    """

    degrees: Degrees = 15.0
    fill: Fill = "edge"

    def parameters(self, uniform: F64) -> F32:
        """Degrees counter-clockwise as one looks at the picture, float32 [n, 1]."""
        return symmetric(uniform, self.degrees)

    def apply(self, values: tf.Tensor, parameters: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """The turned pictures."""
        import tensorflow as tf

        cosine, sine = _pictures.cosine_sine(parameters[:, 0])
        still = tf.zeros_like(cosine)
        return _pictures.move(values, [cosine, -sine, sine, cosine], (still, still), self.fill)

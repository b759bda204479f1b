"""Shifts the colours of pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from components.augmentations import _pictures
from components.augmentations._draws import Degrees, symmetric
from components.interfaces import F32, F64, Augmentation, plugin

if TYPE_CHECKING:
    import tensorflow as tf


@plugin
class Hue(Augmentation):
    """Turns all colours about the axis of grey: light has a tint. Grey pictures, also those of one channel, stay as they are.

    Attributes:
        degrees: the largest turn, 0 to 180, where red is 120 from green (default 10: a tint; from about 30 on, red looks orange).
    """

    degrees: Degrees = 10.0

    def parameters(self, uniform: F64) -> F32:
        """Degrees from red towards green, float32 [n, 1]."""
        return symmetric(uniform, self.degrees)

    def apply(self, values: tf.Tensor, parameters: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
        """The tinted pictures, cut off at 0 and 1. Rodrigues' formula for the axis (1, 1, 1)."""
        import tensorflow as tf

        if values.shape[3] != 3:
            return values
        cosine, sine = _pictures.cosine_sine(parameters[:, 0])
        beyond = tf.cast(1.0 - cosine, tf.float32)[:, None, None]
        across = tf.cast(sine * 3**-0.5, tf.float32)[:, None, None]
        red, green, blue = tf.unstack(values, axis=3)
        # Exactly the level of a grey pixel.
        mean = (red - (red - green) * (1 / 3)) - (red - blue) * (1 / 3)
        turned = [
            (one - (one - mean) * beyond) - (after - before) * across
            for one, before, after in ((red, blue, green), (green, red, blue), (blue, green, red))
        ]
        return _pictures.clip(tf.stack(turned, axis=3))

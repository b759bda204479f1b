"""What operations on pictures share: moving pixels, and the mean of a picture.

All is written so that TensorFlow's optimiser of graphs changes no bit. It may reorder additions, draw out common factors and multiply by
the reciprocal of a constant divisor; it leaves differences alone. What must be added up is whole numbers, or multiples of one small step
in float64, whose sum is exact in any order.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from components.augmentations._draws import Fill

if TYPE_CHECKING:
    import tensorflow as tf

_MODES = {"edge": "NEAREST", "reflect": "REFLECT", "constant": "CONSTANT"}
#: Means are taken of whole multiples of 2^-16: at most 1024 x 1024 x 3 of them, far below 2^63.
_STEP = 2.0**16


def move(pictures: tf.Tensor, matrix: list[tf.Tensor], shift: tuple[tf.Tensor, tf.Tensor], fill: Fill) -> tf.Tensor:
    """Pictures whose pixels come from elsewhere, bilinear in between.

    A pixel at (x, y) from the middle, in pixels, y downwards, shows what was at (a x + b y + shift_x, c x + d y + shift_y).

    Args:
        pictures: float32 [n, height, width, channels].
        matrix: a, b, c, d, each float64 [n].
        shift: of x and y in pixels, each float64 [n].
        fill: what lies outside.
    """
    import tensorflow as tf

    height, width = pictures.shape[1], pictures.shape[2]
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    a, b, c, d = matrix
    zero = tf.zeros_like(a)
    transforms = tf.stack(
        [
            *(a, b, (middle_x - a * middle_x) - b * middle_y + shift[0]),
            *(c, d, (middle_y - d * middle_y) - c * middle_x + shift[1]),
            *(zero, zero),
        ],
        axis=1,
    )
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=tf.cast(transforms, tf.float32),
        output_shape=[height, width],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode=_MODES[fill],
    )
    # Weights of neighbours sum to 1 but for rounding.
    return tf.ensure_shape(clip(moved), pictures.shape)


def cosine_sine(degrees: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Cosine and sine of angles, float64 of the same shape; right angles are exact.

    By Taylor's series within 45 degrees of a right angle, to the 16th power: off by less than 1e-16. TensorFlow's own may differ in the
    last bit with the place of a number in the batch.
    """
    import tensorflow as tf

    degrees = tf.cast(degrees, tf.float64)
    turns = tf.round(degrees * (1 / 90))
    x = (degrees - turns * 90.0) * (math.pi / 180)
    square = x * x
    cosine, sine = tf.ones_like(x), tf.ones_like(x)
    for k in range(8, 0, -1):
        cosine = 1.0 - square * cosine * (1 / (2 * k * (2 * k - 1)))
        sine = 1.0 - square * sine * (1 / (2 * k * (2 * k + 1)))
    sine = x * sine
    quarter = tf.math.floormod(tf.cast(turns, tf.int32), 4)
    one, two = tf.equal(quarter % 2, 0), quarter < 2
    c, s = tf.where(one, cosine, -sine), tf.where(one, sine, cosine)
    return tf.where(two, c, -c), tf.where(two, s, -s)


def mean(pictures: tf.Tensor, axes: list[int]) -> tf.Tensor:
    """Mean over some axes, which stay with length 1; float32, the same whatever the order of summation."""
    import tensorflow as tf

    whole = tf.cast(tf.round(pictures * _STEP), tf.int64)
    count = float(np.prod([pictures.shape[i] for i in axes]))
    total = tf.reduce_sum(whole, axis=axes, keepdims=True)
    return tf.cast(tf.cast(total, tf.float64) * (1 / (count * _STEP)), tf.float32)


def grey(pictures: tf.Tensor) -> tf.Tensor:
    """Grey level [n, height, width, 1] of colour pictures (ITU-R BT.601); exactly the level of a grey pixel."""
    red, green, blue = pictures[..., 0:1], pictures[..., 1:2], pictures[..., 2:3]
    return (red - 0.587 * (red - green)) - 0.114 * (red - blue)


def per_picture(numbers: tf.Tensor) -> tf.Tensor:
    """[n] as [n, 1, 1, 1]."""
    return numbers[:, None, None, None]


def clip(pictures: tf.Tensor) -> tf.Tensor:
    """Levels within 0 and 1."""
    import tensorflow as tf

    # One pass over the pictures, where tf.clip_by_value takes two.
    return tf.raw_ops.ClipByValue(t=pictures, clip_value_min=0.0, clip_value_max=1.0)

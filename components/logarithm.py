"""The logarithm of `transform.log`, of a number and of a tensor, the same to the last bit."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf

_LN2 = math.log(2.0)


def log_scaled(value: float) -> float:
    """sign(x) log(1 + |x|), rounded to 2**-32 like the graph's."""
    return math.copysign(round(math.log1p(abs(value)) * 2.0**32) / 2.0**32, value) if math.isfinite(value) else value


def unscaled(value: float) -> float:
    """The value that `log_scaled` turns into this one, up to its rounding."""
    return math.copysign(math.expm1(abs(value)), value)


def log_scaled_tensor(x: tf.Tensor) -> tf.Tensor:
    """sign(x) log(1 + |x|) of float64, rounded to 2**-32; NaN stays NaN.

    From single additions, products and divisions, each of which IEEE 754 rounds in one way only: a library's logarithm may differ in its
    last bit between the vectorised body of a batch and its tail. Error below 2**-32.
    """
    import tensorflow as tf  # What only judges findings does without it.

    bits = tf.bitcast(1.0 + tf.abs(x), tf.int64)
    low = tf.bitwise.bitwise_and(bits, tf.constant((1 << 52) - 1, tf.int64))
    mantissa = tf.bitcast(tf.bitwise.bitwise_or(low, tf.constant(1023 << 52, tf.int64)), tf.float64)
    large = mantissa > math.sqrt(2.0)
    mantissa = tf.where(large, 0.5 * mantissa, mantissa)
    exponent = tf.cast(tf.bitwise.right_shift(bits, tf.constant(52, tf.int64)) - 1023, tf.float64)
    exponent = exponent + tf.cast(large, tf.float64)
    # log m = 2 artanh((m - 1) / (m + 1)), whose argument is at most 0.172
    s = (mantissa - 1.0) / (mantissa + 1.0)
    square = s * s
    series = tf.fill(tf.shape(s), tf.constant(2.0 / 19, tf.float64))
    for odd in range(17, 0, -2):
        series = series * square + tf.constant(2.0 / odd, tf.float64)
    rounded = tf.round((exponent * _LN2 + s * series) * 2.0**32) * 2.0**-32
    return tf.where(tf.math.is_nan(x), x, tf.sign(x) * rounded)

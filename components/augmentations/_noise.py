"""Random numbers per pixel or feature: a hash of (key, index), so that they depend neither on the batch nor on what was drawn before.

All of it is integer arithmetic, which has one right result: a logarithm or a cosine may differ in the last bit with the width of the
processor's vectors. The mixer is the finaliser of splitmix64 (Steele, Lea, Flood 2014), as for fingerprints.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf

_GOLDEN = 0x9E3779B97F4A7C15
#: Standard deviation of the sum of eight bytes, sqrt(8 (256^2 - 1) / 12), and its mean.
_DEVIATION, _MEAN = 209.0215, 1020


def bits(values: tf.Tensor, keys: tf.Tensor) -> tf.Tensor:
    """64 random bits for each number of a batch.

    Args:
        values: [n, ...]; only the shape counts.
        keys: int64 [n].

    Returns:
        uint64 of the shape of `values`. The number at place i of an example depends on its key and i alone.
    """
    import tensorflow as tf

    inner = tf.shape(values)[1:]
    places = tf.cast(tf.range(tf.reduce_prod(inner)), tf.uint64) * tf.constant(_GOLDEN, tf.uint64)
    start = _mix(tf.bitcast(keys, tf.uint64))
    mixed = _mix(start[:, tf.newaxis] + places[tf.newaxis])
    return tf.reshape(mixed, tf.shape(values))


def normal(values: tf.Tensor, keys: tf.Tensor, deviation: tf.Tensor) -> tf.Tensor:
    """Nearly normal numbers, float32 of the shape of `values`: mean 0, of the deviation of the example (float32 [n]), at most 4.88 of it.

    The sum of the eight bytes of `bits`: by the central limit theorem its distribution function is within 0.003 of the normal one.
    """
    import tensorflow as tf

    low = tf.constant(0x00FF00FF00FF00FF, tf.uint64)
    hashed = bits(values, keys)
    pairs = tf.bitwise.bitwise_and(hashed, low) + tf.bitwise.bitwise_and(_right(hashed, 8), low)
    # Four lanes of 16 bits; the product adds them up in the highest one.
    total = _right(pairs * tf.constant(0x0001000100010001, tf.uint64), 48)
    # Scaled in one product: an optimiser would reorder two.
    scale = tf.cast(tf.cast(deviation, tf.float64) * (1 / _DEVIATION), tf.float32)
    return tf.cast(tf.cast(total, tf.int32) - _MEAN, tf.float32) * _each(scale, values)


def chance(values: tf.Tensor, keys: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    """True with the chance `share` (float32 [n], 0 to 1), independently for each number; bool of the shape of `values`."""
    import tensorflow as tf

    limit = _each(tf.cast(share * 2.0**24, tf.int32), values)
    return tf.cast(_right(bits(values, keys), 40), tf.int32) < limit


def _each(numbers: tf.Tensor, values: tf.Tensor) -> tf.Tensor:
    """One number per example, [n], in a shape that goes with `values`."""
    place = (slice(None), *[None] * (values.shape.rank - 1))
    return numbers[place]


def _mix(values: tf.Tensor) -> tf.Tensor:
    import tensorflow as tf

    values = tf.bitwise.bitwise_xor(values, _right(values, 30)) * tf.constant(0xBF58476D1CE4E5B9, tf.uint64)
    values = tf.bitwise.bitwise_xor(values, _right(values, 27)) * tf.constant(0x94D049BB133111EB, tf.uint64)
    return tf.bitwise.bitwise_xor(values, _right(values, 31))


def _right(values: tf.Tensor, by: int) -> tf.Tensor:
    import tensorflow as tf

    return tf.bitwise.right_shift(values, tf.constant(by, tf.uint64))

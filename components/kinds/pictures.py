"""Pictures as arrays: the bytes of image files, decoded and brought to one size.

Bytes that no decoder understands give a blank picture instead of an error: one damaged file must not take down a batch of predictions,
nor the analysis of a million others. How many there are is for the check `image_files` to say.
"""

from __future__ import annotations

from typing import Any

#: Shares of red, green and blue in grey, of 65536 (ITU-R BT.601); integers, so that grey pictures stay what they are.
GREY = (19_595, 38_470, 7_471)


def decode(data: Any, shape: tuple[int, int, int]) -> Any:
    """Decoded pictures.

    A picture is stretched to the size, not padded: pictures of a data set mostly share their proportions, and borders would tell the
    model which ones did not. Smaller sizes are averaged (antialiased bilinear), so that fine lines do not vanish. Alpha is dropped, and
    the EXIF orientation is not applied, as nowhere in TensorFlow.

    Args:
        data: tf.string [rows], each a PNG, JPEG, GIF (its first frame) or BMP; b"" is missing.
        shape: height, width and channels (1 grey, 3 colour).

    Returns:
        float32 [rows, height, width, channels], 0 to 1; zeros where data are missing or cannot be decoded.
    """
    return decode_known(data, shape)[0]


def decode_known(data: Any, shape: tuple[int, int, int]) -> tuple[Any, Any]:
    """As `decode`, and bool [rows]: whether there is a picture."""
    import tensorflow as tf

    rows = tf.shape(data, tf.int64)[0]
    there = tf.reshape(tf.where(tf.not_equal(data, b"")), [-1])

    # A data set is the one thing in TensorFlow that can leave out what fails, also in an exported graph.
    def placed(at: Any, one: Any) -> tuple[Any, Any]:
        return at, _one(one, shape)

    pictures = tf.data.Dataset.from_tensor_slices((there, tf.gather(data, there))).map(placed).ignore_errors()
    # One picture beyond the last row, so that there is always one.
    beyond = tf.data.Dataset.from_tensors((rows, tf.zeros(shape, tf.float32)))
    at, decoded = pictures.concatenate(beyond).batch(rows + 1).get_single_element()
    known = tf.scatter_nd(at[:, tf.newaxis], tf.ones_like(at, tf.int32), [rows + 1])
    full = tf.concat([[rows + 1], tf.constant(shape, tf.int64)], axis=0)
    out = tf.scatter_nd(at[:, tf.newaxis], decoded, full)
    return tf.ensure_shape(out[:-1], [None, *shape]), known[:-1] > 0


def _one(data: Any, shape: tuple[int, int, int]) -> Any:
    """One picture, float32 `shape`, 0 to 1. Fails when the bytes are none."""
    import tensorflow as tf

    height, width, channels = shape
    picture = tf.cast(tf.io.decode_image(data, expand_animations=False), tf.int32)
    picture = tf.ensure_shape(picture, [None, None, None])
    # Grey, grey and alpha, colour, colour and alpha: the first or the first three are wanted.
    picture = tf.gather(picture, tf.where(tf.shape(picture)[2] >= 3, [0, 1, 2], [0, 0, 0]), axis=2)
    if channels == 1:
        picture = tf.reduce_sum(picture * tf.constant(GREY), axis=2, keepdims=True)
        picture = tf.bitwise.right_shift(picture + 2**15, 16)
    levels = tf.image.resize(tf.cast(picture, tf.float32), [height, width], method="bilinear", antialias=True)
    return tf.ensure_shape(tf.clip_by_value(levels / 255.0, 0.0, 1.0), shape)

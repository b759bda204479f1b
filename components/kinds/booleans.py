"""Yes or no as texts: which words mean what."""

from __future__ import annotations

from typing import Any

#: Word, in lower case -> its value. `1.0` and `0.0` are how numbers with missing values are often written.
WORDS: dict[bytes, bool] = {
    b"true": True,
    b"false": False,
    b"yes": True,
    b"no": False,
    b"t": True,
    b"f": False,
    b"y": True,
    b"n": False,
    b"on": True,
    b"off": False,
    b"1": True,
    b"0": False,
    b"1.0": True,
    b"0.0": False,
}


def value_of(word: str) -> bool | None:
    """What a word says; None when it is none of `WORDS`. Case and spaces around it do not matter."""
    return WORDS.get(word.strip().lower().encode("utf-8", "surrogateescape"))


def numbers(texts: Any) -> Any:
    """What texts say.

    Args:
        texts: tf.string [rows]; case and spaces around a word do not matter.

    Returns:
        float64 [rows]: 1 or 0; NaN where the text is missing (empty) or no such word.
    """
    import tensorflow as tf

    words = tf.strings.lower(tf.strings.strip(texts))[:, tf.newaxis]

    def among(value: bool) -> Any:
        return tf.reduce_any(tf.equal(words, tf.constant([[w for w, v in WORDS.items() if v is value]])), axis=1)

    one, nought, nan = (tf.constant(v, tf.float64) for v in (1.0, 0.0, float("nan")))
    return tf.where(among(True), one, tf.where(among(False), nought, nan))

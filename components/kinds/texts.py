"""Texts as tokens: words and their n-grams."""

from __future__ import annotations

from typing import Any

#: What is no part of a word: neither letter, mark (accents, vowel signs), digit nor apostrophe; for RE2.
BETWEEN = r"[^\p{L}\p{M}\p{N}']+"


def width(max_words: int, ngrams: int) -> int:
    """Number of tokens of a text: its words, its pairs of words and so on, padding included."""
    return sum(max(0, max_words - n) for n in range(ngrams))


def tokens(texts: Any, max_words: int, ngrams: int, lowercase: bool) -> Any:
    """The first words of each text, then their pairs, then their triples, each part padded at its end.

    A word is a longest run of letters, digits and apostrophes; apostrophes around it are quotes and no part of it. Bytes that are no
    UTF-8 separate words.

    Args:
        texts: tf.string [rows].
        max_words: how many words are taken.
        ngrams: words in the longest token, from 1; those of several words are joined by a space.
        lowercase: whether "The" is "the".

    Returns:
        tf.string [rows, width(max_words, ngrams)]; b"" is padding.
    """
    import tensorflow as tf

    # The encoding's own sign for "no character" is neither letter nor digit.
    clean = tf.strings.unicode_transcode(texts, "UTF-8", "UTF-8", errors="replace", replacement_char=0xFFFD)
    clean = tf.strings.lower(clean, encoding="utf-8") if lowercase else clean
    clean = tf.strings.regex_replace(clean, "[\u2018\u2019]", "'")
    clean = tf.strings.regex_replace(clean, BETWEEN, " ")
    clean = tf.strings.regex_replace(tf.strings.regex_replace(clean, r"'+( |$)", " "), r"(^| )'+", " ")
    words = tf.strings.split(clean)[:, :max_words].to_tensor(b"", shape=[None, max_words])
    parts = [words]
    for n in range(1, min(ngrams, max_words)):
        # A run of words that begins in the text and ends in the padding is none.
        longer = tf.strings.join([parts[-1][:, :-1], words[:, n:]], separator=" ")
        parts.append(tf.where(tf.equal(words[:, n:], b""), b"", longer))
    return tf.ensure_shape(tf.concat(parts, axis=1), [None, width(max_words, ngrams)])

"""Texts as words and n-grams."""

import pytest
import tensorflow as tf

from components.kinds import texts


def tokens(values, max_words=4, ngrams=1, lowercase=True):
    found = texts.tokens(tf.constant(values, tf.string), max_words, ngrams, lowercase)
    assert found.shape[1] == texts.width(max_words, ngrams)
    return [[v.decode() for v in row] for row in found.numpy().tolist()]


@pytest.mark.parametrize(("words", "ngrams", "width"), [(64, 1, 64), (64, 2, 127), (3, 3, 6), (1, 3, 1), (2, 3, 3)])
def test_width(words, ngrams, width):
    assert texts.width(words, ngrams) == width
    assert len(tokens(["a b c d e"], words, ngrams)[0]) == width


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("The cat, the HAT!", ["the", "cat", "the", "hat"]),
        ("one two three four five", ["one", "two", "three", "four"]),
        ("don't 'quote' rock'n'roll ' ''", ["don't", "quote", "rock'n'roll", ""]),
        ("don\u2019t", ["don't", "", "", ""]),
        ("\u00c4RGER na\u00efve \u65e5\u672c\u8a9e", ["\u00e4rger", "na\u00efve", "\u65e5\u672c\u8a9e", ""]),
        ("\u0939\u093f\u0928\u094d\u0926\u0940 x2_y", ["\u0939\u093f\u0928\u094d\u0926\u0940", "x2", "y", ""]),
        ("cafe\u0301", ["cafe\u0301", "", "", ""]),
        (b"a\xffb", ["a", "b", "", ""]),
        ("", [""] * 4),
        (" -- ... ", [""] * 4),
    ],
)
def test_words(text, words):
    assert tokens([text]) == [words]


def test_case_is_kept_on_request():
    assert tokens(["The Hat"], lowercase=False) == [["The", "Hat", "", ""]]


def test_ngrams_are_of_the_words_that_were_taken():
    assert tokens(["not good at all, really", "no", ""], 3, 3) == [
        ["not", "good", "at", "not good", "good at", "not good at"],
        ["no", "", "", "", "", ""],
        [""] * 6,
    ]


def test_batches_and_graphs_give_the_same():
    values = ["a b c", "", "d", "e f g h i"]

    def pairs(given):
        return texts.tokens(given, 3, 2, True)

    graph = tf.function(pairs, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    whole = graph(tf.constant(values)).numpy().tolist()
    assert whole == pairs(tf.constant(values)).numpy().tolist()
    assert whole == [graph(tf.constant([v])).numpy().tolist()[0] for v in values]
    assert graph(tf.constant([], tf.string)).shape == (0, 5)

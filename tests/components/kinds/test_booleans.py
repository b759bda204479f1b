"""Words for yes and no."""

import numpy as np
import pytest
import tensorflow as tf

from components.kinds import booleans


@pytest.mark.parametrize(
    ("yes", "no"),
    [("true", "FALSE"), (" Yes ", "no"), ("t", "F"), ("Y", "n"), ("ON", "off"), ("1", "0"), ("1.0", "0.0")],
)
def test_words(yes, no):
    found = booleans.numbers(tf.constant([yes, no]))
    assert found.dtype == tf.float64
    assert found.numpy().tolist() == [1.0, 0.0]


def test_what_is_missing_or_no_such_word_is_nan():
    assert np.isnan(booleans.numbers(tf.constant(["", "maybe", "2", "yess", b"\xff"])).numpy()).all()


def test_no_rows_and_a_graph():
    graph = tf.function(booleans.numbers, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    assert graph(tf.constant([], tf.string)).shape == (0,)
    assert graph(tf.constant(["no", "yes"])).numpy().tolist() == [0.0, 1.0]

import numpy as np
import pytest

from components.models.linear import Linear
from tests.components.models.rows import SHAPES, TABLE, make_rows

pytest.importorskip("keras")


def test_logits_are_the_sums_that_can_be_read_off():
    model, data = Linear().build(TABLE), make_rows(TABLE, 6)
    rng = np.random.default_rng(1)
    weights = {w.path: rng.normal(size=w.shape).astype("f4") for w in model.weights}
    for w in model.weights:
        w.assign(weights[w.path])
    expected = data.inputs["numeric"] @ weights["numeric_weights/kernel"] + weights["numeric_weights/bias"]
    expected = expected + weights["scores/embeddings"][data.inputs["categorical"]].sum(axis=1)
    np.testing.assert_allclose(np.asarray(model(data.inputs)), expected, rtol=1e-5, atol=1e-5)


def test_a_text_counts_by_the_mean_of_its_tokens():
    inputs = SHAPES["texts"]
    model, data = Linear().build(inputs), make_rows(inputs, 6)
    scores = np.random.default_rng(1).normal(size=(21, 3)).astype("f4")
    model.weights[0].assign(scores)
    expected = [scores[row[row > 0]].mean(axis=0) for row in data.inputs["text_0"]]
    np.testing.assert_allclose(np.asarray(model(data.inputs)), expected, rtol=1e-5, atol=1e-6)

import pytest

from components.models.text import Text
from tests.components.models.rows import ALL_KINDS, SHAPES

pytest.importorskip("keras")


def test_all_texts_share_one_table_and_each_has_its_mean():
    inputs = type(ALL_KINDS)(2, 1, 21, 3, texts={"text_1": 6, "text_2": 3})
    shapes = {w.path: tuple(w.shape) for w in Text(embedding=5, hidden=(4,)).build(inputs).weights}
    assert shapes["embedding/embeddings"] == (21, 5)
    assert shapes["hidden_0/kernel"] == (2 + 1 * 5 + 2 * 5, 4)


def test_without_hidden_layers_it_is_linear_in_the_means():
    shapes = {w.path: tuple(w.shape) for w in Text(embedding=5, hidden=()).build(SHAPES["texts"]).weights}
    assert shapes == {"embedding/embeddings": (21, 5), "logits/kernel": (5, 3), "logits/bias": (3,)}

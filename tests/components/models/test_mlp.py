import pytest

from components.models.mlp import Mlp
from tests.components.models.rows import TABLE

pytest.importorskip("keras")


def test_everything_goes_through_the_hidden_layers():
    shapes = {w.path: tuple(w.shape) for w in Mlp(hidden=(7,), embedding=4).build(TABLE).weights}
    assert shapes == {
        "embedding/embeddings": (11, 4),
        "hidden_0/kernel": (3 + 2 * 4, 7),
        "hidden_0/bias": (7,),
        "logits/kernel": (7, 3),
        "logits/bias": (3,),
    }

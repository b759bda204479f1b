import pytest

from components.models.wide_deep import WideDeep
from tests.components.models.rows import SHAPES, TABLE

pytest.importorskip("keras")


def test_the_wide_part_begins_at_nothing_and_is_left_out_without_its_columns():
    names = {w.path.split("/")[0] for w in WideDeep().build(TABLE).weights}
    assert names == {"embedding", "wide", "wide_numeric", "hidden_0", "hidden_1", "deep"}
    assert "wide" not in {w.path.split("/")[0] for w in WideDeep().build(SHAPES["numbers"]).weights}
    wide = next(w for w in WideDeep().build(TABLE).weights if w.path.startswith("wide/"))
    assert not wide.numpy().any()


def test_hidden_layers_are_as_told():
    model = WideDeep(hidden=(5, 4, 3), dropout=0.0, embedding=2).build(TABLE)
    shapes = {w.path: tuple(w.shape) for w in model.weights}
    assert shapes["hidden_0/kernel"] == (3 + 2 * 2, 5)
    assert shapes["hidden_2/kernel"] == (4, 3)
    assert not [layer for layer in model.layers if "dropout" in layer.name]

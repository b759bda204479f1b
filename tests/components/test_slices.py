"""Slices: every row is in exactly one of each entry, their number is bounded, and nothing is left out silently."""

import numpy as np
import pyarrow as pa
import pytest

from components import slices


def made(entries, **columns):
    return slices.make({n: v if isinstance(v, pa.Array) else pa.array(v) for n, v in columns.items()}, entries)


def rows_of(found):
    return {s.name: int(s.mask.sum()) for s in found}


def test_values_in_order_then_missing():
    found = made([("pay",)], pay=["cash", None, "card", "cash"])
    assert rows_of(found) == {"pay=card": 1, "pay=cash": 2, "pay missing": 1}
    assert [s.key for s in found] == [(("pay", "card"),), (("pay", "cash"),), (("pay", "(missing)"),)]
    np.testing.assert_array_equal(found[1].mask, [True, False, False, True])


def test_numbers_are_ordered_as_numbers():
    assert [*rows_of(made([("hour",)], hour=[10, 9, 2]))] == ["hour=2", "hour=9", "hour=10"]


def test_pairs_are_the_combinations_that_there_are():
    found = made([("pay", "hour")], pay=["a", "b", "a", None], hour=[1, 1, 2, 2])
    assert rows_of(found) == {"pay=a, hour=1": 1, "pay=a, hour=2": 1, "pay=b, hour=1": 1, "pay missing, hour=2": 1}
    assert found[0].key == (("pay", "a"), ("hour", "1"))


def test_many_numbers_are_cut_at_their_quartiles():
    fares = [float(v) for v in range(100)]
    found = made([("fare",)], fare=[*fares, None])
    assert rows_of(found) == {
        "fare=0 to 25": 25, "fare=25 to 50": 25, "fare=50 to 75": 25, "fare=75 to 99": 25, "fare missing": 1
    }  # fmt: skip
    assert found[1].mask[25]
    assert not found[1].mask[50]


def test_numbers_that_are_names_are_values_however_many():
    found = made([("area",)], area=[*range(40), *range(40)])
    assert [s.name for s in found] == [f"area={n}" for n in range(40)]


def test_quartiles_that_are_equal_are_one_cut():
    found = made([("zeros",)], zeros=[0.0] * 80 + [float(v) for v in range(1, 41)])
    assert rows_of(found) == {"zeros=0 to 11": 90, "zeros=11 to 40": 30}


def test_the_rarest_are_taken_together_and_counted():
    names = [f"v{i:02}" for i in range(60) for _ in range(i + 1)]
    found = made([("shop",)], shop=names)
    assert len(found) == slices.MOST
    assert found[-1].name == "shop other (11 values)"
    assert found[-1].key == (("shop", "(other)"),)
    assert found[-1].mask.sum() == sum(range(1, 12))
    assert found[0].name == "shop=v11"


def test_as_many_as_may_be_are_all_kept():
    found = made([("shop",)], shop=[f"v{i:02}" for i in range(slices.MOST)])
    assert len(found) == slices.MOST
    assert found[-1].name == "shop=v49"


@pytest.mark.parametrize("entry", [("a",), ("b",), ("c",), ("a", "b"), ("b", "c")])
def test_every_row_is_in_one_slice_whatever_the_order_of_rows(entry):
    rng = np.random.default_rng(3)
    columns = {
        "a": [None if v == 5 else f"a{v}" for v in rng.integers(0, 9, 500)],
        "b": [*rng.normal(size=499), None],
        "c": [*rng.integers(0, 80, 500).tolist()],
    }
    found = made([entry], **columns)
    assert (sum(s.mask.astype(int) for s in found) == 1).all()
    assert len(found) <= slices.MOST
    order = rng.permutation(500)
    again = made([entry], **{n: [v[i] for i in order] for n, v in columns.items()})
    assert rows_of(again) == rows_of(found)
    assert all((a.mask == b.mask[order]).all() for a, b in zip(again, found, strict=True))


def test_no_rows_and_no_values():
    assert made([("a",)], a=pa.array([], pa.string())) == []
    assert rows_of(made([("a",)], a=pa.nulls(3, pa.string()))) == {"a missing": 3}

"""Splits: exact shares per label at first, the same split for a row for ever, groups together, later rows last."""

import numpy as np
import pyarrow as pa
import pytest

from components.fingerprints import row_fingerprints, unit_interval
from components.splits import SplitBounds, assign, plain_bounds, stratified_bounds, time_bounds
from schemas.config import Split


def fingerprints(**columns):
    return row_fingerprints([(n, pa.array(v)) for n, v in columns.items()])


def test_fingerprints_are_these():
    # A change here puts rows of every user into other splits: it needs a new major version.
    high, low = fingerprints(a=[1, 2, None], b=["x", None, "y"])
    assert [hex(v) for v in high.tolist()] == FINGERPRINTS[0]
    assert [hex(v) for v in low.tolist()] == FINGERPRINTS[1]


def test_column_order_and_empty_columns_do_not_matter():
    one = fingerprints(a=[1, 2], b=["x", "y"])
    other = row_fingerprints([("b", pa.array(["x", "y"])), ("new", pa.nulls(2, pa.float32())), ("a", pa.array([1, 2]))])
    assert all((x == y).all() for x, y in zip(one, other, strict=True))


@pytest.mark.parametrize("other", [pa.array([1.0, 2.0]), pa.array([1.0, 2.0], pa.float32())])
def test_whole_numbers_hash_alike_in_every_type(other):
    assert (fingerprints(a=[1, 2])[0] == row_fingerprints([("a", other)])[0]).all()


def test_values_and_names_do_matter():
    seen = {fingerprints(**c)[0][0] for c in ({"a": [1]}, {"a": [2]}, {"b": [1]}, {"a": ["1"]}, {"a": [1], "b": [1]})}
    assert len(seen) == 5


def test_unit_interval_is_uniform_and_depends_on_the_seed():
    high, _ = fingerprints(a=list(range(20_000)))
    u = unit_interval(high, 0)
    assert u.min() >= 0
    assert u.max() < 1
    assert abs(np.histogram(u, 10)[0] - 2000).max() < 200
    assert abs(np.corrcoef(u, unit_interval(high, 1))[0, 1]) < 0.03


def test_every_label_has_the_shares_asked_for_to_the_nearest_row():
    rng = np.random.default_rng(0)
    labels = {"a": rng.random(1000), "b": rng.random(40), "rare": rng.random(3)}
    bounds = stratified_bounds(Split(), labels)
    for label, n in (("a", [700, 150, 150]), ("b", [28, 6, 6]), ("rare", [1, 1, 1])):
        split = assign(bounds, labels[label], [label] * len(labels[label]))
        assert np.bincount(split, minlength=3).tolist() == n


def test_bounds_that_are_kept_never_move_a_row():
    rng = np.random.default_rng(1)
    first = rng.random(500)
    bounds = stratified_bounds(Split(), {"a": first})
    later = np.concatenate([rng.random(900), first])
    assert (assign(bounds, later, ["a"] * 1400)[900:] == assign(bounds, first, ["a"] * 500)).all()


def test_an_unknown_label_has_the_plain_bounds():
    bounds = SplitBounds(default=(0.7, 0.85), labels={"a": (0.1, 0.2)})
    assert assign(bounds, np.array([0.69, 0.7, 0.85, 0.5]), ["new", "new", "new", "a"]).tolist() == [0, 1, 2, 2]


def test_the_latest_rows_are_test_and_equal_times_stay_together():
    times = np.array([1.0] * 70 + [2.0] * 15 + [3.0] * 15)
    bounds = time_bounds(Split(by_time="t"), times)
    assert np.bincount(assign(bounds, times, [""] * 100)).tolist() == [70, 15, 15]
    assert assign(bounds, np.array([9.0, np.nan]), ["", ""]).tolist() == [2, 0]


def test_plain_bounds_are_the_shares():
    assert plain_bounds(Split(train=0.6, eval=0.2, test=0.2)).default == (0.6, pytest.approx(0.8))


FINGERPRINTS = (
    ["0x14c387ca088fdbc2", "0xe36bd2f8e247a507", "0xe6b824f759cd323d"],
    ["0x9c5707128451afc1", "0x5e4a55c9e5ae0a55", "0xea6705b02b324b70"],
)

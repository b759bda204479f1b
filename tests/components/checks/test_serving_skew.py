import numpy as np
import pytest

from components.checks.serving_skew import Block, ServingSkew, Warn
from tests.components.evidence import BLOCK, OK, WARN, drift_context, drift_sample, sample_of, worst


def served(seed, rows, **params):
    """Rows as they are served: without labels."""
    sample = drift_sample(seed, rows, **params)
    return sample_of([""] * rows, sample.numeric, sample.categorical)


def check(train, serving, **facts):
    found = ServingSkew().check(drift_context(train, None, serving, **facts))
    return {f.subject: f for f in found}


def category(count, serving, **params):
    """The finding about a category that is half of train."""
    train = sample_of(["0"] * 20_000, {}, {"x": ["a", "b"] * 10_000})
    rows = sample_of([""] * 10_000, {}, {"x": ["a"] * count + [serving] * (10_000 - count)})
    return ServingSkew(**params).check(drift_context(train, None, rows))[0]


@pytest.mark.parametrize(("count", "severity"), [(5000, OK), (5500, OK), (5501, WARN), (6000, WARN), (6001, BLOCK)])
def test_below_on_and_above_the_limits_of_categories(count, severity):
    assert category(count, "b").severity is severity


def test_missing_values_of_categories_count():
    found = category(5000, None)
    assert found.severity is BLOCK
    assert found.message == (
        "x: 'b' is 0.0 % of 10000 rows when served, 50.0 % of 14000 in the train rows of span 9; the limit is 10 points."
    )
    assert "'no value' is 100.0 % of 10000 rows when served" in category(0, None).message


@pytest.mark.parametrize(("shift", "severity"), [(0.0, OK), (0.3, WARN), (0.6, BLOCK)])
def test_a_shift_of_a_number(shift, severity):
    found = check(drift_sample(1, 8000), served(2, 5000, shift=shift))
    assert found["fare"].severity is severity
    assert {f.severity for n, f in found.items() if n != "fare"} == {OK}
    assert found["fare"].observed["rows_train"] == 5600  # train rows only
    if severity is BLOCK:
        assert "served values are higher, in 6" in found["fare"].message
        assert "of pairs of a train and a serving row; the limit is 0.042." in found["fare"].message
        assert "--accept serving_skew" in found["fare"].remedy


def test_a_number_that_is_never_served_blocks():
    serving = served(2, 1000)
    serving.numeric["fare"][:] = np.nan
    found = check(drift_sample(1, 2000), serving)["fare"]
    assert found.severity is BLOCK
    assert "100.0 % are missing when served, 0.0 % in train" in found.message


def test_a_lacking_column_blocks_whatever_else_there_is():
    found = check(drift_sample(1, 1000), served(2, 1000), serving_lacks=("miles",))
    assert found["miles"].severity is BLOCK
    assert found["miles"].message == "miles: the serving data lack this column, which span 9 has as an input."
    assert len(found) == 9
    (alone,) = check(None, None, serving_lacks=("miles",)).values()
    assert alone.severity is BLOCK


def test_limits_can_be_turned_off_and_features_ignored():
    off = {"warn": Warn(l_infinity=None), "block": Block(l_infinity=None)}
    assert category(9000, "b", block=off["block"]).severity is WARN
    assert category(9000, "b", **off).severity is OK
    ignored = category(9000, "b", ignore=["x"])
    assert (ignored.severity, ignored.statistic) == (OK, pytest.approx(0.4))
    assert "not judged" in ignored.message


def test_nothing_to_compare():
    some = sample_of(["0"] * 30, {"x": np.zeros(30)})
    held = sample_of(["0"] * 30, {"x": np.zeros(30)})
    held.splits[:] = 1
    for train, serving in (
        (some, None),
        (None, some),
        (some, sample_of([])),
        (held, some),
        (some, sample_of([""], {"y": [1]})),
    ):
        (found,) = check(train, serving).values()
        assert (found.severity, found.subject) == (OK, "data")
        assert "nothing to compare with yet" in found.message


def test_strange_values():
    for values in (np.full(50, np.nan), np.full(50, np.inf), np.r_[-np.inf, np.nan, np.zeros(48)]):
        for other in (np.full(50, np.nan), np.arange(50.0)):
            found = check(sample_of(["0"] * 50, {"x": values}), sample_of([""] * 50, {"x": other}))["x"]
            assert np.isfinite(found.statistic)


@pytest.mark.parametrize(("rows", "served_rows"), [(80, 50), (300, 200), (300, 5000), (5000, 200)])
def test_clean_resamples_pass(rows, served_rows):
    pool, random = drift_sample(7, 15_000), np.random.default_rng([rows, served_rows])
    found = []
    for _ in range(25):
        train, serving = (pool.take(random.integers(0, len(pool), n)) for n in (rows, served_rows))
        found.append(worst([*check(train, serving).values()]))
    assert found.count(BLOCK) == 0
    assert found.count(WARN) <= 1

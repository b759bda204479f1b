import dataclasses

import numpy as np
import pytest

from components.checks.numeric_drift import Block, NumericDrift, Warn
from tests.components.evidence import BLOCK, LOSSES, OK, WARN, drift_context, drift_sample, losing, sample_of, worst


def check(now, then, **params):
    """The finding about the feature ``x`` of rows with one label value."""
    samples = [None if v is None else sample_of(["0"] * len(v), {"x": v}) for v in (now, then)]
    return NumericDrift(**params).check(drift_context(*samples))[0]


def halves(share, rows=10_000):
    return np.repeat([0.0, 1.0], [rows - int(share * rows), int(share * rows)])


# From 50 % the divergence is 0.011 bits at 62.2 % and 0.042 at 73.3 %.
@pytest.mark.parametrize(
    ("share", "severity"), [(0.5, OK), (0.6, OK), (0.62, OK), (0.625, WARN), (0.73, WARN), (0.74, BLOCK), (1.0, BLOCK)]
)
def test_below_and_above_the_limits(share, severity):
    assert check(halves(share), halves(0.5)).severity is severity


def test_on_the_limit_passes():
    bits = check(halves(0.6), halves(0.5)).observed["bits"]
    assert check(halves(0.6), halves(0.5), warn=Warn(bits=bits), block=Block(bits=1.0)).severity is OK
    assert check(halves(0.6), halves(0.5), warn=Warn(bits=bits), block=Block(bits=bits)).severity is OK
    assert check(halves(0.6), halves(0.5), block=Block(bits=bits - 1e-6)).severity is BLOCK


@pytest.mark.parametrize(("shift", "severity"), [(0.0, OK), (0.1, OK), (0.3, WARN), (0.55, BLOCK)])
def test_a_shift_at_5000_rows(shift, severity):
    for seed in range(6):
        found = NumericDrift().check(
            drift_context(drift_sample(seed, 5000, shift=shift), drift_sample(99 - seed, 5000))
        )
        assert {f.subject: f.severity for f in found}["fare"] is severity
        assert {f.severity for f in found if f.subject != "fare"} == {OK}


@pytest.mark.parametrize("positives", [0.2, 0.05])
@pytest.mark.parametrize("rows", [200, 1000, 5000])
def test_a_label_shift_is_not_a_drift_of_features(positives, rows):
    now, then = drift_sample(1, rows, positives), drift_sample(2, rows)
    assert worst(NumericDrift().check(drift_context(now, then))) is OK


def test_a_drift_within_one_class_is_named_when_the_labels_moved():
    now, then = drift_sample(1, 5000, 0.2), drift_sample(2, 5000)
    now.numeric["miles"][now.labels == "1"] += 1.0
    (found,) = (f for f in NumericDrift().check(drift_context(now, then)) if f.severity is not OK)
    assert found.subject == "miles"
    assert found.observed["label"] == "1"
    assert "span 9 against span 8 among rows with big_tipper=1, the divergence is" in found.message


def test_many_small_classes_are_taken_together():
    random = np.random.default_rng(4)
    labels = [random.permutation(np.repeat(np.arange(40), counts)) for counts in (np.full(40, 50), np.arange(20, 60))]
    then, now = (sample_of([str(v) for v in x], {"x": x + random.normal(size=len(x))}) for x in labels)
    (found,) = NumericDrift().check(drift_context(now, then))
    assert found.severity is OK
    assert "label shares made equal" in found.message
    now.numeric["x"][:] += 10
    assert NumericDrift().check(drift_context(now, then))[0].severity is BLOCK


@pytest.mark.parametrize("name", ["fare", "miles", "gaps"])
@pytest.mark.parametrize(("share", "label"), LOSSES)
def test_missing_values_are_not_drift(name, share, label):
    # `miles` depends on the label: what is left of it when one class loses values has another distribution.
    then = drift_sample(2, 3000)
    assert worst(NumericDrift().check(drift_context(losing(drift_sample(1, 3000), name, share, label), then))) is OK
    assert worst(NumericDrift().check(drift_context(then, losing(drift_sample(1, 3000), name, share, label)))) is OK


@pytest.mark.parametrize(("share", "label"), [(0.2, None), (0.4, None), (0.6, "1"), (1.0, "1")])
def test_a_shift_is_seen_beside_missing_values(share, label):
    now = losing(drift_sample(1, 3000, shift=0.7), "fare", share, label)
    (found,) = (f for f in NumericDrift().check(drift_context(now, drift_sample(2, 3000))) if f.severity is not OK)
    assert (found.subject, found.severity) == ("fare", BLOCK)
    assert "; values are higher, in " in found.message


def test_present_values_are_counted():
    values = np.arange(1000.0)
    found = check(np.where(values < 400, np.nan, values[::-1]), values)
    assert (found.observed["rows"], found.observed["rows_before"]) == (600, 1000)
    assert "bits (600 values against 1000)" in found.message


def test_a_feature_without_values_has_nothing_to_compare():
    found = check(np.full(300, np.nan), np.arange(300.0))
    assert (found.severity, found.statistic) == (OK, None)
    assert found.message == "x: span 9 has no values, so that there is nothing to compare."
    sides = [
        sample_of(["0"] * 300 + ["1"] * 300, {"x": x})
        for x in (np.repeat([1, np.nan], 300), np.repeat([np.nan, 1], 300))
    ]
    (found,) = NumericDrift().check(drift_context(*sides))
    assert found.message == (
        "x: values in span 9 and in span 8 have no label value in common, so that there is nothing to compare."
    )


def test_message():
    random = np.random.default_rng(6)
    found = check(random.normal(size=4000) + 1, random.normal(size=4000))
    assert found.message == (
        "x: span 9 against span 8, the divergence is 0.162 bits (4000 values against 4000); values are higher, in 76.8 % of "
        "pairs of an old and a new row; the limit is 0.042."
    )
    assert "--accept numeric_drift --reason TEXT" in found.remedy
    assert found.statistic == found.observed["bits"]


def test_limits_can_be_turned_off_and_features_ignored():
    now, then = halves(1.0), halves(0.5)
    assert check(now, then, block=Block(bits=None)).severity is WARN
    assert check(now, then, block=Block(bits=None), warn=Warn(bits=None)).severity is OK
    assert check(now, then, warn=Warn(bits=None)).severity is BLOCK
    ignored = check(now, then, ignore=["x"])
    assert ignored.severity is OK
    assert ignored.statistic > 0.1
    assert "not judged" in ignored.message


def test_the_warning_adapts_to_the_spans_before():
    def of(past):
        samples = [sample_of(["0"] * 10_000, {"x": halves(share)}) for share in (0.65, 0.5)]
        seen = dataclasses.replace(drift_context(*samples), history={"numeric_drift": {"x": past}})
        return NumericDrift().check(seen)[0]

    assert of([0.02] * 7).severity is WARN
    usual = of([0.02, 0.025] * 4)
    assert usual.severity is OK
    assert usual.allowed["warn_bits"] == pytest.approx(0.0305, abs=1e-3)
    assert of([0.5] * 8).allowed["warn_bits"] == 0.042


STRANGE = [
    np.empty(0),
    np.full(9, np.nan),
    np.array([1.0]),
    np.full(300, np.inf),
    np.r_[np.zeros(200), -np.inf, np.nan],
]


@pytest.mark.parametrize("now", STRANGE, ids=range(len(STRANGE)))
@pytest.mark.parametrize("then", STRANGE, ids=range(len(STRANGE)))
def test_strange_values(now, then):
    found = check(now, then)
    assert all(np.isfinite(v) for v in {**found.observed, **found.allowed}.values() if isinstance(v, (int, float)))


def test_nothing_to_compare():
    one = sample_of(["0"] * 300, {"x": np.zeros(300)})
    other = sample_of(["1"] * 300, {"x": np.ones(300)})
    for now, then in (
        (one, None),
        (None, one),
        (one, sample_of([])),
        (one, sample_of(["0"], {"y": [1]})),
        (one, other),
    ):
        (found,) = NumericDrift().check(drift_context(now, then))
        assert (found.severity, found.subject) == (OK, "data")
        assert "nothing to compare with yet" in found.message


@pytest.mark.parametrize(("rows", "rows_before"), [(50, 50), (200, 200), (200, 5000), (1000, 200), (3000, 3000)])
def test_clean_resamples_pass(rows, rows_before):
    pool, random = drift_sample(7, 15_000), np.random.default_rng([rows, rows_before])
    found = []
    for _ in range(25):
        sides = [pool.take(random.integers(0, len(pool), n)) for n in (rows, rows_before)]
        found.append(worst(NumericDrift().check(drift_context(*sides))))
    assert found.count(BLOCK) == 0
    assert found.count(WARN) <= 1

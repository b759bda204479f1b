import dataclasses

import numpy as np
import pytest

from components.checks.category_drift import Block, CategoryDrift, Warn
from tests.components.evidence import BLOCK, LOSSES, OK, WARN, drift_context, drift_sample, losing, sample_of, worst


def check(now, then, **params):
    """The finding about the feature ``x`` of rows with one label value; sides are category -> rows."""
    samples = []
    for side in (now, then):
        values = [c for c, n in side.items() for _ in range(n)]
        samples.append(sample_of(["0"] * len(values), {}, {"x": values}))
    return CategoryDrift(**params).check(drift_context(*samples))[0]


@pytest.mark.parametrize(
    ("count", "severity"),
    [(5000, OK), (5499, OK), (5500, OK), (5501, WARN), (6000, WARN), (6001, BLOCK), (4499, WARN), (0, BLOCK)],
)
def test_below_on_and_above_the_limits(count, severity):
    assert check({"a": count, "b": 10_000 - count}, {"a": 5000, "b": 5000}).severity is severity


def test_chance_does_not_flag():
    assert check({"a": 33, "b": 17}, {"a": 22, "b": 28}).severity is OK  # 22 points of 50 rows
    assert check({"a": 45, "b": 5}, {"a": 22, "b": 28}).severity is BLOCK


def test_a_few_rows_of_a_category_that_is_rare_in_a_large_reference_are_chance():
    rare = {str(i): 400 for i in range(50)}  # 2 % each
    assert check({str(i): 6 if i == 7 else 1 for i in range(45)}, rare).severity is OK  # 12 % of 50 rows
    assert check({"7": 20, "8": 30}, rare).severity is BLOCK


def test_missing_is_no_category():
    assert check({"a": 500, "b": 500, None: 4000}, {"a": 2500, "b": 2500}).severity is OK
    found = check({None: 400}, {"a": 100})
    assert (found.severity, found.statistic) == (OK, None)
    assert found.message == "x: span 9 has no values, so that there is nothing to compare."


@pytest.mark.parametrize("name", ["pay", "company"])
@pytest.mark.parametrize(("share", "label"), LOSSES)
def test_missing_values_are_not_drift(name, share, label):
    # `pay` depends on the label: what is left of it when one class loses values has other shares.
    now, then = losing(drift_sample(1, 3000), name, share, label), drift_sample(2, 3000)
    assert worst(CategoryDrift().check(drift_context(now, then))) is OK


@pytest.mark.parametrize(("share", "label"), [(0.2, None), (0.4, None), (0.6, "1")])
def test_a_drift_is_seen_beside_missing_values(share, label):
    now = drift_sample(1, 3000)
    now.categorical["pay"][np.random.default_rng(5).random(3000) < 0.3] = "cheque"
    seen = drift_context(losing(now, "pay", share, label), drift_sample(2, 3000))
    (found,) = (f for f in CategoryDrift().check(seen) if f.severity is not OK)
    assert (found.subject, found.severity, found.observed["category"]) == ("pay", BLOCK, "cheque")


def test_message():
    found = check({"a": 620, "b": 380}, {"a": 500, "b": 500})
    assert (
        found.message == "x: 'a' is 62.0 % of 1000 values in span 9, 50.0 % of 1000 in span 8; the limit is 10 points."
    )
    assert "--accept category_drift --reason TEXT" in found.remedy
    assert found.statistic == pytest.approx(0.12)


def test_limits_can_be_turned_off_and_features_ignored():
    now, then = {"a": 900, "b": 100}, {"a": 500, "b": 500}
    assert check(now, then, block=Block(l_infinity=None)).severity is WARN
    assert check(now, then, block=Block(l_infinity=None), warn=Warn(l_infinity=None)).severity is OK
    ignored = check(now, then, ignore=["x"])
    assert (ignored.severity, ignored.statistic) == (OK, pytest.approx(0.4))
    assert "not judged" in ignored.message


@pytest.mark.parametrize("positives", [0.2, 0.05])
@pytest.mark.parametrize("rows", [200, 1000, 5000])
def test_a_label_shift_is_not_a_drift_of_features(positives, rows):
    assert worst(CategoryDrift().check(drift_context(drift_sample(1, rows, positives), drift_sample(2, rows)))) is OK


def test_a_drift_within_one_class_is_named_when_the_labels_moved():
    now, then = drift_sample(1, 5000, 0.2), drift_sample(2, 5000)
    now.categorical["pay"][np.flatnonzero(now.labels == "1")[:300]] = "cheque"
    (found,) = (f for f in CategoryDrift().check(drift_context(now, then)) if f.severity is not OK)
    assert (found.subject, found.observed["label"]) == ("pay", "1")
    assert "among rows with big_tipper=1" in found.message


def test_classes_too_small_to_look_at_are_weighted():
    random = np.random.default_rng(4)
    labels = [random.permutation(np.repeat(np.arange(40), counts)) for counts in (np.full(40, 50), np.arange(20, 60))]
    values = [[f"c{v // 10}" if i % 9 else None for i, v in enumerate(x)] for x in labels]
    then, now = (sample_of([str(v) for v in x], {}, {"x": c}) for x, c in zip(labels, values, strict=True))
    (found,) = CategoryDrift().check(drift_context(now, then))
    assert found.severity is OK
    assert "label shares made equal" in found.message
    assert found.observed["l_infinity"] < 0.02


def test_the_warning_adapts_to_the_spans_before():
    samples = [sample_of(["0"] * 10_000, {}, {"x": ["a"] * n + ["b"] * (10_000 - n)}) for n in (5700, 5000)]
    for past, severity in (([0.06, 0.07] * 4, OK), ([0.06, 0.07] * 3, WARN), ([0.01] * 8, WARN)):
        seen = dataclasses.replace(drift_context(*samples), history={"category_drift": {"x": past}})
        assert CategoryDrift().check(seen)[0].severity is severity


def test_nothing_to_compare():
    one = sample_of(["0"] * 300, {}, {"x": ["a"] * 300})
    other = sample_of(["1"] * 300, {}, {"x": ["b"] * 300})
    for now, then in (
        (one, None),
        (None, one),
        (one, sample_of([])),
        (one, sample_of(["0"], {"x": [1]})),
        (one, other),
    ):
        (found,) = CategoryDrift().check(drift_context(now, then))
        assert (found.severity, found.subject) == (OK, "data")
        assert "nothing to compare with yet" in found.message


@pytest.mark.parametrize(("rows", "rows_before"), [(50, 50), (200, 200), (200, 5000), (1000, 200), (3000, 3000)])
def test_clean_resamples_pass(rows, rows_before):
    pool, random = drift_sample(7, 15_000), np.random.default_rng([rows, rows_before])
    found = []
    for _ in range(50):
        sides = [pool.take(random.integers(0, len(pool), n)) for n in (rows, rows_before)]
        found.append(worst(CategoryDrift().check(drift_context(*sides))))
    assert found.count(BLOCK) == 0
    assert found.count(WARN) <= 2

import dataclasses

import numpy as np
import pytest

from components.checks.domain_drift import Block, DomainDrift, Warn
from components.checks.missing_by_label import MissingByLabel
from components.checks.missing_shift import MissingShift
from components.checks.numeric_drift import NumericDrift
from tests.components.evidence import (
    BLOCK,
    LOSSES,
    OK,
    WARN,
    context,
    drift_context,
    drift_sample,
    feature,
    losing,
    sample_of,
    span,
    worst,
)


def check(now, then, **params):
    return DomainDrift(**params).check(drift_context(now, then))[0]


def shuffled(rows, name="fare_too"):
    now = drift_sample(1, rows)
    columns = now.numeric if name in now.numeric else now.categorical
    columns[name] = np.random.default_rng(2).permutation(columns[name])
    return now


def test_a_shuffled_column_is_found_though_no_feature_moved():
    now, then = shuffled(900), drift_sample(2, 900)
    assert worst(NumericDrift().check(drift_context(now, then))) is OK
    found = check(now, then)
    assert found.severity is BLOCK
    assert "by fare and fare_too" in found.message or "by fare_too and fare" in found.message
    assert "joined to the wrong rows" in found.remedy
    assert found.statistic > 0.3


def test_a_shuffled_category_is_found():
    now, then = drift_sample(1, 1500), drift_sample(2, 1500)
    for side in (now, then):
        side.categorical["size"] = np.where(side.numeric["fare"] > 0, "large", "small").astype(object)
    now.categorical["size"] = np.random.default_rng(2).permutation(now.categorical["size"])
    found = check(now, then)
    assert found.severity is BLOCK
    assert "size" in found.observed["features"]


def test_one_moved_feature_is_found_and_named():
    found = check(drift_sample(1, 3000, shift=0.35), drift_sample(2, 3000))
    assert found.severity in (WARN, BLOCK)
    assert "fare" in found.observed["features"]


@pytest.mark.parametrize(("share", "label"), LOSSES)
def test_missing_values_alone_do_not_tell_the_samples_apart(share, label):
    found = check(losing(drift_sample(1, 600), "miles", share, label), drift_sample(2, 600))
    assert (found.severity, found.observed["missing_made_alike"]) == (OK, "miles")
    found = check(drift_sample(2, 600), losing(drift_sample(1, 600), "pay", share, label))
    assert (found.severity, found.observed["missing_made_alike"]) == (OK, "pay")


def test_values_missing_in_several_features_at_once_do_not_tell_the_samples_apart():
    now = drift_sample(1, 1000)
    for name in ("fare", "miles", "gaps", "pay"):  # The same rows.
        now = losing(now, name, 0.3)
    found = check(now, drift_sample(2, 1000))
    assert found.severity is OK
    assert found.observed["missing_made_alike"] == "fare, gaps, miles, pay"


@pytest.mark.parametrize(("share", "label"), [(0.4, None), (0.6, "1")])
def test_a_change_is_seen_beside_missing_values(share, label):
    assert check(losing(shuffled(1200), "fare_too", share, label), drift_sample(2, 1200)).severity is BLOCK
    shifted = losing(drift_sample(1, 1200, shift=0.8), "fare", share, label)
    found = check(shifted, drift_sample(2, 1200))
    assert found.severity is BLOCK
    assert "fare" in found.observed["features"]


@pytest.mark.parametrize(("check_of", "share", "label"), [(MissingShift(), 0.2, None), (MissingByLabel(), 0.6, "1")])
def test_the_checks_of_missing_values_name_what_drift_checks_leave_to_them(check_of, share, label):
    lost = losing(drift_sample(1, 1000), "fare", share, label)
    gone, labels = np.isnan(lost.numeric["fare"]), lost.labels
    by_label = {v: int(np.sum(gone & (labels == v))) for v in "01"}
    seen = feature(int(gone.sum()), 1000).model_copy(update={"missing_by_label": by_label})
    counts = {v: int(np.sum(labels == v)) for v in "01"}
    now, then = (
        span(9, labels=counts, features={"fare": seen}),
        span(8, labels=counts, features={"fare": feature(0, 1000)}),
    )
    (found,) = check_of.check(context(now, then))
    assert (found.subject, found.severity) == ("fare", BLOCK)


@pytest.mark.parametrize(("rows", "positives"), [(200, 0.05), (2000, 0.2), (2000, 0.05)])
def test_a_label_shift_is_not_a_drift_of_features(rows, positives):
    found = check(drift_sample(1, rows, positives), drift_sample(2, rows))
    assert found.severity is OK
    assert found.observed["rows"] < rows


def test_limits_on_and_off():
    now, then = shuffled(400), drift_sample(2, 400)
    value = check(now, then).statistic
    assert check(now, then, warn=Warn(separation=value), block=Block(separation=value)).severity is OK
    assert check(now, then, block=Block(separation=value - 1e-6)).severity is BLOCK
    assert check(now, then, block=Block(separation=None)).severity is WARN
    assert check(now, then, block=Block(separation=None), warn=Warn(separation=None)).severity is OK


def test_what_is_ignored_is_left_out():
    now, then = drift_sample(1, 400), drift_sample(2, 400)
    now.numeric["tail"] += 1e6
    found = check(now, then)
    assert (found.severity, found.observed["features"]) == (BLOCK, "tail")
    assert "rows each, 9 features), by tail; the limit is 0.25." in found.message
    assert check(now, then, ignore=["tail"]).severity is OK


def test_the_same_again_and_with_other_seeds():
    now, then = drift_sample(1, 300), drift_sample(2, 300)
    assert check(now, then) == check(now, then)
    (other,) = DomainDrift().check(drift_context(now, then, seed=5))
    assert other != check(now, then)
    assert other.severity is OK


def test_the_warning_adapts_to_the_spans_before():
    seen = drift_context(shuffled(400), drift_sample(2, 400))
    seen = dataclasses.replace(seen, history={"domain_drift": {"data": [0.19, 0.2, 0.21] * 3}})
    assert DomainDrift().check(seen)[0].allowed["warn_separation"] == pytest.approx(0.226, abs=0.01)


def strange(rows, **columns):
    return sample_of(["0"] * rows, columns)


@pytest.mark.parametrize(
    "now",
    [
        strange(80, x=np.full(80, np.nan)),
        strange(80, x=np.full(80, np.inf)),
        strange(80, x=np.zeros(80), y=np.r_[np.nan, -np.inf, np.arange(78.0)]),
        sample_of(["0"] * 80, {}, {"x": [None] * 80}),
        sample_of(["0"] * 80, {}, {"x": [f"v{i}" for i in range(80)]}),
    ],
    ids=range(5),
)
def test_strange_values(now):
    assert check(now, now).severity is OK
    assert check(strange(80, y=np.zeros(80), x=np.arange(80.0)), now).statistic != 1.5


def test_nothing_to_compare():
    one = strange(80, x=np.zeros(80))
    other = sample_of(["1"] * 80, {"x": np.zeros(80)})
    few, none = strange(59, x=np.zeros(59)), sample_of(["0"] * 80)
    for now, then in ((one, None), (None, one), (one, other), (one, few), (one, none), (sample_of([]), one)):
        found = check(now, then)
        assert (found.severity, found.subject, found.statistic) == (OK, "data", None)
        assert "nothing to compare with yet" in found.message


@pytest.mark.parametrize(("rows", "rows_before"), [(80, 80), (200, 1000)])
def test_clean_resamples_pass(rows, rows_before):
    pool, random = drift_sample(7, 15_000), np.random.default_rng(rows)
    found = []
    for _ in range(5):
        sides = [pool.take(random.integers(0, len(pool), n)) for n in (rows, rows_before)]
        found.append(check(*sides).severity)
    assert found.count(BLOCK) == 0
    assert found.count(WARN) <= 1

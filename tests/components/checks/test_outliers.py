import dataclasses

import numpy as np
import pytest

from components.checks._far import tail_chance
from components.checks.outliers import Block, Outliers, Warn
from tests.components.evidence import BLOCK, OK, WARN, context, drift_context, drift_sample, sample_of, span, worst


def fares(seed, rows=5000):
    """Heavy tail: a few are ten times the median."""
    return np.round(np.exp(np.random.default_rng(seed).normal(2, 0.8, rows)), 2)


def normal(seed, rows=5000):
    return np.random.default_rng(seed).normal(10, 2, rows)


def changed(values, share, factor):
    """The first values times a factor."""
    out = values.copy()
    out[: round(share * len(out))] *= factor
    return out


def one(now, then, **params):
    sides = [sample_of(["0"] * len(v), {"fare": v}) for v in (now, then)]
    (found,) = Outliers(**params).check(drift_context(*sides))
    return found


@pytest.mark.parametrize(
    ("share", "severity"),
    [(0.0, OK), (0.002, OK), (0.0022, WARN), (0.005, WARN), (0.01, WARN), (0.0102, BLOCK), (1.0, BLOCK)],
)
def test_below_on_and_above_the_limits_of_gross_ones(share, severity):
    assert one(changed(normal(1), share, 100), normal(0)).severity is severity


@pytest.mark.parametrize(("share", "severity"), [(0.005, OK), (0.0052, WARN), (0.02, WARN), (0.0205, BLOCK)])
def test_below_on_and_above_the_limits_of_far_ones(share, severity):
    # Of 2 standard deviations around 10, fences are near 0 and 20; 21 is beyond them, and no gross outlier.
    now, then = np.clip(normal(1), 4, 16), np.clip(normal(0), 4, 16)
    now[: round(share * 5000)] = 21
    assert one(now, then).severity is severity


@pytest.mark.parametrize("rows", [1200, 5000, 20_000])
def test_half_a_per_cent_times_a_hundred_is_seen_in_a_heavy_tail(rows):
    caught = [one(changed(fares(i, rows), 0.0055, 100), fares(100 + i, rows)).severity for i in range(10)]
    assert caught.count(OK) <= (rows == 1200)  # Seven rows of 1200 are few.


def test_another_unit_of_the_whole_column():
    assert one(fares(1) * 100, fares(0)).severity is BLOCK
    assert one(fares(1) * 3, fares(0)).severity is BLOCK
    assert one(fares(1) * 1.02, fares(0)).severity is OK


def test_a_narrow_column_with_zeros():
    longitude = [np.random.default_rng(i).uniform(-87.9, -87.5, 1200) for i in (0, 1)]
    assert one(changed(longitude[0], 0.008, 0), longitude[1]).severity is WARN
    assert one(changed(longitude[0], 0.03, 0), longitude[1]).severity is BLOCK


def test_message_rows_and_remedy():
    now = changed(normal(1), 0.02, 100)
    now[7] = -5e6
    found = one(now, normal(0))
    assert found.message == (
        "fare: 2.0 % of values in span 9 (100 of 5000) are beyond all values of span 8 by more than its range or ten "
        "interquartile ranges; the limit is 1.0 %."
    )
    assert "span-9/a.csv row 8" in found.rows  # The farthest are named.
    assert len(found.rows) == 10
    assert "--accept outliers" in found.remedy
    assert found.statistic == pytest.approx(0.02, abs=0.001)
    now, then = np.clip(normal(1), 4, 16), np.clip(normal(0), 4, 16)
    now[:150] = 21
    assert one(now, then).message == (
        "fare: 3.0 % of values in span 9 (150 of 5000) are far outside the middle half of span 8, which has 0.0 % itself; "
        "the limit is 2.0 % more."
    )


def test_a_few_single_errors_pass_and_infinity_does_not():
    assert one(np.r_[normal(1, 500), 1e9, 1e9], normal(0, 500)).severity is OK
    assert one(np.r_[normal(1, 500), [np.inf] * 5], normal(0, 500)).severity is WARN
    assert one(np.r_[normal(1, 500), [np.inf] * 5], np.r_[normal(0, 500), [np.inf] * 5]).severity is OK


def test_scales_and_counters_do_not_stray():
    random = np.random.default_rng(0)
    months = [random.integers(low, low + 3, 1200).astype(float) for low in (10, 1)]
    assert one(months[1], months[0]).severity is OK
    assert one(changed(months[1], 0.05, 1000), months[0]).severity is BLOCK
    assert one((random.random(900) < 0.02).astype(float), (random.random(900) < 0.01).astype(float)).severity is OK


def test_a_shift_of_the_labels_alone_strays_nowhere():
    def side(seed, positives):
        random = np.random.default_rng(seed)
        label = random.random(6000) < positives
        return sample_of(np.where(label, "1", "0"), {"amount": random.normal(np.where(label, 30, 0), 1)})

    assert worst(Outliers().check(drift_context(side(1, 0.15), side(0, 0.05)))) is OK
    plain = [dataclasses.replace(s, labels=np.full(6000, "0", object)) for s in (side(1, 0.15), side(0, 0.05))]
    assert worst(Outliers().check(drift_context(*plain))) is BLOCK


def test_levels_can_be_turned_off():
    now, then = changed(normal(1), 0.05, 100), normal(0)
    assert one(now, then, block=Block(share=None, gross=None)).severity is WARN
    off = {"block": Block(share=None, gross=None), "warn": Warn(share=None, gross=None)}
    assert one(now, then, **off).severity is OK


def test_nothing_to_compare():
    empty, there = sample_of([], {"fare": []}), sample_of(["0"] * 5, {"fare": [1.0, 2, 3, 4, 5]})
    gone, equal = sample_of(["0"] * 5, {"fare": [np.nan] * 5}), sample_of(["0"] * 5, {"fare": [7.0] * 5})
    endless = sample_of(["0"] * 5, {"fare": [np.inf, -np.inf, np.inf, np.inf, np.inf]})
    cases = [context(span(9)), drift_context(None, there), drift_context(empty, there), drift_context(there, empty)]
    for seen in [*cases, drift_context(gone, there), drift_context(there, equal), drift_context(there, endless)]:
        (found,) = Outliers().check(seen)
        assert found.severity is OK
        assert "nothing to compare" in found.message
    assert worst(Outliers().check(drift_context(endless, there))) is OK


def test_tail_chance_at_its_ends():
    former = np.abs(fares(0))
    assert tail_chance(former, float(former.max()), 3, 5000) == 1.0
    assert tail_chance(former, np.inf, 3, 5000) == 0.0
    assert tail_chance(former[:20], 1e9, 3, 5000) == 1.0
    assert tail_chance(np.zeros(100), 1.0, 3, 5000) == 1.0


@pytest.mark.parametrize(("rows", "before"), [(50, 50), (200, 2000), (2000, 200), (5000, 5000)])
def test_clean_resamples_pass(rows, before):
    def side(seed, n):
        random = np.random.default_rng(seed)
        tails = {"cauchy": random.standard_cauchy(n), "pareto": random.pareto(1.2, n), "t": random.standard_t(3, n)}
        return sample_of(["0"] * n, tails | {"lognormal": np.exp(random.normal(size=n)), "count": random.poisson(3, n)})

    found = [worst(Outliers().check(drift_context(side(i, rows), side(1000 + i, before)))) for i in range(25)]
    found += [
        worst(Outliers().check(drift_context(drift_sample(i, rows), drift_sample(99 + i, before)))) for i in range(25)
    ]
    assert found.count(BLOCK) == 0
    assert found.count(WARN) <= 2

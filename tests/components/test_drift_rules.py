import math

import numpy as np
import pytest

from components import drift_rules as drift

NORMAL = np.random.default_rng(1).normal(size=20_000)


def distance(before, after):
    upper = drift.edges(before[~np.isnan(before)])
    return drift.jensen_shannon(drift.histogram(before, upper), drift.histogram(after, upper))


def test_edges_are_deciles_with_values_of_their_own():
    assert drift.edges(np.arange(1.0, 101.0)).tolist() == [10, 20, 30, 40, 50, 60, 70, 80, 90]
    assert drift.edges(np.array([0.0, 0, 0, 1])).tolist() == [np.nextafter(0, -1), 0, np.nextafter(1, 0), 1]
    half = drift.edges(np.r_[np.zeros(50), np.arange(1.0, 51.0)])
    assert half.tolist() == [np.nextafter(0, -1), 0, 10, 20, 30, 40]
    assert not len(drift.edges(np.empty(0)))


def test_histogram_counts_missing_in_a_bin_of_its_own():
    upper = drift.edges(np.array([0.0, 1.0]))
    # below 0, 0, between, 1, above 1, missing
    values = np.array([-np.inf, -1, 0, 0.5, 1, 1, np.inf, np.nan, np.nan, np.nan])
    assert drift.histogram(values, upper).tolist() == [2, 1, 1, 2, 1, 3]
    assert drift.histogram(values, upper, np.full(10, 2.0)).tolist() == [4, 2, 2, 4, 2, 6]
    assert drift.histogram(np.array([np.nan]), np.empty(0)).tolist() == [0, 1]


def test_jensen_shannon_is_a_divergence_in_bits():
    def of(p, q):
        return drift.jensen_shannon(np.array(p, float), np.array(q, float))

    assert of([1, 1], [50, 50]) == 0
    assert of([5, 0], [0, 7]) == 1
    assert of([1, 1], [1, 0]) == pytest.approx(0.311278)  # scipy's distance, squared, over ln 2
    assert of([0, 0], [1, 2]) == of([1, 2], [0, 0]) == 0


@pytest.mark.parametrize(("shift", "bits"), [(0.25, 0.0107), (0.3, 0.0154), (0.5, 0.0419), (0.55, 0.0504)])
def test_divergence_of_a_shifted_normal_feature(shift, bits):
    assert distance(NORMAL, NORMAL + shift) == pytest.approx(bits, rel=0.05)


def test_strange_values_have_a_finite_distance():
    none, infinite = np.full(10, np.nan), np.full(10, np.inf)
    strange = [np.empty(0), none, infinite, -infinite, np.array([1.0]), np.r_[NORMAL[:20], np.inf, np.nan], np.zeros(5)]
    for before in strange:
        for after in strange:
            assert 0 <= distance(before, after) <= 1
            assert 0 <= drift.kolmogorov_smirnov(before, after) <= 1
    assert distance(np.zeros(9), np.full(9, -1.0)) == 1
    assert distance(none, np.zeros(9)) == 1


#: Rows a side -> the 99 % noise floor with 10 bins that was measured (thresholds.md).
@pytest.mark.parametrize(("rows", "measured"), [(50, 0.171), (200, 0.041), (1000, 0.0080), (5000, 0.0016)])
def test_floor_of_the_divergence_is_just_above_what_was_measured(rows, measured):
    assert measured * 0.93 < drift.jensen_shannon_floor(10, rows, rows, 1, 0.01) < measured * 1.3


def false_alarms(rows, rows_before, shares, alpha, floor, distance_of, draws=4000):
    random = np.random.default_rng([rows, rows_before, len(shares)])
    before, after = (random.multinomial(n, shares, draws).astype(float) for n in (rows_before, rows))
    beyond = sum(distance_of(b, a) > floor(b, a, alpha) for b, a in zip(before, after, strict=True))
    return beyond / draws


@pytest.mark.parametrize("sides", [(50, 50), (50, 20_000), (1000, 200)])
@pytest.mark.parametrize("shares", [[0.1] * 10, [0.6, 0.2, 0.1, 0.05, 0.03, 0.01, 0.01], [0.5, 0.5]], ids=len)
def test_divergence_rarely_exceeds_its_floor(sides, shares):
    def floor(before, after, alpha):
        return drift.jensen_shannon_floor(int(np.count_nonzero(before + after)), before.sum(), after.sum(), 1, alpha)

    assert false_alarms(*sides, shares, 0.01, floor, drift.jensen_shannon, 1000) <= 0.02


@pytest.mark.parametrize("sides", [(50, 50), (50, 20_000), (20_000, 50), (1000, 200)])
@pytest.mark.parametrize("shares", [[0.02] * 50, [0.9, 0.1], [0.01, 0.99]], ids=["even", "tenth", "rare"])
def test_largest_change_rarely_exceeds_its_floor(sides, shares):
    def floor(before, after, alpha):
        return drift.largest_change_floor(before, after, before.sum(), after.sum(), 1, alpha)

    assert false_alarms(*sides, shares, 0.01, floor, lambda b, a: drift.largest_change(b, a)[0], 300) <= 0.03


def test_largest_change():
    change, at = drift.largest_change(np.array([60.0, 40, 0]), np.array([65.0, 20, 15]))
    assert (change, at) == (pytest.approx(0.2), 1)
    assert drift.largest_change(np.zeros(2), np.ones(2)) == (0, -1)
    assert drift.largest_change(np.empty(0), np.empty(0)) == (0, -1)


def test_floors_without_rows_let_nothing_through_and_grow_with_comparisons():
    assert drift.jensen_shannon_floor(10, 0, 5) == drift.kolmogorov_smirnov_floor(5, 0) == drift.auc_floor(0, 1) == 1
    assert drift.largest_change_floor(np.zeros(2), np.ones(2), 0, 2) == 1
    assert drift.jensen_shannon_floor(1, 5, 5) == drift.largest_change_floor(np.ones(1), np.ones(1), 9, 9) == 0
    even = np.full(4, 250.0)
    for floor in (
        lambda k: drift.jensen_shannon_floor(10, 1000, 1000, k),
        lambda k: drift.largest_change_floor(even, even, 1000, 1000, k),
        lambda k: drift.kolmogorov_smirnov_floor(1000, 1000, k),
        lambda k: drift.auc_floor(1000, 1000, k),
    ):
        assert 0 < floor(1) < floor(50) < 1


def test_kolmogorov_smirnov():
    assert drift.kolmogorov_smirnov(np.array([1.0, 2, 3, 4]), np.array([3.0, 4, np.nan])) == 0.5
    assert drift.kolmogorov_smirnov(NORMAL, NORMAL + 0.5) == pytest.approx(0.197, abs=0.01)  # Deepchecks' 0.2
    assert drift.kolmogorov_smirnov_floor(5000, 5000, 1, 0.01) == pytest.approx(0.0326, abs=1e-4)
    random = np.random.default_rng(2)
    for draw in (lambda n: random.normal(size=n), lambda n: random.integers(0, 5, n).astype(float)):
        found = [
            drift.kolmogorov_smirnov(draw(60), draw(400)) > drift.kolmogorov_smirnov_floor(60, 400, 1, 0.01)
            for _ in range(800)
        ]
        assert sum(found) <= 16


def test_auc_and_its_floor():
    assert drift.auc(np.array([0.0, 1]), np.array([1.0, 2])) == 0.875
    assert drift.auc(np.empty(0), np.ones(3)) == 0.5
    assert drift.auc(NORMAL, NORMAL + 0.3) == pytest.approx(0.584, abs=0.005)
    assert drift.auc_floor(4000, 4000, 1, 0.01) == pytest.approx(2 * 2.326 * math.sqrt(8001 / 12) / 4000, rel=1e-3)
    random = np.random.default_rng(3)
    found = [
        2 * drift.auc(random.random(80), random.random(300)) - 1 > drift.auc_floor(80, 300, 1, 0.01)
        for _ in range(2000)
    ]
    assert sum(found) <= 35

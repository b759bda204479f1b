"""Exact statistics: the same bits whatever the order and the bundles, and right to the last digit."""

from fractions import Fraction

import numpy as np
import pytest

from components import exact

PROBABILITIES = (0.0, 0.001, 0.25, 0.5, 0.9, 1.0)


def run(parts):
    width = parts[0].shape[1]
    moments = exact.Moments.merge([exact.Moments.of(p) for p in parts])
    wanted = exact.wanted_bins(moments, [PROBABILITIES] * width)
    ranks = exact.Ranks.merge([exact.Ranks.of(p, wanted) for p in parts])
    found = [moments.mean_deviation(i) for i in range(width)]
    return found, exact.quantiles(moments, ranks, [PROBABILITIES] * width), moments


@pytest.fixture(scope="module")
def values():
    rng = np.random.default_rng(0)
    longitude = rng.normal(-87.6, 0.02, 5001).astype("f4").astype("f8")
    x = np.stack(
        [longitude, rng.integers(-5, 5, 5001).astype("f8"), rng.normal(0, 1e9, 5001), np.full(5001, np.nan)], 1
    )
    x[rng.random(x.shape) < 0.2] = np.nan
    return x


@pytest.mark.parametrize("pieces", [1, 2, 7, 500])
def test_order_and_bundles_do_not_matter(values, pieces):
    shuffled = values[np.random.default_rng(pieces).permutation(len(values))]
    assert run(np.array_split(shuffled, pieces))[:2] == run([values])[:2]


def test_mean_deviation_and_quantiles_are_right(values):
    moments, quantiles, raw = run([values])
    for i in range(3):
        present = values[:, i][~np.isnan(values[:, i])]
        mean = sum(map(Fraction, present.tolist())) / len(present)
        variance = sum((Fraction(v) - mean) ** 2 for v in present.tolist()) / len(present)
        assert moments[i][0] == float(mean)
        assert moments[i][1] == pytest.approx(float(variance) ** 0.5, rel=1e-15)
        assert quantiles[i][0.5] == np.median(present)
        assert [quantiles[i][p] for p in PROBABILITIES] == pytest.approx(np.quantile(present, PROBABILITIES), rel=1e-12)
        assert (raw.low[i], raw.high[i], raw.present[i]) == (present.min(), present.max(), len(present))


@pytest.mark.parametrize(
    ("n", "probability", "expected"),
    [
        (5, 0.5, (2, 2, 0)),
        (4, 0.5, (1, 2, Fraction(1, 2))),
        (5, 0.0, (0, 0, 0)),
        (5, 1.0, (4, 4, 0)),
        (1, 0.25, (0, 0, 0)),
        (6, 0.25, (1, 2, Fraction(1, 4))),
    ],
)
def test_place_of_a_quantile(n, probability, expected):
    assert exact.place(n, probability) == expected


def test_a_feature_without_values_has_zeros(values):
    moments, quantiles, raw = run([values])
    assert moments[3] == (0.0, 0.0)
    assert set(quantiles[3].values()) == {0.0}
    assert (raw.present[3], raw.missing[3]) == (0, 5001)


def test_extremes_survive():
    x = np.array([[5e-324], [-1.7e308], [0.0], [-0.0], [1.7e308]])
    (mean_deviation,), (quantiles,), _ = run([x])
    assert mean_deviation[0] == float(sum(map(Fraction, x[:, 0].tolist())) / 5)
    assert (quantiles[0.0], quantiles[0.5], quantiles[1.0]) == (-1.7e308, 0.0, 1.7e308)


def test_counts_in_a_range(values):
    moments = exact.Moments.of(values)
    assert moments.count(1, -2.0, 1.0) == np.sum((values[:, 1] >= -2) & (values[:, 1] <= 1))
    assert moments.count(1, 7.0, 9.0) == 0
    assert moments.count(3, -1.0, 1.0) == 0


def test_pairs_are_columns_in_another_form():
    moments = exact.Moments.of_pairs(np.array([2, 0, 2, 0]), np.array([1.0, 5.0, 3.0, np.nan]), 3)
    assert [moments.mean_deviation(i) for i in range(3)] == [(5.0, 0.0), (0.0, 0.0), (2.0, 1.0)]
    assert moments.present.tolist() == [1, 0, 2]
    assert moments.missing.tolist() == [1, 0, 0]


def test_cut_values_count_as_their_bound():
    x = np.array([[-10.0], [0.0], [np.nan], [4.0], [99.0]])
    cut = exact.Cut.merge([exact.Cut.of(p, np.array([-2.0]), np.array([4.0])) for p in (x[:2], x[2:])])
    assert cut.beyond.tolist() == [2]
    assert cut.moments.mean_deviation(0) == (1.5, pytest.approx(np.std([-2, 0, 4, 4]), rel=1e-15))


def products(parts, mean, deviation):
    return exact.Products.merge([exact.Products.of(p, mean, 1 / deviation) for p in parts])


def test_correlations_over_the_rows_that_have_both():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(4000, 3))
    x[:, 1] += 2 * x[:, 0]
    x[rng.random(x.shape) < 0.3] = np.nan
    mean, deviation = np.nanmean(x, axis=0), np.nanstd(x, axis=0)
    found = products([x], mean, deviation).correlation()
    for i, j in ((0, 1), (0, 2), (1, 2)):
        both = ~np.isnan(x[:, i]) & ~np.isnan(x[:, j])
        # the grid of 2**-12 deviations costs less than its step
        assert found[i, j] == pytest.approx(np.corrcoef(x[both, i], x[both, j])[0, 1], abs=2**-12)
    assert np.array_equal(found, found.T)
    assert np.diag(found).tolist() == [1.0, 1.0, 1.0]
    shuffled = np.array_split(x[rng.permutation(len(x))], 9)
    assert np.array_equal(products(shuffled, mean, deviation).correlation(), found)


def test_correlation_without_common_rows_or_without_spread_is_nothing():
    x = np.array([[1.0, np.nan, 7.0], [2.0, np.nan, 7.0], [np.nan, 1.0, 7.0], [np.nan, 5.0, 7.0]])
    found = exact.Products.of(x, np.array([1.5, 3.0, 7.0]), np.array([2.0, 0.5, 0.0])).correlation()
    assert found.tolist() == np.eye(3).tolist()


def test_products_of_values_far_out_do_not_overflow():
    x = np.array([[1e300, -1e300]] * 3 + [[0.0, 0.0]])
    found = exact.Products.of(x, np.zeros(2), np.ones(2))
    assert found.square[0, 0] == 3 * 2**34
    assert found.correlation()[0, 1] == -1.0


@pytest.mark.parametrize("value", [0.0, 1.5, -1.5, 5e-324, -1e300, 2.0**53])
def test_sortable_keys_go_back(value):
    assert exact.from_sortable(int(exact.sortable(np.array([value]))[0])) == value

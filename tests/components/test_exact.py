"""Exact statistics: the same bits whatever the order and the bundles, and right to the last digit."""

from fractions import Fraction

import numpy as np
import pytest

from components import exact


def run(parts):
    moments = exact.Moments.merge([exact.Moments.of(p) for p in parts])
    wanted = exact.wanted_bins(moments)
    middles = exact.Middles.merge([exact.Middles.of(p, wanted) for p in parts])
    return [moments.mean_deviation(i) for i in range(parts[0].shape[1])], exact.medians(moments, middles), moments


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


def test_mean_deviation_and_median_are_right(values):
    moments, medians, raw = run([values])
    for i in range(3):
        present = values[:, i][~np.isnan(values[:, i])]
        mean = sum(map(Fraction, present.tolist())) / len(present)
        variance = sum((Fraction(v) - mean) ** 2 for v in present.tolist()) / len(present)
        assert moments[i][0] == float(mean)
        assert moments[i][1] == pytest.approx(float(variance) ** 0.5, rel=1e-15)
        assert medians[i] == np.median(present)
        assert (raw.low[i], raw.high[i], raw.present[i]) == (present.min(), present.max(), len(present))


def test_a_feature_without_values_has_zeros(values):
    moments, medians, raw = run([values])
    assert moments[3] == (0.0, 0.0)
    assert medians[3] == 0.0
    assert (raw.present[3], raw.missing[3]) == (0, 5001)


def test_extremes_survive():
    x = np.array([[5e-324], [-1.7e308], [0.0], [-0.0], [1.7e308]])
    (mean_deviation,), (median,), _ = run([x])
    assert mean_deviation[0] == float(sum(map(Fraction, x[:, 0].tolist())) / 5)
    assert median == 0.0


@pytest.mark.parametrize("value", [0.0, 1.5, -1.5, 5e-324, -1e300, 2.0**53])
def test_sortable_keys_go_back(value):
    assert exact.from_sortable(int(exact.sortable(np.array([value]))[0])) == value

"""How far two samples are apart, and what sampling alone explains: pure functions of arrays.

Every distance has a noise floor at the actual numbers of rows. Floors were checked by simulation far into the tail (down to 1 in 50,000),
since a check of 50 features asks for that: 50 to 20,000 rows a side, also unequal ones, ties and rare bins. The tables are in the tests.
"""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from components.samples import Floats
from components.statistics_rules import ALPHA, Counts

#: Bins of a numeric feature: between the deciles of the reference.
BINS = 10

#: A value with at least this share of the reference's rows has a bin of its own: half a decile.
ATOM = 0.05

#: Small samples have heavier tails than chi-squared: 24 % more at 50 rows, 1 % at 1200. Covers what simulations gave.
_TAIL = 12.0

_BITS = 8 * math.log(2)


def edges(reference: Floats) -> Floats:
    """Upper ends of the bins of a feature, ascending; the last bin is open.

    They are the deciles of the reference. A value that fills half a decile or more (zero, for instance) is a bin alone, and with up to
    10 different values each of them is, so that a shift from one to the next cannot hide between two deciles.

    Args:
        reference: present values, float64 [n]; infinities are values.
    """
    ordered = np.sort(reference)
    n = len(ordered)
    if not n:
        return np.empty(0)
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    if len(starts) <= BINS:
        cuts = alone = ordered[starts]
    else:
        # Values of the reference, not averages of two: infinities cannot be averaged.
        cuts = np.unique(ordered[[math.ceil(n * i / BINS) - 1 for i in range(1, BINS)]])
        count = np.searchsorted(ordered, cuts, "right") - np.searchsorted(ordered, cuts, "left")
        alone = cuts[count >= ATOM * n]
    return np.unique(np.r_[cuts, np.nextafter(alone, -np.inf)])


def bins(values: Floats, upper: Floats) -> npt.NDArray[np.int64]:
    """Bin of each value, 0 to len(upper); missing ones (NaN) are in bin len(upper) + 1."""
    at = np.searchsorted(upper, values, "left")
    at[np.isnan(values)] = len(upper) + 1
    return at


def histogram(values: Floats, upper: Floats, weights: Floats | None = None) -> Floats:
    """Rows per bin, float64 [len(upper) + 2]; the last one counts what is missing (NaN)."""
    return np.bincount(bins(values, upper), weights=weights, minlength=len(upper) + 2).astype(np.float64)


def effective(rows: int, weights: Floats | None) -> float:
    """Rows that weighted ones are worth (L. Kish, Survey Sampling (1965)): (sum w)^2 / sum w^2."""
    if weights is None or not len(weights):
        return float(rows)
    return float(weights.sum() ** 2 / np.sum(weights**2))


def jensen_shannon(before: Floats, after: Floats) -> float:
    """Jensen-Shannon divergence of two histograms in bits, 0 to 1; 0 when either has no rows. TFDV's unit.

    SciPy's and Evidently's is a distance: the square root, in nats. Source: J. Lin, IEEE Transactions on Information Theory 37 (1991).
    """
    if not before.sum() or not after.sum():
        return 0.0
    p, q = before / before.sum(), after / after.sum()
    middle = (p + q) / 2
    bits = sum(float(np.sum(x[x > 0] * np.log2(x[x > 0] / middle[x > 0]))) for x in (p, q))
    return min(1.0, max(0.0, bits / 2))


def jensen_shannon_floor(bins: int, n: float, m: float, comparisons: int = 1, alpha: float = ALPHA) -> float:
    """Noise floor of `jensen_shannon` between n and m rows in so many bins that have any.

    Its second order is chi2_{bins-1} (1/n + 1/m) / (8 ln 2) (F. Topsoe, IEEE Transactions on Information Theory 46 (2000); S. Kullback,
    Information Theory and Statistics (1959), chapter 6), times a small-sample factor.
    """
    if not n or not m:
        return 1.0
    if bins < 2:
        return 0.0
    from scipy.special import chdtri  # Takes a tenth of a second; `retrain check` must not pay for it.

    quantile = float(chdtri(bins - 1, alpha / comparisons))
    return min(1.0, quantile * (1 / n + 1 / m) / _BITS * (1 + _TAIL / min(n, m)))


def largest_change(before: Floats, after: Floats) -> tuple[float, int]:
    """L-infinity distance of two histograms (TFDV's metric for categories), 0 to 1, and the index where it is; (0, -1) without rows."""
    if not before.sum() or not after.sum():
        return 0.0, -1
    change = np.abs(after / after.sum() - before / before.sum())
    at = int(np.argmax(change))
    return float(change[at]), at


def largest_change_floor(
    before: Floats, after: Floats, n: float, m: float, comparisons: int = 1, alpha: float = ALPHA
) -> float:
    """Noise floor of `largest_change` between n and m rows.

    Solves sum over categories of P(change > x) = alpha with the pooled shares, normal changes (the union bound), then adds half a row of
    each side, because counts are whole numbers, and the skewness term of Cornish and Fisher, (z^2 - 1)/6 |1/n - 1/m|: ten rows of 50
    are likelier than the normal distribution has it when the share is known from 20,000.

    Args:
        before: rows per category, possibly weighted; `n` is then their effective number.
    """
    if not n or not m or not before.sum() or not after.sum():
        return 1.0
    from scipy.special import erfc

    pooled = (before * (n / before.sum()) + after * (m / after.sum())) / (n + m)
    deviations = np.sqrt(np.maximum(0.0, pooled * (1 - pooled)) * (1 / n + 1 / m))
    # Two shares sum to 1: their changes are one and the same number.
    deviations = deviations[deviations > 0][: 1 if np.count_nonzero(deviations) == 2 else None]
    if not len(deviations):
        return 0.0
    low, high = 0.0, 1.0
    for _ in range(40):
        x = (low + high) / 2
        beyond = float(np.sum(erfc(x / deviations / math.sqrt(2))))
        low, high = (x, high) if beyond > alpha / comparisons else (low, x)
    z = high / float(deviations.max())
    skew = max(0.0, z * z - 1) / 6 * abs(1 / n - 1 / m)
    return min(1.0, high + skew + (1 / n + 1 / m) / 2)


def even_v(one: Counts, two: Counts) -> float:
    """Cramér's V between two sides and their categories as it would be with equally many rows of each side, 0 to 1.

    V of unequal sides is small whatever differs; this depends on the shares alone. Both sides have rows.
    """
    n, m = sum(one.values()), sum(two.values())
    shares = [(one.get(v, 0) / n, two.get(v, 0) / m) for v in {*one, *two}]
    return math.sqrt(math.fsum((p - q) ** 2 / (p + q) for p, q in shares if p + q) / 2)


def even_v_floor(value: float, v: float, floor: float) -> float:
    """Noise floor of `even_v`, 0 to 1: that of Cramér's V as it is, in the same proportion.

    Args:
        value: `even_v` of the two sides.
        v: their Cramér's V (`statistics_rules.cramers_v`).
        floor: its noise floor (`statistics_rules.cramers_v_floor`).
    """
    return min(1.0, value * floor / v) if v else 1.0


def kolmogorov_smirnov(before: Floats, after: Floats) -> float:
    """Largest distance of the two empirical distribution functions, 0 to 1; NaN is left out, 0 when a side has no value."""
    before, after = np.sort(before[~np.isnan(before)]), np.sort(after[~np.isnan(after)])
    if not len(before) or not len(after):
        return 0.0
    both = np.concatenate([before, after])
    one = np.searchsorted(before, both, "right") / len(before)
    two = np.searchsorted(after, both, "right") / len(after)
    return float(np.max(np.abs(one - two)))


def kolmogorov_smirnov_floor(n: float, m: float, comparisons: int = 1, alpha: float = ALPHA) -> float:
    """Noise floor of `kolmogorov_smirnov`: sqrt(ln(2/alpha)/2 (1/n + 1/m)); with small samples and ties on the safe side.

    Source: the first term of N. V. Smirnov's distribution (Annals of Mathematical Statistics 19 (1948)); the others subtract.
    """
    return min(1.0, math.sqrt(math.log(2 * comparisons / alpha) / 2 * (1 / n + 1 / m))) if n and m else 1.0


def auc(before: Floats, after: Floats) -> float:
    """Chance that a score of `after` is above one of `before`, ties half; 0.5 when a side has none. No NaN."""
    if not len(before) or not len(after):
        return 0.5
    ordered = np.sort(before)
    won = np.searchsorted(ordered, after, "left") + np.searchsorted(ordered, after, "right")
    return float(won.sum()) / (2 * len(before) * len(after))


def auc_floor(n: float, m: float, comparisons: int = 1, alpha: float = ALPHA) -> float:
    """What 2 AUC - 1 of a classifier on rows it did not learn from exceeds by chance, n against m rows, one-sided.

    Normal with the variance of Mann and Whitney, (n + m + 1) / (12 n m) for the AUC (Annals of Mathematical Statistics 18 (1947)). The
    mean over folds varies more, since they learn from common rows: see `checks._domain.SPREAD`.
    """
    if not n or not m:
        return 1.0
    return min(1.0, 2 * NormalDist().inv_cdf(1 - alpha / comparisons) * math.sqrt((n + m + 1) / (12 * n * m)))

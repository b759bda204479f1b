"""Effect sizes and noise floors of the checks: pure functions of counts.

A noise floor is what sampling alone exceeds in 1 of 2000 comparisons (``ALPHA``), at the actual numbers of rows; with
several comparisons in one check, in 1 of 2000 of all of them together (Bonferroni). A check flags only what exceeds both
its limit and the floor, so that a small span does not cry wolf. To block, it must exceed the floor of 1 in 20,000
(``BLOCK_ALPHA``): in a small span everything beyond the noise is beyond the limits too, and a retrain stopped by chance
costs more than a warning. Some twenty checks look at every span, so that on clean data about 1 run in 100 has a warning
and 1 in 1000 is blocked by chance.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import NormalDist

#: Rate of false alarms over everything that one check compares: 1 in 100 over twenty checks.
ALPHA = 0.0005

#: The same for blocks: 1 in 1000 over twenty checks.
BLOCK_ALPHA = 0.00005

Counts = Mapping[str, int]


def cohen_h(before: float, after: float) -> float:
    """Cohen's h, ``2 asin sqrt(after) - 2 asin sqrt(before)``; 0.2 is a small effect, 0.5 a medium one.

    Source: J. Cohen, Statistical Power Analysis for the Behavioral Sciences (1988), section 6.2.
    """
    return 2 * math.asin(math.sqrt(after)) - 2 * math.asin(math.sqrt(before))


def two_proportions_p(x: int, n: int, y: int, m: int) -> float:
    """Two-sided p-value of the pooled z-test for x of n against y of m; 1.0 when either side has no rows.

    Source: NIST/SEMATECH e-Handbook of Statistical Methods, section 7.3.3.
    """
    if not n or not m:
        return 1.0
    deviation = _pooled_deviation(x, n, y, m)
    return math.erfc(abs(y / m - x / n) / deviation / math.sqrt(2)) if deviation else 1.0


def proportions_floor(x: int, n: int, y: int, m: int, comparisons: int = 1, alpha: float = ALPHA) -> float:
    """Noise floor of the difference of two shares: x of n against y of m, two-sided.

    Normal with the pooled share, plus the terms of `_small_sample`.
    """
    z = _two_sided_z(alpha / comparisons)
    deviation = _pooled_deviation(x, n, y, m)
    return min(1.0, z * deviation + _small_sample(z, n, m)) if deviation else 0.0


def more_often_p(x: int, n: int, y: int, m: int) -> float:
    """Chance that at least y of m rows have something that x of n rows have too, if drawn alike; exact.

    The upper tail of the hypergeometric distribution (R. A. Fisher, JRSS 98 (1935)); 1.0 when either side has no rows.
    """
    both, rows = x + y, n + m
    if not n or not m or y <= 0 or y * n <= x * m:
        return 1.0
    first = _log_choose(m, y) + _log_choose(n, both - y) - _log_choose(rows, both)
    term = total = 1.0
    for k in range(y, min(both, m)):
        term *= (m - k) * (both - k) / ((k + 1) * (n - both + k + 1))
        total += term
        if term < 1e-12 * total:
            break
    return min(1.0, math.exp(first) * total)


def at_least_p(count: int, rows: int, share: float) -> float:
    """Chance of at least `count` of `rows` where each has the chance `share`: the upper tail of the binomial distribution."""
    if count <= 0 or share >= 1:
        return 1.0
    if share <= 0 or count > rows:
        return 0.0
    if count <= rows * share:
        return 1.0  # Not above the mean: nobody asks how much below.
    odds = share / (1 - share)
    first = _log_choose(rows, count) + count * math.log(share) + (rows - count) * math.log1p(-share)
    term = total = 1.0
    for k in range(count, rows):
        term *= (rows - k) / (k + 1) * odds
        total += term
        if term < 1e-12 * total:
            break
    return min(1.0, math.exp(first) * total)


def l_infinity(before: Counts, after: Counts) -> float:
    """Largest change of the share of any category, 0 to 1; 0 when either side has no rows. TFDV's L-infinity norm."""
    n, m = sum(before.values()), sum(after.values())
    if not n or not m:
        return 0.0
    return max(abs(after.get(c, 0) / m - before.get(c, 0) / n) for c in {*before, *after})


def l_infinity_floor(before: Counts, after: Counts, comparisons: int = 1, alpha: float = ALPHA) -> float:
    """Noise floor of `l_infinity`, from both row counts and the pooled shares.

    Solves P(all changes < x) = 1 - alpha with normal changes taken as independent, which is on the safe side (Sidak's
    inequality; Z. Sidak, JASA 62 (1967)), plus the terms of `_small_sample`.
    """
    n, m = sum(before.values()), sum(after.values())
    if not n or not m:
        return 1.0
    deviations = sorted(_pooled_deviation(before.get(c, 0), n, after.get(c, 0), m) for c in {*before, *after})
    # Two shares sum to 1: their changes are one and the same number.
    deviations = deviations[:1] if len(deviations) == 2 else [d for d in deviations if d]
    low, high = 0.0, 1.0
    for _ in range(50):
        x = (low + high) / 2
        inside = math.prod(math.erf(x / d / math.sqrt(2)) for d in deviations if d)
        low, high = (x, high) if inside < 1 - alpha / comparisons else (low, x)
    return min(1.0, high + _small_sample(high / max(deviations), n, m)) if any(deviations) else 0.0


def cramers_v(before: Counts, after: Counts) -> float:
    """Cramér's V between side and category, ``sqrt(chi2 / rows)`` for two sides, 0 to 1; rare categories are pooled.

    Categories with an expected count below 5 on either side are taken together (and with the next rarest while still
    below), where the chi-squared approximation would fail (W. G. Cochran, Biometrics 10 (1954)). Source of V: H. Cramér,
    Mathematical Methods of Statistics (1946).
    """
    before, after = _pool_rare(before, after)
    n, m = sum(before.values()), sum(after.values())
    if not n or not m:
        return 0.0
    chi2 = 0.0
    for category in sorted({*before, *after}):
        a, b = before.get(category, 0), after.get(category, 0)
        chi2 += (a * m - b * n) ** 2 / (n * m * (a + b)) if a + b else 0.0
    return math.sqrt(chi2 / (n + m))


def cramers_v_floor(before: Counts, after: Counts, comparisons: int = 1, alpha: float = ALPHA) -> float:
    """Noise floor of `cramers_v`: the chi-squared quantile at its degrees of freedom, over the rows."""
    from scipy.stats import chi2  # Takes half a second; `retrain check` must not pay for it.

    before, after = _pool_rare(before, after)
    rows, freedom = sum(before.values()) + sum(after.values()), len({*before, *after}) - 1
    return min(1.0, math.sqrt(chi2.ppf(1 - alpha / comparisons, freedom) / rows)) if rows and freedom > 0 else 0.0


def one_sided_p(count: int, own: int, other: int) -> float:
    """Chance that all `count` rows of a category are on one side (`own` rows) and none on the other, if drawn alike.

    The hypergeometric probability C(own, count) / C(own + other, count) (Fisher's exact test with an empty cell).
    """
    log = math.lgamma(own + 1) - math.lgamma(own - count + 1)
    log += math.lgamma(own + other - count + 1) - math.lgamma(own + other + 1)
    return math.exp(min(0.0, log))


def unseen_floor(reference: Counts, rows: int, comparisons: int = 1, alpha: float = ALPHA) -> float:
    """Share of `rows` new rows that may fall into categories unseen in `reference`, without any change of the source.

    Good-Turing estimate of the unseen mass, singletons / rows (I. J. Good, Biometrika 40 (1953)), plus its normal
    bound with the variance of W. W. Esty, Annals of Statistics 11 (1983) and the sampling of the new rows. One singleton
    and one pair are added: a reference that shows none may still miss categories.
    """
    n = sum(reference.values())
    if not n or not rows:
        return 1.0
    singles = sum(1 for c in reference.values() if c == 1)
    pairs = sum(1 for c in reference.values() if c == 2)
    mass = (singles + 1) / (n + 1)
    variance = (singles * (1 - singles / n) + 2 * pairs + 3) / n**2 + mass / rows
    return min(1.0, mass + NormalDist().inv_cdf(1 - alpha / comparisons) * math.sqrt(variance))


def count_change_floor(before: float, after: int, alpha: float = ALPHA) -> float:
    """Noise floor of the relative change of a number of rows, both Poisson: ``z sqrt(before + after) / before``."""
    return _two_sided_z(alpha) * math.sqrt(before + after) / before if before else 1.0


def _small_sample(z: float, n: int, m: int) -> float:
    """What the normal quantile of the difference of two shares lacks: half a row of the smaller steps, since counts are
    whole numbers, and the skewness of rare values seen by unequal sides, (z^2 - 1) |1/n - 1/m| / 6.

    Source: E. A. Cornish, R. A. Fisher, Revue de l'Institut International de Statistique 5 (1938), first term.
    """
    if not n or not m:
        return 0.0
    return max(0.0, z * z - 1) / 6 * abs(1 / n - 1 / m) + 0.5 * min(1 / n, 1 / m)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def _two_sided_z(alpha: float) -> float:
    return NormalDist().inv_cdf(1 - alpha / 2)


def _pooled_deviation(x: int, n: int, y: int, m: int) -> float:
    if not n or not m:
        return 0.0
    p = (x + y) / (n + m)
    return math.sqrt(max(0.0, p * (1 - p)) * (1 / n + 1 / m))


def _pool_rare(before: Counts, after: Counts) -> tuple[dict[str, int], dict[str, int]]:
    n, m = sum(before.values()), sum(after.values())
    total = {c: before.get(c, 0) + after.get(c, 0) for c in {*before, *after}}
    rare = {c for c, k in total.items() if n + m and k * min(n, m) < 5 * (n + m)}
    few = sum(total[c] for c in rare)
    if few and few * min(n, m) < 5 * (n + m) and len(rare) < len(total):
        # Still too few: with the rarest of the others.
        rare.add(min((k, c) for c, k in total.items() if c not in rare)[1])
    pooled: list[dict[str, int]] = []
    for counts in (before, after):
        kept = {c: k for c, k in counts.items() if c not in rare}
        pooled.append(kept | ({"\0rare": sum(counts.get(c, 0) for c in rare)} if rare else {}))
    return pooled[0], pooled[1]

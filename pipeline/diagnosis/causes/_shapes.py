"""What became of the distribution of a number: rounded, cut off, mirrored, or exchanged with that of another column."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes._spans import before_and_now, below, chance, distance, span_before
from schemas.evidence import QUANTILES, FeatureEvidence

#: Distances from the noise on, as multiples of it, that are sure.
FAR = 2.0
#: Of a rounded number, so many quantiles and twice as many as before are tied; most lie on whole steps, within a share of one, and within
#: some steps of where they were.
TIED, MOST, WHOLE, NEAR = 6, 0.8, 0.02, 1.25
#: Quantiles 5 % to 95 %: further out, single rows decide.
INNER = range(2, len(QUANTILES) - 2)
#: What a mixture of two columns leaves open, as a share of the change; and how far the shares of both may differ.
OPEN, ALIKE = 0.25, 0.15


def rounded(case: Case, feature: str) -> bool:
    """Whether values lie on few steps now, each near to where it was: fewer digits. A fill takes values from everywhere."""
    both = _quantiles(case, feature)
    if both is None:
        return False
    then, now = both
    tied = sorted({v for v in now if now.count(v) > 1})
    if _ties(now) < TIED or 2 * _ties(then) > _ties(now):
        return False
    values = tied if len(tied) > 1 else sorted(set(now))
    step = min((b - a for a, b in itertools.pairwise(values)), default=0.0)
    if not step:
        return False
    whole = [abs((v - values[0]) / step - round((v - values[0]) / step)) <= WHOLE for v in now]
    near = [abs(now[i] - then[i]) <= NEAR * step for i in INNER]
    return sum(whole) >= MOST * len(whole) and sum(near) >= MOST * len(near)


def _ties(quantiles: Sequence[float]) -> int:
    """Quantiles that have the same value as another one."""
    return sum(quantiles.count(v) > 1 for v in quantiles)


def cut_off_at(case: Case, feature: str) -> float | None:
    """The value at which a feature ends now, where it went further and all beyond have that value: a sensor at its limit. Else None."""
    both, features = _quantiles(case, feature), before_and_now(case, feature)
    if both is None or features is None:
        return None
    then, now = both
    for cap, cut, beyond in ((now[-1], min, then[-1] > now[-1]), (now[0], max, then[0] < now[0])):
        if beyond and now.count(cap) > 1 and distance([cut(q, cap) for q in then], now) <= chance(*features):
            return cap
    return None


def mirrored(then: FeatureEvidence, now: FeatureEvidence) -> bool:
    """Whether a number has the other sign."""
    if not then.quantiles or not now.quantiles:
        return False
    noise = chance(then, now)
    other = [-q for q in reversed(then.quantiles)]
    return distance(other, now.quantiles) <= noise and distance(then.quantiles, now.quantiles) > FAR * noise


def exchanged(case: Case) -> tuple[str, str, float] | None:
    """Two numeric columns that changed places in a share of the rows, and that share; None where no two did.

    Then each one is a mixture of what both were, with the same share, and so are their missing values.
    """
    before = span_before(case)
    names = [n for n in (before.features if before is not None else {}) if _moved(case, n)]
    for a, b in itertools.combinations(names, 2):
        share = _mixed(case, a, b)
        if share is not None:
            return a, b, share
    return None


def _moved(case: Case, feature: str) -> bool:
    both, features = _quantiles(case, feature), before_and_now(case, feature)
    return both is not None and features is not None and distance(*both) > FAR * chance(*features)


def _mixed(case: Case, a: str, b: str) -> float | None:
    one, two = before_and_now(case, a), before_and_now(case, b)
    if one is None or two is None:
        return None
    (old_a, new_a), (old_b, new_b) = one, two
    points = sorted({*(old_a.quantiles or ()), *(old_b.quantiles or ())})
    f, g, f_now, g_now = ([_share(x, v) for v in points] for x in (old_a, old_b, new_a, new_b))
    shares = (_part(f, g, f_now), _part(g, f, g_now))
    if shares[0] is None or shares[1] is None or abs(shares[0] - shares[1]) > ALIKE:
        return None
    return statistics.fmean(s for s in shares if s is not None)


def _share(feature: FeatureEvidence, value: float) -> float:
    """Share of all rows, also of those without one, that have a value up to this one."""
    return below(feature.quantiles or (), value) * feature.present / feature.rows


def _part(own: Sequence[float], other: Sequence[float], now: Sequence[float]) -> float | None:
    """The share of the other column in a mixture; None where it is no mixture of the two."""
    towards = [o - f for f, o in zip(own, other, strict=True)]
    change = [n - f for f, n in zip(own, now, strict=True)]
    size = math.fsum(t * t for t in towards)
    share = math.fsum(t * c for t, c in zip(towards, change, strict=True)) / size if size else 0.0
    left = math.fsum(abs(c - share * t) for t, c in zip(towards, change, strict=True))
    return min(1.0, share) if 0 < share < 1.2 and left <= OPEN * math.fsum(map(abs, change)) else None


def _quantiles(case: Case, feature: str) -> tuple[list[float], list[float]] | None:
    both = before_and_now(case, feature)
    if both is None or not both[0].quantiles or not both[1].quantiles:
        return None
    return both[0].quantiles, both[1].quantiles

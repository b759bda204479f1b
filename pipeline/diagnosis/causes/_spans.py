"""The span before, to hold the newest one against."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence

from pipeline.diagnosis.case import Case
from schemas.evidence import QUANTILES, FeatureEvidence, SpanEvidence

LOWER, MIDDLE, UPPER = (QUANTILES.index(q) for q in (0.25, 0.5, 0.75))

#: Shares of categories move by this much from span to span.
SAME = 0.02
#: The limit of Kolmogorov and Smirnov at 0.1 %, as a multiple of that at 5 %.
RARELY = 1.949 / 1.358
#: Ends of a run of equal quantiles, as shares of the rows, are known to this.
PLACE = 0.05


def span_before(case: Case) -> SpanEvidence | None:
    """The span before: of the run's own window, else the newest of the reference."""
    evidence = case.run.data
    if evidence is not None and len(evidence.spans) > 1:
        return evidence.spans[-2]
    if case.reference is not None and case.reference.data is not None and not case.same_data:
        return case.reference.data.newest
    return None


def before_and_now(case: Case, feature: str) -> tuple[FeatureEvidence, FeatureEvidence] | None:
    """A feature in the span before and in the newest one; None where one of them lacks it or has no rows."""
    before = span_before(case)
    then = before.features.get(feature) if before is not None else None
    now = case.run.data.newest.features.get(feature) if case.run.data is not None else None
    return (then, now) if then is not None and now is not None and then.rows and now.rows else None


def bulk_moved(case: Case, feature: str) -> bool:
    """Whether the median of a numeric feature lies outside of the middle half of the span before: most values moved, not a few."""
    both = before_and_now(case, feature)
    if both is None or not both[0].quantiles or not both[1].quantiles:
        return False
    return not both[0].quantiles[LOWER] <= both[1].quantiles[MIDDLE] <= both[0].quantiles[UPPER]


def moved(case: Case, feature: str) -> bool:
    """Whether a feature has another distribution than in the span before, whatever the labels; where that is not known, yes.

    The largest difference of two cumulative distributions, or of a category's shares, against what chance makes of it in one of
    1,000 pairs (Kolmogorov and Smirnov; for categories that is on the safe side): of many features, one is beyond 5 % in any span.
    """
    both = before_and_now(case, feature)
    if both is None:
        return True
    then, now = both
    limit = RARELY * chance(then, now)
    if then.values and now.values:
        return max(map(abs, _changes(then, now).values())) > limit
    if then.quantiles and now.quantiles:
        return distance(then.quantiles, now.quantiles) > limit
    return True


def chance(then: FeatureEvidence, now: FeatureEvidence) -> float:
    """What the largest difference of two cumulative distributions exceeds by chance in 5 % of pairs (Kolmogorov and Smirnov)."""
    return 1.358 * math.sqrt(1 / max(1, then.present) + 1 / max(1, now.present))


def distance(then: Sequence[float], now: Sequence[float]) -> float:
    """Largest difference of two cumulative distributions that are known at `QUANTILES`: as much of it as these prove."""
    points = sorted({*then, *now})
    pairs = [(*_between(then, v), *_between(now, v)) for v in points]
    return max(0.0, *(max(c - b, a - d) for a, b, c, d in pairs))


def _between(quantiles: Sequence[float], value: float) -> tuple[float, float]:
    """The least and the largest share of the values up to one. Where values are tied, a step may end anywhere before the next quantile."""
    exact = below(quantiles, value)
    if value not in quantiles or len(set(quantiles)) == len(quantiles):
        return exact, exact
    after = bisect.bisect_right(quantiles, value)
    return exact, QUANTILES[after] if after < len(quantiles) else 1.0


def below(quantiles: Sequence[float], value: float) -> float:
    """Share of the values up to one, on straight lines between quantiles."""
    if value < quantiles[0]:
        return 0.0
    i = bisect.bisect_right(quantiles, value) - 1
    if i >= len(quantiles) - 1:
        return 1.0
    part = (value - quantiles[i]) / (quantiles[i + 1] - quantiles[i])
    return QUANTILES[i] + part * (QUANTILES[i + 1] - QUANTILES[i])


def cut_off(case: Case) -> bool:
    """Whether more than half of the rows were lost whatever their label.

    That is, of every class; or most classes as a whole, as where a file that is sorted by them was cut off.
    """
    before = span_before(case)
    if before is None or case.run.data is None:
        return False
    then, now = before.label_counts, case.run.data.newest.label_counts
    fewer = [label for label, n in then.items() if 2 * now.get(label, 0) < n]
    gone = [label for label in then if not now.get(label)]
    half = 2 * sum(now.values()) < sum(then.values())
    return bool(then) and half and (len(fewer) == len(then) or 2 * len(gone) > len(then))


def renamed(case: Case, feature: str) -> bool:
    """Whether one category took the rows of one other, and all others kept theirs: another name. A fill takes some of every category.

    Shares may differ by `SAME`, or by the size of three standard errors of a share. Of numbers, one that was frequent is written otherwise.
    """
    both = before_and_now(case, feature)
    if both is not None and both[0].quantiles and both[1].quantiles:
        return _recoded(both[0].quantiles, both[1].quantiles)
    if both is None or not both[0].values or not both[1].values:
        return False
    then, now = both
    change = _changes(then, now)
    near = max(SAME, 1.5 * math.sqrt(1 / then.rows + 1 / now.rows))
    up, down = max(change, key=lambda n: change[n]), min(change, key=lambda n: change[n])
    rest = [abs(v) for n, v in change.items() if n not in (up, down)]
    gaps = abs(now.missing / now.rows - then.missing / then.rows)
    return len(change) > 2 and change[up] > near and max([abs(change[up] + change[down]), gaps, *rest]) <= near


def _recoded(then: Sequence[float], now: Sequence[float]) -> bool:
    """Whether the most frequent value, as far as quantiles show it, is another one, in the same place of the order."""
    old, new = _tie(then), _tie(now)
    if old is None or new is None or then[old[0]] == now[new[0]]:
        return False
    return all(abs(QUANTILES[a] - QUANTILES[b]) <= PLACE for a, b in zip(old, new, strict=True))


def _tie(quantiles: Sequence[float]) -> tuple[int, int] | None:
    """Index of the first and of the last of the quantiles that share a value, of the value with the largest share; None without any."""
    ends = {v: (quantiles.index(v), len(quantiles) - 1 - quantiles[::-1].index(v)) for v in quantiles}
    first, last = max(ends.values(), key=lambda e: QUANTILES[e[1]] - QUANTILES[e[0]])
    return (first, last) if last > first else None


def _changes(then: FeatureEvidence, now: FeatureEvidence) -> dict[str, float]:
    """Category -> change of its share of the rows."""
    before, after = then.values or {}, now.values or {}
    return {n: after.get(n, 0) / now.rows - before.get(n, 0) / then.rows for n in before.keys() | after.keys()}

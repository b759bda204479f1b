"""How far the values of a feature lie outside of the reference's: what `outliers` judges."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from components import statistics_rules as rules
from components.checks import _values as by_value
from components.samples import Floats, Mask

#: Fences are this many interquartile ranges away from the quartiles ("far out": J. W. Tukey, Exploratory Data Analysis (1977)).
FENCE = 3.0
#: A gross outlier is beyond the former range by that range's width, or by this many interquartile ranges where that is less.
GROSS = 10.0
#: Fewer gross outliers are single wrong entries. Infinite ones count from the first.
LEAST = 3
#: The fences were estimated from the reference: its own share says as much as half as many rows would.
FENCE_ROWS = 0.5


@dataclass(frozen=True)
class Far:
    """How many values of a feature are far out: beyond the fences, and gross.

    Attributes:
        rows: present values of the span.
        count: those beyond the fences.
        before: the reference's own share beyond them, 0 to 1, with the weights of its labels.
        rows_before: its finite values.
        gross: values beyond its range by far.
        distances: of those from its median, farthest first.
        former: of its own values.
        chance: that so many are beyond the fences.
        unseen: chance that the reference has no gross ones, if drawn alike.
        weight: the largest weight of a row of the reference.
        far, wild: which rows are beyond the fences, and gross.
    """

    rows: int
    count: int
    before: float
    rows_before: int
    gross: int
    distances: Floats
    former: Floats
    chance: float
    unseen: float
    weight: float
    far: Mask
    wild: Mask

    @property
    def excess(self) -> float:
        """Share beyond the fences that the reference does not have itself; not below 0."""
        return max(0.0, self.count / self.rows - self.before)

    def gross_chance(self, limit: float | None) -> float:
        """Chance that more than `limit` of the rows are as far out as they are, by the former tail; 1 when they are not."""
        least = 1 if len(self.distances) and np.isinf(self.distances[0]) else LEAST
        wanted = max(least, math.floor((1.0 if limit is None else limit) * self.rows + 1e-6) + 1)
        if limit is None or self.gross < wanted:
            return 1.0
        return tail_chance(self.former, float(self.distances[wanted - 1]), wanted, self.weight * self.rows)


def far_out(both: by_value.Sides, name: str) -> Far | None:
    """How many values of a feature are far out; None when a side has none, or the reference only one value."""
    now, then = both.now.numeric[name], both.then.numeric[name]
    there, here = np.isfinite(then), ~np.isnan(now)
    if not there.any() or not here.any():
        return None
    old = np.sort(then[there])
    first, middle, third = (float(old[math.ceil(q * len(old)) - 1]) for q in (0.25, 0.5, 0.75))
    low, high, spread = float(old[0]), float(old[-1]), third - first
    if low == high:
        return None
    scale = np.count_nonzero(np.diff(old)) < by_value.FEW
    width = (max if scale or not spread else min)(high - low, GROSS * spread)
    known = np.isinf(then).any()  # Infinities that the reference has too are no outliers.
    wild = here & ((now < low - width) | (now > high + width)) & ~(known & np.isinf(now))
    far, before, chance, n = np.zeros(len(now), bool), 0.0, 1.0, both.effective(there)
    if spread and not scale:
        fences = first - FENCE * spread, third + FENCE * spread
        far, out = (~np.isnan(v) & ((v < fences[0]) | (v > fences[1])) for v in (now, then))
        before, n = both.share(out, ~np.isnan(then)), max(1, int(FENCE_ROWS * n))
        chance = rules.more_often_p(math.ceil(before * n), n, int(far.sum()), int(here.sum()))
    return Far(
        rows=int(here.sum()),
        count=int(far.sum()),
        before=before,
        rows_before=int(there.sum()),
        gross=int(wild.sum()),
        distances=np.sort(np.abs(now[wild] - middle))[::-1],
        former=np.abs(old - middle),
        chance=chance,
        unseen=rules.more_often_p(0, both.effective(there), int(wild.sum()), int(here.sum())),
        weight=float(both.weights.max()),
        far=far,
        wild=wild,
    )


def tail_chance(former: Floats, distance: float, count: int, rows: float) -> float:
    """Chance that `count` of `rows` new values are at least that far from the middle, if the former tail goes on as a power.

    Of a tail with index a, values t times as far as the farthest of n are expected E m / n t^-a times among m, where E is
    exponential with mean 1; so at least j with (r / (1 + r))^j, r = m / n t^-a. The index is Hill's estimate (B. M. Hill,
    Annals of Statistics 3 (1975)) from the sqrt(n) farthest, less two standard errors; lighter tails are on the safe side.
    """
    ordered = np.sort(former)[::-1]
    k = math.isqrt(len(ordered))
    if k < 5 or distance <= ordered[0] or ordered[k] <= 0:
        return 1.0
    if math.isinf(distance):
        return 0.0
    mean = float(np.mean(np.log(ordered[:k] / ordered[k])))
    index = (1 - 2 / math.sqrt(k)) / mean if mean else math.inf
    ratio = rows / len(ordered) * float(distance / ordered[0]) ** -index
    return float((ratio / (1 + ratio)) ** count)

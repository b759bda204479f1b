"""What the drift checks share: label first, distances of single features with their noise floors, words for both."""

from __future__ import annotations

import collections
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components import drift_rules as drift
from components.checks import _common as common
from components.interfaces import DataContext
from components.samples import Floats, Objects, Sample
from components.statistics_rules import ALPHA, BLOCK_ALPHA
from schemas.findings import Severity

Ints = npt.NDArray[np.int64]

#: A class is looked at on its own from so many rows a side on; with fewer, only gross changes exceed the noise.
CLASS_ROWS = 100
#: More classes than this are not looked at one by one, but together.
CLASSES = 20
#: Labels count as moved from 1 in 100 by chance: looking at each class when they did not move costs little.
MOVED = 0.01
#: How a missing value is called where it counts as a category.
MISSING = "no value"


@dataclass(frozen=True, eq=False)
class Part:
    """Rows to compare: all of them, or those of some classes.

    Attributes:
        label: the class it is about; None for all rows, or for several classes together.
        before: indices of rows of the reference; None for all.
        after: indices of rows of the span; None for all.
        weights: of the reference's rows, so that its label shares are those of the span; None for equal ones.
    """

    label: str | None = None
    before: Ints | None = None
    after: Ints | None = None
    weights: Floats | None = None


def parts(before: Sample, after: Sample) -> list[Part]:
    """What to compare so that another mix of labels is not taken for another distribution of the features.

    All rows, where the label shares did not move beyond the noise. Otherwise each class with `CLASS_ROWS` a side, and the other classes
    together, with the reference weighted to the span's label shares. Empty when the two have no label value in common.
    """
    code, of_before, of_after = _codes(before.labels, after.labels)
    n, m = (np.bincount(x, minlength=len(code)).astype(np.float64) for x in (of_before, of_after))
    if not _moved(n, m):
        return [Part()]
    large = [c for c in np.argsort(-(n + m), kind="stable") if min(n[c], m[c]) >= CLASS_ROWS][:CLASSES]
    found = [Part(code[c], np.flatnonzero(of_before == c), np.flatnonzero(of_after == c)) for c in sorted(large)]
    rest = np.minimum(n, m) > 0
    rest[large] = False
    one, two = np.flatnonzero(rest[of_before]), np.flatnonzero(rest[of_after])
    if min(len(one), len(two)) >= (CLASS_ROWS if large else 1):
        found.append(Part(None, one, two, (m / np.maximum(n, 1))[of_before[one]]))
    return found


def _moved(before: Floats, after: Floats) -> bool:
    """Whether label shares moved beyond the noise: one of them (L-infinity), or all a little (Jensen-Shannon)."""
    n, m = float(before.sum()), float(after.sum())
    one = drift.largest_change(before, after)[0] > drift.largest_change_floor(before, after, n, m, alpha=MOVED)
    return one or drift.jensen_shannon(before, after) > drift.jensen_shannon_floor(len(before), n, m, alpha=MOVED)


def _codes(*labels: Objects) -> tuple[list[str], Ints, Ints]:
    values = sorted({v for side in labels for v in side.tolist()})
    number = {v: i for i, v in enumerate(values)}
    one, two = (np.fromiter((number[v] for v in side.tolist()), np.int64, len(side)) for side in labels)
    return values, one, two


@dataclass(frozen=True, eq=False)
class Distance:
    """How far a feature is from where it was, in one part.

    Attributes:
        part: what was compared.
        value: Jensen-Shannon divergence in bits, or L-infinity.
        noise: what chance exceeds at the rate `ALPHA`, over all that the check compares.
        sure: the same at the rate `BLOCK_ALPHA`.
        rows: rows that were compared.
        rows_before: the same of the reference.
        category: where the largest change is, if it is about categories.
        share: its share now, 0 to 1; of a numeric feature, that of missing values.
        share_before: its share in the reference.
    """

    part: Part
    value: float
    noise: float
    sure: float
    rows: int
    rows_before: int
    share: float = 0.0
    share_before: float = 0.0
    category: str = ""

    def level(self, warn: float | None, block: float | None) -> Severity:
        """Severity with these limits; the noise must be exceeded too."""
        blocks = common.above(self.value, block) and common.above(self.value, self.sure)
        warns = any(common.above(self.value, x) for x in (warn, block)) and common.above(self.value, self.noise)
        return common.severity(blocks, warns)

    def among(self, context: DataContext) -> str:
        """In words which rows were compared; empty for all."""
        if self.part.label is not None:
            return f" among rows with {context.window.label}={self.part.label}"
        return " (label shares made equal)" if self.part.weights is not None else ""

    def observed(self) -> dict[str, float | int | str | None]:
        """The numbers of it, for `Finding.observed`."""
        return {"rows": self.rows, "rows_before": self.rows_before, "label": self.part.label}


def numeric(before: Floats, after: Floats, part: Part, comparisons: int) -> Distance:
    """Jensen-Shannon divergence of a numeric feature, on the reference's deciles and a bin for missing values."""
    before, after = pick(before, part.before), pick(after, part.after)
    upper = drift.edges(before[~np.isnan(before)])
    one, two = drift.histogram(before, upper, part.weights), drift.histogram(after, upper)
    n, m, bins = _effective(len(before), part.weights), len(after), int(np.count_nonzero(one + two))
    noise, sure = (drift.jensen_shannon_floor(bins, n, m, comparisons, a) for a in (ALPHA, BLOCK_ALPHA))
    gone, gone_before = (float(x[-1] / x.sum()) if x.sum() else 0.0 for x in (two, one))
    return Distance(part, drift.jensen_shannon(one, two), noise, sure, m, len(before), gone, gone_before)


def category(before: Objects, after: Objects, part: Part, comparisons: int, with_missing: bool = False) -> Distance:
    """Largest change of the share of any category.

    Args:
        with_missing: whether a missing value is a category; otherwise such rows are left out.
    """
    before, after, weights = pick(before, part.before), pick(after, part.after), part.weights
    if weights is not None:
        there = np.array([v is not None for v in before.tolist()], bool)
        weights = weights if with_missing else weights[there]
        before = before if with_missing else before[there]
    then, now = (collections.Counter(x.tolist()) for x in (before, after))
    names = [c for c in {**then, **now} if with_missing or c is not None]
    names.sort(key=lambda c: (c is None, c or ""))
    two = np.array([now[c] for c in names], np.float64)
    one = np.array([then[c] for c in names], np.float64)
    rows_before, rows = int(one.sum()), int(two.sum())
    if weights is not None:
        number = {c: i for i, c in enumerate(names)}
        at = np.fromiter((number[c] for c in before.tolist()), np.int64, len(before))
        one = np.bincount(at, weights=weights, minlength=len(names)).astype(np.float64)
    value, most = drift.largest_change(one, two)
    n = _effective(rows_before, weights)
    noise, sure = (drift.largest_change_floor(one, two, n, rows, comparisons, a) for a in (ALPHA, BLOCK_ALPHA))
    if most < 0:
        return Distance(part, 0.0, 1.0, 1.0, rows, rows_before)
    shares = float(two[most] / two.sum()), float(one[most] / one.sum())
    named = names[most]
    return Distance(part, value, noise, sure, rows, rows_before, *shares, category=MISSING if named is None else named)


def pick(values: npt.NDArray, chosen: Ints | None) -> npt.NDArray:
    """Some of the values; all without a choice."""
    return values if chosen is None else values[chosen]


def _effective(rows: int, weights: Floats | None) -> float:
    """Rows that weighted ones are worth (L. Kish, Survey Sampling (1965)): (sum w)^2 / sum w^2."""
    if weights is None or not len(weights):
        return float(rows)
    return float(weights.sum() ** 2 / np.sum(weights**2))


def worst(distances: Sequence[Distance], warn: float | None, block: float | None) -> Distance:
    """The one with the worst severity, then the furthest beyond its noise."""
    return max(distances, key=lambda d: (d.level(warn, block).rank, d.value - d.noise))


def limits(
    context: DataContext, code: str, subject: str, warn: float | None, block: float | None
) -> tuple[float | None, float | None]:
    """Limits of both levels, that of `warn` adapted to the spans before."""
    return common.adapted(context, code, subject, warn, math.inf if block is None else block), block


def shared(before: Sample, after: Sample) -> tuple[list[str], list[str]]:
    """Numeric and categorical features that both samples have, sorted."""
    return sorted({*before.numeric} & {*after.numeric}), sorted({*before.categorical} & {*after.categorical})


def direction(before: Floats, after: Floats, pair: str = "an old and a new row") -> str:
    """Where numbers went, in words without any of the values; `pair` is how a pair of rows is called."""
    higher = drift.auc(before[~np.isnan(before)], after[~np.isnan(after)])
    if abs(higher - 0.5) < 0.02:
        return "spread otherwise"
    chance = max(higher, 1 - higher)
    return f"{'higher' if higher > 0.5 else 'lower'}, in {common.percent(chance)} of pairs of {pair}"


def missing(distance: Distance, here: str, there: str) -> str:
    """The share of missing values of a numeric feature, where it is part of the change."""
    if abs(distance.share - distance.share_before) < 0.01:
        return ""
    return f"; {common.percent(distance.share)} are missing{here}, {common.percent(distance.share_before)} {there}"

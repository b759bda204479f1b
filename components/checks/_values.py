"""What checks on single values share: two samples made comparable, known stand-ins for missing values, and effective numbers of rows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from components import statistics_rules as rules
from components.checks import _common as common
from components.interfaces import DataContext
from components.samples import Floats, Mask, Sample

#: Texts that stand for a missing value, in lower case.
WORDS = frozenset({"", "unknown", "n/a", "na", "nan", "null", "none", "nil", "missing", "?", "-", "--"})

#: Numbers that stand for a missing value. 0 is one only where the other values keep away from it.
CODES = (0.0, -1.0, -9.0, -99.0, -999.0, -9999.0, 999.0, 9999.0, 99999.0)

#: Days that stand for a missing date: the zeros of Unix and of spreadsheets.
DAYS = ("1970-01-01", "1900-01-01")

#: A feature with no more different values than this is a scale or a code: a share that moves there is drift, no fill.
FEW = 10

#: Label shares count as moved from this chance on: adjusting for a move that was none costs little.
MOVED = 0.05

#: Fewer reference rows of a label cannot stand for it.
LEAST_OF_LABEL = 20


@dataclass(frozen=True, eq=False)
class Sides:
    """Two samples to compare.

    Attributes:
        now: rows of the span under examination.
        then: rows of the reference.
        weights: of the rows of `then`, mean 1: with them its labels have the shares that they have now.
        adjusted: whether the label shares moved, so that the weights are not all 1.
    """

    now: Sample
    then: Sample
    weights: Floats
    adjusted: bool = False

    def share(self, chosen: Mask, among: Mask) -> float:
        """Weighted share of the chosen rows of `then`, 0 to 1; 0 without rows."""
        whole = float(self.weights[among].sum())
        return float(self.weights[chosen & among].sum()) / whole if whole else 0.0

    def effective(self, among: Mask) -> int:
        """Rows without weights that would say as much (L. Kish, Survey Sampling (1965), section 11.7)."""
        own = self.weights[among]
        return math.floor(own.sum() ** 2 / np.square(own).sum() + common.ROUNDING) if len(own) else 0


def sides(context: DataContext) -> Sides | None:
    """The samples of the span and its reference; None unless both have rows.

    Where the label shares moved, the reference is weighted to the new ones, and labels that either side hardly has are left
    out: else a shift of the labels would be reported again for every feature that depends on them.
    """
    now, then = context.sample, context.reference_sample
    if now is None or then is None or not len(now) or not len(then):
        return None
    of_now, of_then = (dict(zip(*_counted(s), strict=True)) for s in (now, then))
    if rules.cramers_v(of_then, of_now) <= rules.cramers_v_floor(of_then, of_now, alpha=MOVED):
        return Sides(now, then, np.ones(len(then)))
    kept = sorted(v for v, n in of_then.items() if n >= LEAST_OF_LABEL and of_now.get(v))
    if not kept:
        return Sides(now, then, np.ones(len(then)))
    now, then = (s.take(np.isin(s.labels.astype(str), kept)) for s in (now, then))
    rate = {v: of_now[v] / len(now) * len(then) / of_then[v] for v in kept}
    return Sides(now, then, np.array([rate[v] for v in then.labels.tolist()]), adjusted=True)


def _counted(sample: Sample) -> tuple[list[str], list[int]]:
    values, counts = np.unique(sample.labels.astype(str), return_counts=True)
    return values.tolist(), counts.tolist()


def why_none(context: DataContext) -> str:
    """Why `sides` has nothing, or no feature, in words."""
    if context.reference is None:
        return common.why_no_reference(context)
    return "there are not two samples with values of the same features"


def is_word(value: str) -> bool:
    """Whether a text stands for a missing value."""
    return value.strip().lower() in WORDS


def codes_among(values: set[str], others: set[str]) -> set[str]:
    """Categories that are numbers and stand for none: -9, say, where most categories are numbers and no other is negative."""
    codes = {v: n for v in values if (n := number_of(v)) in CODES and n}
    if not codes:
        return set()
    rest = [n for n in map(number_of, others) if n is not None and n not in CODES]
    if not rest or 2 * len(rest) < len(others):
        return set()
    low, high = min(rest), max(rest)
    return {v for v, n in codes.items() if (low >= 0 if n < 0 else n > 2 * high or n < low / 2)}


def number_of(value: str) -> float | None:
    """The number that a text is; None when it is none."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def rows_of(context: DataContext, sample: Sample, chosen: Mask) -> list[str]:
    """Places of the chosen rows of a sample."""
    if not len(sample.files):
        return []
    return common.places(context, sample.files[chosen].tolist(), sample.rows[chosen].tolist())

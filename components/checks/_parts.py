"""Label first: which rows are compared, so that another mix of labels is not taken for another distribution of a feature."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components import drift_rules as drift
from components.samples import Floats, Mask, Objects, Sample

Ints = npt.NDArray[np.int64]

#: A class is looked at on its own from so many rows a side on; with fewer, only gross changes exceed the noise.
CLASS_ROWS = 100
#: More classes than this are not looked at one by one, but together.
CLASSES = 20
#: Labels count as moved from 1 in 100 by chance: looking at each class when they did not move costs little.
MOVED = 0.01
#: How a missing value is called where it counts as a category.
MISSING = "no value"
_NONE = np.array(None, object)


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


@dataclass(frozen=True, eq=False)
class Labels:
    """Label values of both samples, sorted, and the number of that of each row."""

    values: list[str]
    before: Ints
    after: Ints

    @classmethod
    def of(cls, before: Sample, after: Sample) -> Labels:
        """The labels of two samples."""
        return cls(*codes(before.labels, after.labels))


def parts(labels: Labels, before: Mask, after: Mask) -> list[Part]:
    """What to compare of a feature among the rows that have a value of it.

    All of them, where their label shares did not move beyond the noise. Otherwise each class with `CLASS_ROWS` a side, and the other
    classes together, with the reference weighted to the span's label shares. Labels move here also when values are lost in one class
    only: what is left is another mix of the classes.

    Args:
        before: which rows of the reference have a value, bool [n].
        after: the same of the span.

    Returns:
        Nothing when the two sides have no label value in common.
    """
    one, two = np.flatnonzero(before), np.flatnonzero(after)
    of_one, of_two = labels.before[one], labels.after[two]
    n, m = (np.bincount(x, minlength=len(labels.values)).astype(np.float64) for x in (of_one, of_two))
    both = np.minimum(n, m)
    if not both.any():
        return []
    if not _moved(n, m):
        return [Part(None, one, two)]
    large = [c for c in np.argsort(-(n + m), kind="stable") if both[c] >= CLASS_ROWS][:CLASSES]
    found = [Part(labels.values[c], one[of_one == c], two[of_two == c]) for c in sorted(large)]
    rest = both > 0
    rest[large] = False
    few_one, few_two = rest[of_one], rest[of_two]
    if min(few_one.sum(), few_two.sum()) >= (CLASS_ROWS if large else 1):
        found.append(Part(None, one[few_one], two[few_two], (m / np.maximum(n, 1))[of_one[few_one]]))
    return found


def _moved(before: Floats, after: Floats) -> bool:
    """Whether label shares moved beyond the noise: one of them (L-infinity), or all a little (Jensen-Shannon)."""
    n, m, bins = float(before.sum()), float(after.sum()), int(np.count_nonzero(before + after))
    one = drift.largest_change(before, after)[0] > drift.largest_change_floor(before, after, n, m, alpha=MOVED)
    return one or drift.jensen_shannon(before, after) > drift.jensen_shannon_floor(bins, n, m, alpha=MOVED)


def codes(*sides: Objects) -> tuple[list[str], Ints, Ints]:
    """The different values of two columns, sorted, and the number of the value of each row; None is the last one."""
    numbers: dict[str | None, int] = {}
    one, two = (np.fromiter((numbers.setdefault(v, len(numbers)) for v in s.tolist()), np.int64, len(s)) for s in sides)
    values = sorted(numbers, key=lambda v: (v is None, v or ""))
    rank = np.empty(len(values), np.int64)
    rank[[numbers[v] for v in values]] = np.arange(len(values))
    return [MISSING if v is None else v for v in values], rank[one], rank[two]


def present(values: npt.NDArray) -> Mask:
    """Which values there are: neither NaN nor None."""
    found: Mask = ~np.isnan(values) if values.dtype.kind == "f" else np.not_equal(values, _NONE).astype(bool)
    return found

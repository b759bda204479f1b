"""Which split a row belongs to: a pure function of the row (or its group, or its time) and of bounds that are fixed once.

By content: a row's fingerprint gives a number u in [0, 1); u below the first bound is train, below the second eval, else test.
The bounds are the configured shares. With `stratify`, every label has bounds of its own, set on the first run where that
label's rows really have the shares asked for, and then kept in the workspace: so each class is split as configured also when
it is rare, and a row keeps its split in every later span, whatever comes with it.
A registered test row stays in test when the shares change (`frozen`).
By group: the same with the group's fingerprint and the plain shares, so that all rows of an entity share a split.
By time: bounds are times, the latest rows are test. They move forward with the data: a row may leave test for train in a later
span, but no model is ever tested on a row older than one it was trained on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from pydantic import BaseModel, ConfigDict

from schemas.config import Split


class SplitBounds(BaseModel):
    """Where the splits begin.

    Attributes:
        default: u at which eval and test begin, for labels that have no bounds of their own.
        labels: label value -> u at which eval and test begin (stratified).
        times: times at which eval and test begin (`by_time`), in the column's unit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    default: tuple[float, float]
    labels: dict[str, tuple[float, float]] = {}
    times: tuple[float, float] | None = None


def plain_bounds(split: Split) -> SplitBounds:
    """Bounds at the configured shares."""
    return SplitBounds(default=(split.train, split.train + split.eval))


def _cut(ordered: npt.NDArray[np.float64], share: float) -> float:
    """A bound with `share` of the values below it; half-way between two neighbours, so rounding cannot move a row."""
    n = math.floor(share * len(ordered) + 0.5)
    low = ordered[n - 1] if n > 0 else 0.0
    high = ordered[n] if n < len(ordered) else 1.0
    return float((low + high) / 2)


def stratified_bounds(split: Split, labels: Mapping[str, npt.NDArray[np.float64]]) -> SplitBounds:
    """Bounds per label at which its *distinct* rows are split by the configured shares, to the nearest row.

    A label with at least three distinct rows gets at least one in every split. One with fewer has the plain bounds.

    Args:
        split: the shares.
        labels: label value -> u of its rows, any order, repeated rows included.
    """
    bounds = {}
    for label, values in sorted(labels.items()):
        ordered = np.unique(values)
        n = len(ordered)
        if n >= 3:
            train = min(max(math.floor(split.train * n + 0.5), 1), n - 2) / n
            test = min(max(math.floor(split.test * n + 0.5), 1), n - 1 - round(train * n)) / n
            bounds[label] = (_cut(ordered, train), _cut(ordered, 1 - test))
    return SplitBounds(default=plain_bounds(split).default, labels=bounds)


def time_bounds(split: Split, times: npt.NDArray[np.float64]) -> SplitBounds:
    """Bounds at the times below which the configured shares of rows lie. Rows of one time stay together."""
    ordered = np.sort(times)
    at = [
        ordered[min(math.floor(share * len(ordered) + 0.5), len(ordered) - 1)]
        for share in (split.train, split.train + split.eval)
    ]
    return SplitBounds(default=plain_bounds(split).default, times=(float(at[0]), float(at[1])))


def assign(bounds: SplitBounds, position: npt.NDArray[np.float64], labels: list[str]) -> npt.NDArray[np.int8]:
    """Split of each row, as an index into `schemas.evidence.SPLITS`.

    Args:
        position: u, or the time with `by_time`; float64 of shape [rows]. NaN (a missing time) goes to train.
        labels: label value of each row.
    """
    if bounds.times is not None:
        first, second = (np.full(len(position), t) for t in bounds.times)
    else:
        table = {v: bounds.labels.get(v, bounds.default) for v in set(labels)}
        both = np.array([table[v] for v in labels], dtype=np.float64).reshape(-1, 2)
        first, second = both[:, 0], both[:, 1]
    return ((position >= first).astype(np.int8) + (position >= second).astype(np.int8)).astype(np.int8)

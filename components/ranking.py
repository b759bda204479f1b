"""Areas under curves of one score against one class, for many row weightings at once, in whole numbers.

Rows are sorted once; each weighting then costs two running sums. All sums are of integers, so results do not depend on
the order of rows, the number of threads or the processor.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.integer[Any]]
Floats = NDArray[np.float64]

#: Precision is kept to 2**-36 in sums: exact to 1e-11, and no overflow below 10**8 rows.
SCALE = 2**36


@dataclass(frozen=True)
class Areas:
    """One number per weighting; NaN where it has no row of the class, or no other row.

    Attributes:
        auc: area under the ROC curve, ties count half.
        average_precision: sum over the thresholds of precision times gained recall.
    """

    auc: Floats
    average_precision: Floats


class Ranking:
    """Rows in the order of their scores, equal scores taken together.

    Args:
        scores: [n] score of each row; higher means likelier of the class. Must be finite.
        positive: [n] whether the row is of the class.
    """

    def __init__(self, scores: Floats, positive: NDArray[np.bool_]):
        self._order = np.argsort(scores, kind="stable")
        ordered = scores[self._order]
        self._positive = positive[self._order].astype(np.int32)
        self._starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(scores) else self._order
        # Only thresholds with rows of the class add to either area.
        self._steps = np.flatnonzero(np.add.reduceat(self._positive, self._starts)) if len(scores) else self._order

    def areas(self, weights: Integers) -> Areas:
        """Both areas for each row of `weights`, [m, n] non-negative integers."""
        if not len(self._order):
            nothing = np.full(len(weights), np.nan)
            return Areas(nothing, nothing)
        ordered = weights.astype(np.int32, copy=False).take(self._order, axis=1)
        positive = self._by_score(ordered * self._positive)
        negative = self._by_score(ordered) - positive
        positive_to, negative_to = (np.cumsum(x, axis=1, dtype=np.int32) for x in (positive, negative))
        positives, negatives = (x[:, -1].astype(np.int64) for x in (positive_to, negative_to))
        at, other = positive[:, self._steps].astype(np.int64), negative[:, self._steps]
        won_twice = np.einsum("ij,ij->i", at, 2 * negative_to[:, self._steps].astype(np.int64) - other)
        hits = positives[:, None] - positive_to[:, self._steps] + at
        all_above = hits + negatives[:, None] - negative_to[:, self._steps] + other
        precision = np.rint(hits * (SCALE / np.maximum(all_above, 1))).astype(np.int64)
        with np.errstate(divide="ignore", invalid="ignore"):
            auc = won_twice / (2 * positives * negatives)
            average = np.einsum("ij,ij->i", at, precision) / (positives * SCALE)
        return Areas(auc, np.where(negatives > 0, average, np.nan))

    def _by_score(self, ordered: NDArray[np.int32]) -> NDArray[np.int32]:
        if len(self._starts) == len(self._order):
            return ordered
        return np.add.reduceat(ordered, self._starts, axis=1, dtype=np.int32)

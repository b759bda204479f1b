"""How well one feature alone tells the label: areas under the ROC curve from out-of-fold means of bins."""

from __future__ import annotations

import collections
import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from components.samples import Floats, Objects

Ints = npt.NDArray[np.int64]

#: Parts of the sample; the label's mean in a bin is taken from the other parts.
FOLDS = 5
#: A numeric feature with more distinct values has this many bins; fewer in a small sample, so that a bin has its rows.
BINS = 200
ROWS_PER_BIN = 20
#: Rows of the mean of all rows that are added to every bin: one row alone says little.
PRIOR = 2.0
#: More label values than this cost too much time.
LABELS = 20


def frequent(labels: Objects) -> list[str]:
    """The label values that occur, sorted; of too many, the most frequent ones."""
    most = sorted(collections.Counter(labels.tolist()).items(), key=lambda item: (-item[1], item[0]))
    return sorted(v for v, _ in most[:LABELS])


def numeric_bins(values: Floats) -> Ints:
    """Index of each value's quantile bin, or of the value itself where there are few; missing values are a bin."""
    known = ~np.isnan(values)
    out = np.zeros(len(values), np.int64)
    if known.any():
        distinct, of = np.unique(values[known], return_inverse=True)
        most = min(BINS, max(5, len(of) // ROWS_PER_BIN))
        if len(distinct) > most:
            # Cut where the ranks say, so that equal values stay together.
            of = of.reshape(-1)
            last = np.cumsum(np.bincount(of)) - 1
            of = (last * most // len(of))[of]
        out[known] = of.reshape(-1) + 1
    return out


def codes(values: Objects) -> Ints:
    """A number per category; None is one."""
    table: dict[str | None, int] = {}
    return np.fromiter((table.setdefault(v, len(table)) for v in values.tolist()), np.int64, len(values))


def aucs(bins: Ints, classes: Ints, folds: Ints, labels: int) -> Floats:
    """AUC of each label against the rest: of the out-of-fold means of the bins, inside each fold, weighted by pairs.

    Args:
        classes: number of each row's label; `labels` where it is none of those that are looked at.
    """
    width = int(bins.max()) + 1
    cells = np.bincount((classes * FOLDS + folds) * width + bins, minlength=(labels + 1) * FOLDS * width)
    cells = cells.reshape(labels + 1, FOLDS, width)
    out = np.full(labels, 0.5)
    rows = cells.sum(axis=0)
    for label in range(labels):
        pairs, won = 0.0, 0.0
        for fold in range(FOLDS):
            own, other = cells[label, fold], rows[fold] - cells[label, fold]
            learned, seen = cells[label].sum(axis=0) - own, rows.sum(axis=0) - rows[fold]
            mean = learned.sum() / max(1, seen.sum())
            score = (learned + PRIOR * mean) / (seen + PRIOR)
            pairs += float(own.sum() * other.sum())
            won += _won(score, own, other)
        out[label] = won / pairs if pairs else 0.5
    return out


def _won(score: Floats, own: Ints, other: Ints) -> float:
    """Pairs of a row of the label and another one in which the label's scores higher; ties count half."""
    there = np.flatnonzero(own + other)
    _, of = np.unique(score[there], return_inverse=True)
    yes, no = (np.bincount(of.reshape(-1), weights=c[there]) for c in (own, other))
    below = np.cumsum(no) - no
    return float(np.sum(yes * (below + no / 2)))


def deviation_of(auc: float, count: int, rest: int) -> float:
    """Standard error of an AUC (J. A. Hanley, B. J. McNeil, Radiology 143 (1982)); 1 when a side has no rows."""
    if not count or not rest:
        return 1.0
    one, two = auc / (2 - auc), 2 * auc**2 / (1 + auc)
    variance = auc * (1 - auc) + (count - 1) * (one - auc**2) + (rest - 1) * (two - auc**2)
    return math.sqrt(max(0.0, variance) / (count * rest))


def auc_floor(count: int, rest: int, comparisons: int, alpha: float) -> float:
    """What the AUC of a feature that says nothing exceeds by chance: normal, with the variance of Mann and Whitney (1947)."""
    if not count or not rest:
        return 1.0
    deviation = math.sqrt((count + rest + 1) / (12 * count * rest))
    return min(1.0, 0.5 + NormalDist().inv_cdf(1 - alpha / comparisons) * deviation)

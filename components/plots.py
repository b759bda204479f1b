"""What the report draws of a classifier on the test rows: who is taken for whom, ROC, precision over recall, and reliability.

Points of curves and sums over groups of rows, few enough to be kept in the record; no row is in them by itself.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.threshold import decided
from schemas.plots import Curve, ModelPlots, Plots, Reliability

Floats = NDArray[np.float64]
Labels = NDArray[np.int64]
#: Points of a curve.
POINTS = 60
#: Groups of rows by their probability, and the fewest rows of one: a share of fewer says little, and tells of single rows.
GROUPS, LEAST = 10, 10
#: More classes than this have no confusion matrix: nobody reads one of 50 x 50, and its size grows with the square.
MOST = 20


def plots(
    labels: NDArray[Any],
    candidate: Floats,
    champion: Floats | None,
    classes: Sequence[str],
    thresholds: Sequence[float | None] = (None, None),
) -> Plots | None:
    """What is drawn of candidate and champion; None without rows, or when the candidate's answers are not finite.

    Args:
        labels: [n] index of the right class in `classes`.
        candidate: [n, classes] probabilities.
        champion: the same of the champion, or None; left out when its answers are not finite.
        thresholds: of candidate and champion, as `metrics.evaluate` takes them.
    """
    targets = np.asarray(labels, np.int64)
    found = [
        _of_model(targets, m, t) if m is not None and len(targets) and np.isfinite(m).all() else None
        for m, t in zip((candidate, champion), thresholds, strict=True)
    ]
    if found[0] is None:
        return None
    return Plots(classes=list(classes), candidate=found[0], champion=found[1])


def _of_model(labels: Labels, probabilities: Floats, threshold: float | None) -> ModelPlots:
    count = probabilities.shape[1]
    taken = decided(probabilities, threshold).argmax(axis=1)
    matrix = np.bincount(labels * count + taken, minlength=count * count).reshape(count, count)
    ranked = [1] if count == 2 else list(range(count))
    steps = [_Steps(probabilities[:, c], labels == c) for c in ranked]
    known = all(s.positives and s.negatives for s in steps)
    if count == 2:
        sure, right = probabilities[:, 1], labels == 1
    else:
        sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    return ModelPlots(
        confusion=matrix.tolist() if count <= MOST else [],
        roc=_mean([s.roc() for s in steps], begin=(0.0, 0.0)) if known else None,
        pr=_mean([s.pr() for s in steps]) if known else None,
        reliability=reliability(sure, right),
    )


class _Steps:
    """Rows of one class above each score, highest first, and others above it; equal scores are one step."""

    def __init__(self, scores: Floats, positive: NDArray[np.bool_]):
        values, index = np.unique(-scores, return_inverse=True)
        of_class = np.bincount(index.reshape(-1), positive, len(values))
        others = np.bincount(index.reshape(-1), ~positive, len(values))
        self.hits, self.alarms = np.cumsum(of_class), np.cumsum(others)
        self.positives, self.negatives = float(self.hits[-1]), float(self.alarms[-1])

    def roc(self) -> tuple[Floats, Floats]:
        """True positive rate at false positive rates from 0 to 1, closer to each other near 0, where good models rise."""
        grid = np.linspace(0.0, 1.0, POINTS - 1) ** 2
        x, y = (np.r_[0.0, c] for c in (self.alarms / self.negatives, self.hits / self.positives))
        return grid, np.interp(grid, x, y)

    def pr(self) -> tuple[Floats, Floats]:
        """Precision at the first threshold that reaches a recall, from the recall of the first rows on to 1."""
        grid = np.linspace(0.0, 1.0, POINTS)
        at = np.minimum(np.searchsorted(self.hits, grid * self.positives - 1e-9, "left"), len(self.hits) - 1)
        at = np.maximum(at, np.searchsorted(self.hits, 1.0, "left"))  # Without a hit there is no recall to speak of.
        return grid, self.hits[at] / (self.hits[at] + self.alarms[at])


def _mean(curves: Sequence[tuple[Floats, Floats]], begin: tuple[float, float] | None = None) -> Curve:
    """The mean over the classes at each x; with two classes there is one curve."""
    x, y = curves[0][0], np.mean([c[1] for c in curves], axis=0)
    if begin is not None:
        x, y = np.r_[begin[0], x], np.r_[begin[1], y]
    return Curve(x=_short(x), y=_short(y))


def reliability(probabilities: Floats, right: NDArray[np.bool_]) -> Reliability | None:
    """Mean probability against the share that came true, in groups of about equally many rows; None with fewer than 2 * `LEAST` rows.

    Equal probabilities stay together, so that the order of rows changes nothing; there are then fewer groups.

    Args:
        probabilities: [n], finite, 0 to 1.
        right: [n] whether it came true.
    """
    groups = min(GROUPS, len(right) // LEAST)
    if groups < 2:
        return None
    order = np.argsort(probabilities, kind="stable")
    ordered, came_true = probabilities[order], right[order]
    cuts = _cuts(ordered, groups)
    parts = list(itertools.pairwise(cuts))
    return Reliability(
        probability=_short([math.fsum(ordered[a:b]) / (b - a) for a, b in parts]),
        share=_short([int(came_true[a:b].sum()) / (b - a) for a, b in parts]),
        rows=[b - a for a, b in parts],
    )


def _cuts(ordered: Floats, groups: int) -> list[int]:
    """Where groups begin, 0 first and n last; none has fewer than `LEAST` rows."""
    n, cuts = len(ordered), [0]
    for i in range(1, groups):
        at = int(np.searchsorted(ordered, ordered[n * i // groups - 1], "right"))
        if at - cuts[-1] >= LEAST and n - at >= LEAST:
            cuts.append(at)
    return [*cuts, n]


def _short(values: Floats | Sequence[float]) -> list[float]:
    return [round(float(v), 5) for v in values]

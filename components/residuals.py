"""How predicted amounts are off, as groups of rows and a histogram: what the report draws. No row is in it by itself."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from schemas.evidence import Residuals

Floats = NDArray[np.float64]
#: Groups of rows by their amount, and the fewest rows of one: in smaller ones, a mean tells of single rows.
GROUPS, LEAST = 10, 10
BINS = 24
#: Part of the rows on either side that the histogram has in its outer bins: one row far off would squeeze all others into one.
TAIL = 0.01


def residuals(targets: Floats, predicted: Floats) -> Residuals | None:
    """Groups of rows by their amount, and a histogram of predicted minus true; None with fewer than 2 * `LEAST` rows or answers not finite.

    Args:
        targets: amounts, [n].
        predicted: likewise.
    """
    groups = min(GROUPS, len(targets) // LEAST)
    if groups < 2 or not np.isfinite(predicted).all():
        return None
    # By predicted amount where amounts are equal: which row is where in a file does not matter.
    parts = np.array_split(np.lexsort((predicted, targets)), groups)
    low, high = (np.array([np.quantile(predicted[p], q) for p in parts]) for q in (0.1, 0.9))
    edges, counts = _histogram(predicted - targets)
    return Residuals(
        true=[math.fsum(targets[p]) / len(p) for p in parts],
        predicted=[math.fsum(predicted[p]) / len(p) for p in parts],
        low=low.tolist(),
        high=high.tolist(),
        edges=edges.tolist(),
        counts=counts.tolist(),
    )


def _histogram(errors: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Edges that reach equally far to either side of 0, and the rows of each bin."""
    reach = float(np.abs(np.quantile(errors, [TAIL, 1 - TAIL])).max()) or float(np.abs(errors).max()) or 1.0
    counts, edges = np.histogram(np.clip(errors, -reach, reach), bins=BINS, range=(-reach, reach))
    return edges, counts.astype(np.int64)

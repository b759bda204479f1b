"""Weights half-way, on a logarithmic scale, between none and `balanced`."""

from __future__ import annotations

import math
from collections.abc import Mapping

from components.class_weights._rows import mean_one, require_rows
from components.interfaces import ClassWeights, plugin


@plugin
class Sqrt(ClassWeights):
    """``1 / sqrt(rows of the class)``, scaled so that the mean over rows is 1.

    A class that is 100 times rarer weighs 10 times as much, where `balanced` gives it 100 times the weight: for rare classes whose few rows
    should not dominate the gradient. D. Mahajan et al., ECCV 2018, sample by it.
    """

    def weights(self, counts: Mapping[str, int]) -> dict[str, float]:
        """Label value -> weight of a row. Raises ValueError naming the classes without rows."""
        require_rows("sqrt", counts)
        return mean_one({label: 1 / math.sqrt(n) for label, n in counts.items()}, counts)

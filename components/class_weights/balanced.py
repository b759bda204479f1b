"""Weights that give every class the same say in training."""

from __future__ import annotations

from collections.abc import Mapping

from components.class_weights._rows import require_rows
from components.interfaces import ClassWeights, plugin


@plugin
class Balanced(ClassWeights):
    """``rows / (classes * rows of the class)``: each class has the same sum of weights, their mean over rows is 1.

    scikit-learn's ``class_weight="balanced"``; G. King and L. Zeng, Political Analysis 9 (2001).
    """

    def weights(self, counts: Mapping[str, int]) -> dict[str, float]:
        """Label value -> weight of a row. Raises ValueError naming the classes without rows."""
        require_rows("balanced", counts)
        rows = sum(counts.values())
        return {label: rows / (len(counts) * n) for label, n in counts.items()}

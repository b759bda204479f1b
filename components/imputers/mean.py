"""The mean of a numeric feature."""

from __future__ import annotations

from components.interfaces import CategoricalSummary, Imputer, NumericSummary, plugin


@plugin
class Mean(Imputer):
    """Fills with the mean of the present values in train. Keeps the mean of the column, but outliers move it."""

    kinds = ("numeric",)

    def fill(self, summary: NumericSummary | CategoricalSummary) -> float | None:
        """The mean; None when train has no value. Raises ValueError for a categorical feature."""
        if not isinstance(summary, NumericSummary):
            raise ValueError(f"mean needs numbers, and {summary.name} is categorical")
        return summary.mean if summary.present else None

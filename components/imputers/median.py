"""The middle value of a numeric feature."""

from __future__ import annotations

from components.interfaces import CategoricalSummary, Imputer, NumericSummary, plugin


@plugin
class Median(Imputer):
    """Fills with the median of the present values in train: inside the data, and unmoved by outliers."""

    kinds = ("numeric",)

    def fill(self, summary: NumericSummary | CategoricalSummary) -> float | None:
        """The median; None when train has no value. Raises ValueError for a categorical feature."""
        if not isinstance(summary, NumericSummary):
            raise ValueError(f"median needs numbers, and {summary.name} is categorical")
        return summary.median if summary.present else None

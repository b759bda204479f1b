"""The commonest category of a feature."""

from __future__ import annotations

from components.interfaces import CategoricalSummary, Imputer, NumericSummary, plugin


@plugin
class MostFrequent(Imputer):
    """Fills with the category that most rows in train have; of equally frequent ones, the first by name."""

    kinds = ("categorical", "boolean")

    def fill(self, summary: NumericSummary | CategoricalSummary) -> str | None:
        """The category; None when train has no value. Raises ValueError for a numeric feature."""
        if not isinstance(summary, CategoricalSummary):
            raise ValueError(f"most_frequent needs categories, and {summary.name} is numeric")
        present = {category: n for category, n in summary.counts.items() if n > 0}
        return min(present, key=lambda category: (-present[category], category), default=None)

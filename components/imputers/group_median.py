"""The middle value of rows of the same category."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from components.interfaces import CategoricalSummary, GroupImputer, NumericSummary, plugin
from components.parameters import Count


@plugin
class GroupMedian(GroupImputer):
    """Fills with the median of the rows that have the same category of another feature: ``{group_median: camera}``.

    Attributes:
        by: a categorical or boolean feature. Required.
        min_rows: least number of values in a group; with fewer, the median of all rows is taken. Default 20: the median of 20 values
            has a standard error of 0.28 deviations (1.25 / sqrt(20)), so that a group still has to differ more than by chance.
    """

    by: Annotated[str, Field(min_length=1)]
    min_rows: Count = 20

    kinds = ("numeric",)

    def fill(self, summary: NumericSummary | CategoricalSummary) -> float | None:
        """The median; None with fewer values than `min_rows`, or none. Raises ValueError for a categorical feature."""
        if not isinstance(summary, NumericSummary):
            raise ValueError(f"group_median needs numbers, and {summary.name} is categorical")
        return summary.median if summary.present >= max(1, self.min_rows) else None

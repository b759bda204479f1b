"""Scales by what outliers cannot move."""

from __future__ import annotations

import math

from components.interfaces import NumericSummary, OutlierRule, plugin


@plugin
class RobustScale(OutlierRule):
    """Median and inter-quartile range in the place of mean and deviation; cuts nothing off.

    J. W. Tukey, Exploratory Data Analysis (1977); scikit-learn's ``RobustScaler`` does the same by default. Where the quartiles are
    equal (at least half of the values are one value), mean and deviation are used: division by zero would leave nothing.
    """

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The quartiles."""
        return (0.25, 0.75)

    def bounds(self, summary: NumericSummary, domain: tuple[float | None, float | None] | None) -> tuple[float, float]:
        """No bounds."""
        return -math.inf, math.inf

    def scaling(self, summary: NumericSummary) -> tuple[float, float] | None:
        """Median and inter-quartile range."""
        if not summary.present:
            return None
        width = summary.quantiles[0.75] - summary.quantiles[0.25]
        return (summary.median, width) if width > 0 else None

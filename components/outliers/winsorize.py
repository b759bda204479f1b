"""Cuts values off at quantiles of train."""

from __future__ import annotations

import math

from pydantic import model_validator

from components.interfaces import NumericSummary, OutlierRule, plugin
from components.parameters import Share


@plugin
class Winsorize(OutlierRule):
    """Values below the lower or above the upper quantile of train become that quantile.

    After C. P. Winsor; W. J. Dixon, Annals of Mathematical Statistics 31 (1960). Quantiles are numpy's ``linear`` ones.

    Attributes:
        lower: share of train values below the lowest kept value, 0 to 1. Default 0.001: one value in a thousand costs the model
            next to nothing, and slips of the decimal point are rarer than that. 0 keeps the smallest value of train.
        upper: share of train values below the highest kept value. Default 0.999, for the same reason.
    """

    lower: Share = 0.001
    upper: Share = 0.999

    @model_validator(mode="after")
    def _ordered(self) -> Winsorize:
        if not self.lower < self.upper:
            raise ValueError(f"lower must be less than upper, got {self.lower} and {self.upper}")
        return self

    @property
    def quantiles(self) -> tuple[float, ...]:
        """Both probabilities."""
        return (self.lower, self.upper)

    def bounds(self, summary: NumericSummary, domain: tuple[float | None, float | None] | None) -> tuple[float, float]:
        """The quantiles; no bounds where train has no values."""
        if not summary.present:
            return -math.inf, math.inf
        return summary.quantiles[self.lower], summary.quantiles[self.upper]

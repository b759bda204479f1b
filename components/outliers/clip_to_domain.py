"""Cuts values off at what the schema says is possible."""

from __future__ import annotations

import math

from components.interfaces import NumericSummary, OutlierRule, plugin


@plugin
class ClipToDomain(OutlierRule):
    """Values outside the schema's domain become its nearest bound. Learns nothing: the same bounds in every run."""

    def bounds(self, summary: NumericSummary, domain: tuple[float | None, float | None] | None) -> tuple[float, float]:
        """The domain's bounds, infinite where it has none. Raises ValueError where the schema has no domain."""
        low, high = domain or (None, None)
        if low is None and high is None:
            raise ValueError(
                f"{summary.name or 'the feature'} has no domain in the schema. Give it one (float_domain or int_domain "
                "with min or max) in data.schema_file, or use winsorize"
            )
        return -math.inf if low is None else low, math.inf if high is None else high

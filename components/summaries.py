"""Summaries of train, from what the passes of the analysis counted, and the bounds that outlier rules make of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from components import exact
from components.analysis_plan import Plan
from components.interfaces import F64, CategoricalSummary, NumericSummary


def numeric_summaries(
    names: Sequence[str], moments: exact.Moments, quantiles: list[dict[float, float]]
) -> list[NumericSummary]:
    """One summary per stacked numeric feature; the median is among the quantiles."""
    out = []
    for i, name in enumerate(names):
        mean, deviation = moments.mean_deviation(i)
        present, missing = int(moments.present[i]), int(moments.missing[i])
        low, high = (float(moments.low[i]), float(moments.high[i])) if present else (0.0, 0.0)
        found = quantiles[i]
        out.append(NumericSummary(name, present, missing, mean, deviation, found[0.5], low, high, found))
    return out


def ranked(counter: Mapping[bytes, int]) -> list[bytes]:
    """Values, most frequent first, ties by value; the empty text is missing."""
    return [v for v, _ in sorted(counter.items(), key=lambda item: (-item[1], item[0])) if v != b""]


def categorical_summaries(names: Sequence[str], counters: Sequence[Mapping[bytes, int]]) -> list[CategoricalSummary]:
    """One summary per categorical feature, values as text (bytes that are no UTF-8 are escaped)."""
    out = []
    for name, counter in zip(names, counters, strict=True):
        counts = {v.decode("utf-8", "surrogateescape"): counter[v] for v in ranked(counter)}
        out.append(CategoricalSummary(name, sum(counts.values()), counter.get(b"", 0), counts))
    return out


def bounds(plan: Plan, summaries: Sequence[NumericSummary]) -> tuple[F64, F64]:
    """Lowest and highest value of each numeric feature, by its rule.

    Raises:
        ValueError: when a rule needs what the schema does not have.
    """
    out = []
    for s in summaries:
        rule = plan.rules.get(s.name)
        try:
            out.append(rule.bounds(s, plan.domains.get(s.name)) if rule else (-math.inf, math.inf))
        except ValueError as error:
            raise ValueError(f"transform.outliers.{s.name}: {error}.") from None
    low, high = np.array(out, np.float64).reshape(-1, 2).T
    return low, high


def cut_columns(summaries: Sequence[NumericSummary], low: F64, high: F64) -> list[int]:
    """The features that have values outside of their bounds."""
    return [i for i, s in enumerate(summaries) if s.present and (s.minimum < low[i] or s.maximum > high[i])]

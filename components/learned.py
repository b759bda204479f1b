"""What the graph needs, from what the passes over train found; and the asset that keeps it.

The graph's only asset is ``learned``: its first line is JSON (a list of `LearnedFeature`), each further line one vocabulary entry,
``<number>:?`` for unknown categories and ``<number>:<base64 of the value>``. An entry's line number is its index. Categorical features
are numbered first, then texts.
"""

from __future__ import annotations

import base64
import collections
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from components import exact
from components.analysis_plan import Plan
from components.imputation_findings import fill_of, fixed_fill, imputation_warnings, near
from components.interfaces import F64, GroupImputer, Imputer, NumericSummary, RegressionImputer
from components.kinds import booleans
from components.summaries import categorical_summaries, ranked
from schemas.run_record import LearnedFeature

ASSET = "learned"
EMPTY_ASSET = b"[]\n"
#: Rows of `Learned.table`, one column per numeric feature.
TABLE = ("fill", "low", "high", "centre", "scale", "mean", "deviation", "inverse", "minimum", "maximum")
#: Coefficients of a regression are counted in 2**-20.
STEPS = 1 << 20


def vocabulary_key(feature: int, value: bytes | None) -> bytes:
    """The line of a value (None: any unknown one) of the n-th categorical feature."""
    return b"%d:%s" % (feature, b"?" if value is None else base64.urlsafe_b64encode(value).rstrip(b"="))


@dataclass(frozen=True, eq=False)
class Scaling:
    """Bounds of the numeric features, and moments of what is inside them: all [F]; `beyond` counts values outside."""

    low: F64
    high: F64
    mean: F64
    deviation: F64
    beyond: exact.I64

    @property
    def inverse(self) -> F64:
        """1 / deviation; 0 where that is 0."""
        return np.divide(1.0, self.deviation, out=np.zeros_like(self.deviation), where=self.deviation > 0)


@dataclass(frozen=True, eq=False)
class Found:
    """All results of the passes."""

    summaries: list[NumericSummary]
    moments: exact.Moments
    scaling: Scaling
    counters: list[collections.Counter[bytes]]
    correlation: F64 | None = None
    groups: list[NumericSummary] = field(default_factory=list)


class Learned:
    """What the graph needs, from what the passes found. Pure: no Beam, no TensorFlow.

    Attributes:
        features: what the record says.
        table: see `TABLE`, float64 [10, F].
        coefficients: whole numbers, in 1 / `STEPS`, float64 [regressed features, F].
        groups: fill by group, float64 [grouped features, 1 + group_width]; the first is that of all rows.
        booleans: fill, float64 [B].
        category_fill: fill of categorical features; b"" for none.
        vocabulary: lines of the asset.
    """

    def __init__(self, plan: Plan, found: Found):
        self._plan, self._found = plan, found
        self.features: list[LearnedFeature] = []
        self.coefficients = self._regress()
        self.table = np.zeros((len(TABLE), len(plan.numeric)))
        self.groups = np.zeros((len(plan.grouped), 1 + plan.group_width))
        self._numeric()
        self.category_fill: list[bytes] = []
        self.booleans = np.zeros(len(plan.boolean))
        self.vocabulary: list[bytes] = []
        self._named()

    def _regress(self) -> F64:
        """Coefficients as whole numbers k.

        With F features, abs(k) is at most 2**36 / F and at most 2**24 (16 deviations), so that the sum of F products with whole numbers of
        at most 2**17 stays within 2**53: float64 adds them exactly in any order.
        """
        plan, names = self._plan, self._plan.numeric
        out = np.zeros((len(plan.regressed), len(names)))
        for row, target in enumerate(plan.regressed):
            imputer = plan.imputers[names[target]]
            if isinstance(imputer, RegressionImputer) and self._found.correlation is not None:
                most = min(2.0**24, 2.0**36 // len(names))
                out[row] = np.clip(np.rint(imputer.coefficients(self._found.correlation, target) * STEPS), -most, most)
                out[row, target] = 0.0
        return out

    def _numeric(self) -> None:
        plan, scaling, counts, fills = self._plan, self._found.scaling, {}, {}
        inverse = scaling.inverse
        for i, s in enumerate(self._found.summaries):
            fill = fill_of(s, plan.imputers[s.name], s.name in plan.log)
            low, high = float(scaling.low[i]), float(scaling.high[i])
            fills[s.name] = fill = min(max(fill, low), high)
            counts[s.name] = self._found.moments.count(i, *near(s, fill))
            mean, deviation = float(scaling.mean[i]), float(scaling.deviation[i])
            own = plan.rules[s.name].scaling(s) if s.name in plan.rules else None
            centre, width = own or (mean, deviation)
            scale = 1.0 / width if width > 0 else 0.0
            self.table[:, i] = (fill, low, high, centre, scale, mean, deviation, inverse[i], s.minimum, s.maximum)
            fixed = fixed_fill(plan.imputers[s.name]) is not None
            more: dict[str, Any] = {"mean": mean, "deviation": deviation, "log": s.name in plan.log}
            if own:
                more |= {"centre": centre, "width": width}
            more |= self._bounds(i, s) | self._by_group(i, fill) | self._by_regression(i)
            self.features.append(_learned(s, "numeric", plan.imputers, fill if s.present or fixed else None, **more))
        warnings = imputation_warnings(self._found.summaries, plan.imputers, fills, counts, plan.log)
        by_name = {w.subject: [w] for w in warnings}
        for f in self.features:
            f.findings = by_name.get(f.name, [])

    def _bounds(self, i: int, s: NumericSummary) -> dict[str, Any]:
        if s.name not in self._plan.rules:
            return {}
        ends = {"low": float(self._found.scaling.low[i]), "high": float(self._found.scaling.high[i])}
        finite: dict[str, Any] = {k: v for k, v in ends.items() if math.isfinite(v)}
        if finite:
            finite["beyond"] = int(self._found.scaling.beyond[i]) / max(1, s.present)
        return {"outliers": plugin_name(self._plan.rules[s.name]), **finite}

    def _by_group(self, i: int, fill: float) -> dict[str, Any]:
        plan = self._plan
        at = next((g for g, (feature, _) in enumerate(plan.grouped) if feature == i), None)
        if at is None:
            return {}
        imputer, width = plan.imputers[plan.numeric[i]], plan.group_width
        values = [imputer.fill(s) for s in self._found.groups[at * width : (at + 1) * width]]
        self.groups[at] = fill
        for slot, value in enumerate(values):
            if value is not None:
                self.groups[at, 1 + slot] = float(value)
        by = imputer.by if isinstance(imputer, GroupImputer) else None
        return {"by": by, "groups": sum(v is not None for v in values)}

    def _by_regression(self, i: int) -> dict[str, Any]:
        plan = self._plan
        if i not in plan.regressed:
            return {}
        weights = self.coefficients[plan.regressed.index(i)] / STEPS
        largest = sorted(range(len(weights)), key=lambda j: (-abs(weights[j]), j))[:3]
        strongest = {plan.numeric[j]: float(weights[j]) for j in largest if weights[j]}
        return {"coefficients": int(np.count_nonzero(weights)), "strongest": strongest}

    def _named(self) -> None:
        """Categorical and boolean features, then those without an imputer."""
        plan, counters = self._plan, iter(self._found.counters)
        for number, name in enumerate(plan.categorical):
            (c,) = categorical_summaries([name], [next(counters)])
            value = plan.imputers[name].fill(c)
            self.category_fill.append(b"" if value is None else str(value).encode("utf-8", "surrogateescape"))
            kept = list(c.counts)[: plan.vocabulary_size]
            self.vocabulary.append(vocabulary_key(number, None))
            self.vocabulary += [vocabulary_key(number, v.encode("utf-8", "surrogateescape")) for v in kept]
            self.features.append(_learned(c, "categorical", plan.imputers, value, vocabulary=len(kept)))
        for number, name in enumerate(plan.boolean):
            (c,) = categorical_summaries([name], [next(counters)])
            value = plan.imputers[name].fill(c)
            yes = None if value is None else booleans.value_of(str(value))
            if value is not None and yes is None:
                raise ValueError(f"transform.impute.{name}: a boolean feature is filled with yes or no, got {value!r}.")
            self.booleans[number] = float(yes or False)
            self.features.append(_learned(c, "boolean", plan.imputers, None if yes is None else str(int(yes))))
        others = [(n, kind, next(counters)) for n, kind in plan.others.items()]
        kept_tokens = {}
        for number, name in enumerate(plan.texts, len(plan.categorical)):
            tokens = ranked(next(counters))[: plan.text_size]
            self.vocabulary += [vocabulary_key(number, v) for v in tokens]
            kept_tokens[name] = len(tokens)
        for name, kind, counter in others:
            (c,) = categorical_summaries([name], [counter])
            self.features.append(_learned(c, kind, {}, None, tokens=kept_tokens.get(name)))

    def asset(self) -> bytes:
        """Content of the asset."""
        head = json.dumps([f.model_dump(mode="json") for f in self.features], sort_keys=True)
        return b"\n".join([head.encode(), *self.vocabulary]) + b"\n"


def plugin_name(plugin: Any) -> str:
    """The name of a plug-in in the configuration."""
    return type(plugin).__module__.rpartition(".")[2]


def _learned(summary: Any, kind: str, imputers: Mapping[str, Imputer], value: Any, **more: Any) -> LearnedFeature:
    safe = value.encode("utf-8", "surrogateescape").decode("utf-8", "replace") if isinstance(value, str) else value
    return LearnedFeature(
        name=summary.name,
        kind=kind,
        imputer=plugin_name(imputers[summary.name]) if summary.name in imputers else "zeros",
        fill=safe,
        present=summary.present,
        missing=summary.missing,
        **more,
    )


def read_learned(asset_path: str) -> tuple[list[LearnedFeature], int]:
    """What an exported graph learned, and the size of its joint vocabulary (every line of the asset has an index)."""
    with open(asset_path, "rb") as file:
        head = file.readline()
        lines = 1 + sum(1 for _ in file)
    return [LearnedFeature.model_validate(f) for f in json.loads(head)], lines

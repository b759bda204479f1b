"""Values whose absence tells the label: they were lost after the fact, or filled in for some classes only."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from components import statistics_rules as rules
from components.checks import _common as common
from components.interfaces import Check, DataContext, plugin
from components.parameters import ShareLimit
from schemas.evidence import FeatureEvidence, SpanEvidence
from schemas.findings import Finding, Severity

REMEDY = (
    "Find out why {name} is missing more often for one label: a model learns from the gap, and when it is asked, the gap is "
    "another. Mend the source, add {name} to data.exclude, or accept it with --accept missing_by_label --reason TEXT."
)


@plugin
class Warn:
    """V 0.10: Cohen's small effect."""

    v: ShareLimit = 0.1


@plugin
class Block:
    """V 0.20: twice that; 12 % missing values in a class of 23 % and none in the other have V 0.31."""

    v: ShareLimit = 0.2


@dataclass(frozen=True)
class _Tie:
    """How one label differs from all others in missing values."""

    label: str
    missing: int
    rows: int
    rest_missing: int
    rest: int
    chance: float

    @property
    def v(self) -> float:
        missing, rows = self.missing + self.rest_missing, self.rows + self.rest
        if not self.rows or not self.rest or not 0 < missing < rows:
            return 0.0
        gap = self.missing * self.rest - self.rest_missing * self.rows
        return abs(gap) / math.sqrt(missing * (rows - missing) * self.rows * self.rest)


@plugin
class MissingByLabel(Check):
    """Cramér's V between "missing" and the label, for the label value that differs most from all others taken together.

    A dependence that the reference has as well is part of these data, and was accepted: it passes up to the limit of `block`
    and warns beyond. So does one on a first run, of which nobody knows whether it is new (drop-offs of taxi trips without a
    tip lack their census tract more often, V 0.03 to 0.14). Only a new one warns from the limit of `warn`, or blocks. What an
    exact test (Fisher's, over all features and label values) explains by chance passes.

    Attributes:
        warn: `v`, 0 to 1 (default 0.1; adapts to 8 or more accepted spans); ``off`` turns the level off.
        block: `v` (default 0.2).
    """

    for_amounts = False

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding per feature that has missing and present values."""
        now, then = context.current, context.reference.features if context.reference else {}
        names = [n for n, f in sorted(now.features.items()) if f.missing and f.present]
        if not names or len([n for n in now.label_counts.values() if n]) < 2:
            return [common.nothing_to_compare("missing_by_label", context, "no feature has values for some rows only")]
        found = {n: _tie(now, now.features[n]) for n in names}
        before = {n: _tie(context.reference, then[n]) if context.reference and n in then else None for n in names}
        return [self._judge(context, n, found[n], before[n], len(names)) for n in names]

    def _judge(self, context: DataContext, name: str, now: _Tie, then: _Tie | None, features: int) -> Finding:
        widest = math.inf if self.block.v is None else self.block.v
        limit = common.adapted(context, "missing_by_label", name, self.warn.v, widest)
        before, half = (then.v if then else 0.0), (self.warn.v or 0.0) / 2

        def beyond(alpha: float, bound: float | None) -> bool:
            return common.above(now.v, bound) and now.chance < alpha / features

        def new(alpha: float) -> bool:
            return then is not None and now.v - before > max(half, _noise(now, then, alpha / features))

        blocks = beyond(rules.BLOCK_ALPHA, self.block.v) and new(rules.BLOCK_ALPHA)
        warns = beyond(rules.ALPHA, self.block.v) or (beyond(rules.ALPHA, limit) and new(rules.ALPHA))
        level = common.severity(blocks, warns)
        share, rest = (common.percent(m / n) for m, n in ((now.missing, now.rows), (now.rest_missing, now.rest)))
        text = f"{name}: {share} of rows labelled {now.label!r} in span {context.current.span} have no value ({now.missing} of "
        text += f"{now.rows}), {rest} of the others ({now.rest_missing} of {now.rest}); V is {now.v:.2f}"
        text += f", {before:.2f} in {common.name_of(context.reference)}" if then and context.reference else ""
        shown = self.block.v if level is Severity.BLOCK else limit
        text += f"; the limit is {shown:.2f}." if level.rank and shown is not None else "."
        observed: common.Numbers = {"v": now.v, "v_before": before, "label": now.label, "missing": now.missing}
        observed = {**observed, "rows": now.rows, "missing_of_others": now.rest_missing, "rows_of_others": now.rest}
        allowed = common.bounds(self, warn_chance=rules.ALPHA / features, block_chance=rules.BLOCK_ALPHA / features)
        remedy, observed = REMEDY.format(name=name), {**observed, "chance": now.chance}
        return common.report(context, "missing_by_label", name, level, observed, allowed, text, remedy, statistic=now.v)


def _tie(span: SpanEvidence, feature: FeatureEvidence) -> _Tie:
    """The label value that differs most from the others; its chance is of the likeliest one, times the label values."""
    labels = {v: n for v, n in span.label_counts.items() if n}
    missing = {v: min(n, feature.missing_by_label.get(v, 0)) for v, n in labels.items()}
    rows, lost = sum(labels.values()), sum(missing.values())
    ties = []
    for value, n in labels.items():
        own, rest = (missing[value], n), (lost - missing[value], rows - n)
        chance = min(rules.more_often_p(*rest, *own), rules.more_often_p(*own, *rest))
        ties.append(_Tie(value, *own, *rest, min(1.0, 2 * chance * max(1, len(labels) - 1))))
    return max(ties, key=lambda t: (t.v, t.label), default=_Tie("", 0, 0, 0, 0, 1.0))


def _noise(now: _Tie, then: _Tie, alpha: float) -> float:
    """How far V may move by chance: as a correlation of zeros and ones, its deviation is about 1 / sqrt(rows)."""
    rows = now.rows + now.rest, then.rows + then.rest
    if not all(rows):
        return 0.0
    return NormalDist().inv_cdf(1 - alpha / 2) * math.sqrt(1 / rows[0] + 1 / rows[1])

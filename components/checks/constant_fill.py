"""One value that stands where others did: a default, a mean or a code that a source fills in for what it does not have."""

from __future__ import annotations

import math

from components import statistics_rules as rules
from components.checks import _common as common
from components.checks import _fills as fills
from components.checks import _values as by_value
from components.interfaces import Check, DataContext, plugin
from components.parameters import AmountLimit, ShareLimit
from schemas.evidence import SpanEvidence
from schemas.findings import Finding, Severity

REMEDY = (
    "Look for a default that the source of {name} fills in where it has no value, and leave such values empty instead. If "
    "they are real, accept them with --accept constant_fill --reason TEXT, or raise checks.constant_fill."
)


@plugin
class Warn:
    """2 points: the design's table; h = 0.1 as for missing values, since 2 points are nothing between 40 and 42 %.

    0.5 %: a value that the reference could not have by its range needs less; a sample of 20,000 shows 0.1 % surely.
    """

    share: ShareLimit = 0.02
    h: AmountLimit = 0.1
    new: ShareLimit = 0.005


@plugin
class Block:
    """5 points: the design's table; 2 % of a value outside of the former range."""

    share: ShareLimit = 0.05
    h: AmountLimit = 0.1
    new: ShareLimit = 0.02


@plugin
class ConstantFill(Check):
    """Increase of the share of one single value among the present values of a feature, against the reference.

    Counts for numbers: a known code such as 0 or -999, and the one value that increased at least twice as much as the next
    one; of features with up to 10 different ones (scales, dummies) only new values. Counts for categories: what reads like
    "no value" (unknown, n/a, -999), and a new category when nearly all new values are that one; other moves are for
    category_drift and unseen_category. A number beyond the former range, or a new category that reads like "no value", has
    the stricter limit `new`. Where label shares moved, the reference is weighted to the new ones.

    Attributes:
        warn: `share`, increase in share, 0 to 1 (default 0.02; adapts to 8 or more accepted spans) and `h`, Cohen's h
            (default 0.1), both to be exceeded; or `new`, share of an impossible value (default 0.005). ``off`` drops one.
        block: the same (defaults 0.05, 0.1 and 0.02).
    """

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding per feature that has values on both sides."""
        both, ref = by_value.sides(context), context.reference
        found = {} if both is None else fills.candidates(both)
        if both is None or ref is None or not found:
            return [common.nothing_to_compare("constant_fill", context, by_value.why_none(context))]
        tried = max(1, sum(n for _, n in found.values()))
        return [self._judge(context, ref, both, name, values, tried) for name, (values, _) in sorted(found.items())]

    def _judge(
        self,
        context: DataContext,
        ref: SpanEvidence,
        both: by_value.Sides,
        name: str,
        values: list[fills.Value],
        tried: int,
    ) -> Finding:
        widest = math.inf if self.block.share is None else self.block.share
        limit = common.adapted(context, "constant_fill", name, self.warn.share, widest)
        ranked = [(self._level(v, limit, tried).rank, v.increase, v) for v in values]
        rank, largest, worst = max(ranked, key=lambda r: r[:2], default=(0, 0.0, None))
        level, span, was = (Severity.OK, Severity.WARN, Severity.BLOCK)[rank], context.current.span, common.name_of(ref)
        observed: common.Numbers = {"increase": max(0.0, largest)}
        allowed = common.bounds(self, warn_chance=rules.ALPHA / tried, block_chance=rules.BLOCK_ALPHA / tried)
        text = f"{name}: no single value stands where others did in {was}; the largest increase in span {span} is "
        text += f"{100 * max(0.0, largest):.1f} points."
        places: list[str] = []
        if worst is not None and rank:
            of = f"{worst.count} of {worst.rows}"
            text = (
                f"{name}: {common.percent(worst.count / worst.rows)} of values in span {span} are {worst.text} ({of}), "
            )
            text += f"{worst.why or common.percent(worst.before) + ' in'} {was}; the limit is {self._limit(level, worst, limit)}."
            observed = {**observed, "share": worst.count / worst.rows, "share_before": worst.before}
            observed |= {"value": worst.text, "count": worst.count, "rows": worst.rows, "chance": worst.chance}
            chosen = fills.where(both, name, worst.text)
            observed |= fills.most_common_label(both, chosen)
            places = by_value.rows_of(context, both.now, chosen)
        remedy, statistic = REMEDY.format(name=name), max(0.0, max((r[1] for r in ranked), default=0.0))
        return common.report(
            context, "constant_fill", name, level, observed, allowed, text, remedy, statistic=statistic, rows=places
        )

    def _level(self, value: fills.Value, limit: float | None, tried: int) -> Severity:
        h = rules.cohen_h(min(1.0, value.before), value.count / value.rows)

        def beyond(share: float | None, effect: float | None, new: float | None) -> bool:
            if value.why:
                return common.above(value.increase, new)
            asked = [(v, b) for v, b in ((value.increase, share), (h, effect)) if b is not None]
            return share is not None and all(common.above(v, b) for v, b in asked)

        blocks = beyond(self.block.share, self.block.h, self.block.new)
        warns = blocks or beyond(limit, self.warn.h, self.warn.new)
        return common.severity(
            blocks and value.chance < rules.BLOCK_ALPHA / tried, warns and value.chance < rules.ALPHA / tried
        )

    def _limit(self, level: Severity, value: fills.Value, limit: float | None) -> str:
        blocks = level is Severity.BLOCK
        if value.why:
            return common.percent((self.block.new if blocks else self.warn.new) or 0.0)
        return f"+{100 * ((self.block.share if blocks else limit) or 0.0):.1f} points"

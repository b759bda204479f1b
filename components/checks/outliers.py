"""Values far outside of what the reference has: other units, a shifted decimal point, a broken sensor."""

from __future__ import annotations

import math

import numpy as np

from components import statistics_rules as rules
from components.checks import _common as common
from components.checks import _far as by_far
from components.checks import _values as by_value
from components.interfaces import Check, DataContext, plugin
from components.parameters import ShareLimit
from components.samples import Mask
from schemas.evidence import SpanEvidence
from schemas.findings import Finding, Severity

REMEDY = (
    "Look at the rows named here: a changed unit, a shifted decimal point, a broken sensor. Correct them at their source. If "
    "they are real, accept them with --accept outliers --reason TEXT, or raise checks.outliers."
)
#: Besides, a reference without gross outliers must have been unlikely to miss them by chance: to warn, and to block.
UNSEEN = (0.05, 0.001)


@plugin
class Warn:
    """0.5 %: Deepchecks. 0.2 % of gross ones: no natural tail has them, and they move a mean and a scaling."""

    share: ShareLimit = 0.005
    gross: ShareLimit = 0.002


@plugin
class Block:
    """2 %: Deepchecks; 1 % of gross ones multiply a deviation by ten when they are a hundred deviations away."""

    share: ShareLimit = 0.02
    gross: ShareLimit = 0.01


@plugin
class Outliers(Check):
    """Share of numbers beyond the reference's quartiles by 3 interquartile ranges, in excess of the reference's own share;
    and share of gross ones, beyond its former range by that range's width or by 10 interquartile ranges.

    Gross ones are flagged where the reference's tail, going on as a power law, does not explain them, so that heavy tails
    pass, and where the reference is large enough to have shown some.
    Of features with up to 10 different numbers, and those of which half of the values are one, only gross ones count.

    Attributes:
        warn: `share` in excess, 0 to 1 (default 0.005; adapts to 8 or more accepted spans), or `gross`, share of gross
            outliers (default 0.002); ``off`` drops one.
        block: the same (defaults 0.02 and 0.01).
    """

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding per numeric feature that has values on both sides."""
        both, ref = by_value.sides(context), context.reference
        names = sorted(n for n in both.now.numeric if n in both.then.numeric) if both else []
        found = {n: f for n in names if both and (f := by_far.far_out(both, n))}
        if both is None or ref is None or not found:
            return [common.nothing_to_compare("outliers", context, by_value.why_none(context))]
        return [self._judge(context, ref, both, n, f, 2 * len(found)) for n, f in found.items()]

    def _judge(
        self, context: DataContext, ref: SpanEvidence, both: by_value.Sides, name: str, far: by_far.Far, tried: int
    ) -> Finding:
        widest = math.inf if self.block.share is None else self.block.share
        limit = common.adapted(context, "outliers", name, self.warn.share, widest)
        sure, noise = rules.BLOCK_ALPHA / tried, rules.ALPHA / tried
        blocks = far.unseen < UNSEEN[1] and far.gross_chance(self.block.gross) < sure
        wild = blocks or (far.unseen < UNSEEN[0] and far.gross_chance(self.warn.gross) < noise)
        lots = common.above(far.excess, self.block.share) and far.chance < sure
        bounds = [b for b in (limit, self.block.share) if b is not None]
        many = bool(bounds) and common.above(far.excess, min(bounds)) and far.chance < noise
        level = common.severity(blocks or lots, wild or many)
        bound = self.block if level is Severity.BLOCK else self.warn
        share = self.block.share if level is Severity.BLOCK else limit
        text = _text(context, ref, name, far, bound.gross if blocks or (wild and not lots) else None, share, level)
        observed = {"share": far.count / far.rows, "share_before": far.before, "excess": far.excess, "count": far.count}
        observed |= {"gross": far.gross, "rows": far.rows, "rows_before": far.rows_before, "chance": far.chance}
        allowed = common.bounds(self, warn_chance=noise, block_chance=sure)
        places = _places(context, both, name, far.wild if wild else far.far) if level.rank else []
        return common.report(
            *(context, "outliers", name, level, observed, allowed, text, REMEDY),
            statistic=far.excess,
            rows=places,
        )


def _text(
    context: DataContext,
    ref: SpanEvidence,
    name: str,
    far: by_far.Far,
    gross: float | None,
    share: float | None,
    level: Severity,
) -> str:
    """Where, rule, got; by gross outliers when their limit is given."""
    was = common.name_of(ref)
    if gross is not None:
        return (
            f"{name}: {common.percent(far.gross / far.rows)} of values in span {context.current.span} ({far.gross} of "
            f"{far.rows}) are beyond all values of {was} by more than its range or ten interquartile ranges; the limit is "
            f"{common.percent(gross)}."
        )
    text = f"{name}: {common.percent(far.count / far.rows)} of values in span {context.current.span} ({far.count} of "
    text += f"{far.rows}) are far outside the middle half of {was}, which has {common.percent(far.before)} itself"
    return f"{text}; the limit is {common.percent(share or 0.0)} more." if level.rank else f"{text}."


def _places(context: DataContext, both: by_value.Sides, name: str, chosen: Mask) -> list[str]:
    """Places of the farthest of the chosen rows."""
    middle = float(np.nanmedian(both.then.numeric[name]))
    distance = np.where(chosen, np.abs(both.now.numeric[name] - middle), -1.0)
    farthest = np.argsort(-distance, kind="stable")[: min(int(chosen.sum()), context.facts.rows_named)]
    mask = np.zeros(len(distance), bool)
    mask[farthest] = True
    return by_value.rows_of(context, both.now, mask)

"""Features that lost values from one span to the next (or gained some): a broken source, a renamed field, a default."""

from __future__ import annotations

from components import statistics_rules as rules
from components.checks import _common as common
from components.interfaces import Check, DataContext, plugin
from components.parameters import AmountLimit
from schemas.evidence import FeatureEvidence, SpanEvidence
from schemas.findings import Finding, Severity


@plugin
class Warn:
    """Both must be exceeded: a point is nothing between 40 % and 41 %, and much between 0 and 1 %."""

    points: AmountLimit = 1.0
    h: AmountLimit = 0.1


@plugin
class Block:
    """Either suffices. 5 points: Deepchecks' default; h = 0.2: Cohen's small effect."""

    points: AmountLimit = 5.0
    h: AmountLimit = 0.2


@plugin
class MissingShift(Check):
    """Change of the share of missing values against the reference span, in percentage points and as Cohen's h.

    Flags only what the z-test for two shares, corrected for the number of features, does not explain by chance. A
    decrease warns at most, and only beyond the limits of `block`: values that appear may be made up.

    Attributes:
        warn: `points` (1) and `h` (0.1), both to be exceeded; ``off`` drops one.
        block: `points` (5) or `h` (0.2), either suffices; ``off`` drops one.
    """

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding per feature that both spans have."""
        now, then = context.current.features, context.reference.features if context.reference else {}
        names = [n for n in sorted(now) if n in then and now[n].rows and then[n].rows]
        if context.reference is None or not names:
            return [common.nothing_to_compare("missing_shift", context, common.why_no_reference(context))]
        return [self._judge(context, context.reference, n, then[n], now[n], len(names)) for n in names]

    def _judge(
        self, context: DataContext, ref: SpanEvidence, name: str, then: FeatureEvidence, now: FeatureEvidence, k: int
    ) -> Finding:
        points = 100 * (now.missing_share - then.missing_share)
        h = rules.cohen_h(then.missing_share, now.missing_share)
        counts = then.missing, then.rows, now.missing, now.rows
        noise = 100 * rules.proportions_floor(*counts, k)
        sure = 100 * rules.proportions_floor(*counts, k, rules.BLOCK_ALPHA)
        level, limit = self._level(points, h, noise, sure)
        share, before = common.percent(now.missing_share), common.percent(then.missing_share)
        text = (
            f"{name}: {share} of rows in span {context.current.span} have no value, {before} in {common.name_of(ref)}"
        )
        observed = {
            "share": now.missing_share,
            "share_before": then.missing_share,
            "points": points,
            "cohen_h": h,
            "missing": now.missing,
            "rows": now.rows,
            "missing_before": then.missing,
            "rows_before": then.rows,
            "p_value": rules.two_proportions_p(*counts),
        }
        allowed = common.bounds(self, warn_noise_points=noise, block_noise_points=sure)
        text += f"; the limit is {limit}." if limit else "."
        return common.report(context, "missing_shift", name, level, observed, allowed, text, _remedy(name, points))

    def _level(self, points: float, h: float, noise: float, sure: float) -> tuple[Severity, str]:
        """Severity, and the limit that was exceeded in words."""
        size, effect, sign = abs(points), abs(h), "+" if points > 0 else "-"
        if not common.above(size, noise):
            return Severity.OK, ""
        blocks = points > 0 and common.above(size, sure)
        if common.above(size, self.block.points):
            return common.severity(blocks, True), f"{sign}{self.block.points:g} points"
        if common.above(effect, self.block.h):
            return common.severity(blocks, True), f"Cohen's h {self.block.h:g} and this is {effect:.2f}"
        bounds = [(size, self.warn.points), (effect, self.warn.h)]
        asked = [(value, bound) for value, bound in bounds if bound is not None]
        if points > 0 and asked and all(common.above(value, bound) for value, bound in asked):
            return Severity.WARN, f"+{self.warn.points or 0:g} points"
        return Severity.OK, ""


def _remedy(name: str, points: float) -> str:
    if points < 0:
        return f"Make sure that the new values of {name} are real ones and not a default that its source fills in."
    return (
        f"Look at the source of {name}: a renamed or broken field, or a failed join. If the loss is expected, "
        "accept it with --accept missing_shift --reason TEXT, or raise checks.missing_shift."
    )

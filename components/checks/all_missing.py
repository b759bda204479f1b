"""Inputs without any value: a column that was renamed, dropped, or never filled."""

from __future__ import annotations

from components import statistics_rules as rules
from components.checks import _common as common
from components.interfaces import Check, DataContext, plugin
from components.parameters import CountLimit
from schemas.evidence import FeatureEvidence
from schemas.findings import Finding

LOST = (
    "Look at the source of {name}: a renamed or dropped column, a failed join. If it is gone for good, add it to data.exclude, "
    "or accept it once with --accept all_missing --reason TEXT."
)
NEVER = "Add {name} to data.exclude, or mend its source: it carries no information."


@plugin
class Warn:
    """No value at all: nothing can be learnt from it, but nothing breaks either."""

    present: CountLimit = 0


@plugin
class Block:
    """No value at all, where the reference had some: the model in use relies on them."""

    present: CountLimit = 0


@plugin
class AllMissing(Check):
    """Rows of the span that have a value of a feature: none warns, and blocks when the reference had values.

    Where the reference had so few that chance may have left them all out (below 1 in 2000 it warns, below 1 in 20,000 it
    blocks, over all features), the feature passes.

    Attributes:
        warn: `present`, the most rows with a value of a feature that counts as empty (default 0); ``off`` turns it off.
        block: the same (default 0).
    """

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding per feature."""
        now, then = context.current.features, context.reference.features if context.reference else {}
        if not any(f.rows for f in now.values()):
            return [common.nothing_to_compare("all_missing", context, "no feature has rows")]
        return [self._judge(context, n, f, then.get(n), len(now)) for n, f in sorted(now.items()) if f.rows]

    def _judge(
        self, context: DataContext, name: str, now: FeatureEvidence, then: FeatureEvidence | None, features: int
    ) -> Finding:
        had = then.present if then else 0
        chance = rules.one_sided_p(had, then.rows, now.rows) if then and had else 0.0

        def empty(limit: int | None) -> bool:
            return limit is not None and now.present <= limit

        blocks = empty(self.block.present) and had > 0 and chance < rules.BLOCK_ALPHA / features
        level = common.severity(blocks, blocks or (empty(self.warn.present) and chance < rules.ALPHA / features))
        got = f"{now.present} of {now.rows} rows" if now.present else f"none of {now.rows} rows"
        text = f"{name}: {got} in span {context.current.span} {'have' if now.present > 1 else 'has'} a value"
        if level.rank and then and context.reference:
            text += f", {had} of {then.rows} in {common.name_of(context.reference)}"
        observed = {"present": now.present, "rows": now.rows, "present_before": had, "chance": chance}
        allowed = common.bounds(self, warn_chance=rules.ALPHA / features, block_chance=rules.BLOCK_ALPHA / features)
        remedy = (LOST if had else NEVER).format(name=name)
        return common.report(context, "all_missing", name, level, observed, allowed, f"{text}.", remedy)

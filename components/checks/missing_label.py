"""Rows without a label: they are left out of everything, and if that depends on the outcome, what is left is biased."""

from __future__ import annotations

import math

from components import statistics_rules as rules
from components.checks import _common as common
from components.interfaces import Check, DataContext, plugin
from components.parameters import ShareLimit
from schemas.evidence import SpanEvidence
from schemas.findings import Finding, Severity

REMEDY = (
    "Find out why labels are missing: if it depends on the outcome, what is left is biased. If they only come later, retrain "
    "when they are there; else accept it with --accept missing_label --reason TEXT."
)


@plugin
class Warn:
    """Any: labels are what is learnt, and each row without one is left out silently otherwise."""

    share: ShareLimit = 0.0


@plugin
class Block:
    """5 points more than in the reference, or 5 % without one: as for missing values (Deepchecks' 5 %)."""

    share: ShareLimit = 0.05


@plugin
class MissingLabel(Check):
    """Share of the span's rows that have no label.

    It blocks on what is more than in the reference, beyond chance: a share that was accepted before only warns.

    Attributes:
        warn: `share`, 0 to 1 (default 0, any; adapts to 8 or more accepted spans); ``off`` turns the level off.
        block: `share` more than in the reference, 0 to 1 (default 0.05); without a reference, of all rows.
    """

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding about the span."""
        now, ref, label = context.current, context.reference, context.window.label
        share, rows = _share(now)
        before, rows_before = _share(ref) if ref else (0.0, 0)
        widest = math.inf if self.block.share is None else self.block.share
        limit = common.adapted(context, "missing_label", label, self.warn.share, widest)
        chance = rules.more_often_p(ref.unlabelled, rows_before, now.unlabelled, rows) if ref and rows_before else None
        if chance is None and self.block.share is not None:
            chance = rules.at_least_p(now.unlabelled, rows, self.block.share)
        blocks = common.above(share - before, self.block.share) and (chance or 0.0) < rules.BLOCK_ALPHA
        level = common.severity(blocks, common.above(share, limit) or blocks)
        text = f"{label}: {common.percent(share)} of rows in span {now.span} have no label ({now.unlabelled} of {rows})"
        text += f", {common.percent(before)} in {common.name_of(ref)}" if ref and rows_before else ""
        text += (
            "" if not level.rank else f"; they are left out, and the limit is {self._limit(level, limit, rows_before)}"
        )
        if not now.unlabelled:
            text = f"{label}: every row in span {now.span} has a label"
        observed = {"share": share, "unlabelled": now.unlabelled, "rows": rows, "share_before": before}
        observed["rows_before"] = rows_before
        allowed = common.bounds(self, block_chance=rules.BLOCK_ALPHA)
        return [
            common.report(
                context, "missing_label", label, level, observed, allowed, f"{text}.", REMEDY, statistic=share
            )
        ]

    def _limit(self, level: Severity, limit: float | None, rows_before: int) -> str:
        if level is Severity.BLOCK:
            share = self.block.share or 0.0
            return f"+{100 * share:g} points" if rows_before else common.percent(share)
        return "none" if not limit else common.percent(limit)


def _share(span: SpanEvidence) -> tuple[float, int]:
    """Share of rows without a label, and all rows."""
    rows = span.rows + span.unlabelled
    return (span.unlabelled / rows if rows else 0.0), rows

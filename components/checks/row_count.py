"""Spans with far fewer or far more rows than before: a file that did not arrive, or arrived twice."""

from __future__ import annotations

import itertools
import statistics

from components import statistics_rules as rules
from components.checks import _common as common
from components.interfaces import Check, DataContext, plugin
from components.parameters import AmountLimit, ShareLimit
from schemas.findings import Finding, Severity

#: From this many earlier spans on, their own ups and downs widen the limits of `warn` (thresholds: the adaptive rule).
HISTORY = 8

RIGHT = "If so {} rows are right, accept them with --accept row_count --reason TEXT."


@plugin
class Warn:
    """10 % either way; TFDV's and Evidently's tolerance."""

    drop: ShareLimit = 0.1
    growth: AmountLimit = 0.1


@plugin
class Block:
    """Half the rows gone: half the files did not come. Growth blocks only when it triples: more data rarely harms."""

    drop: ShareLimit = 0.5
    growth: AmountLimit = 2.0


@plugin
class RowCount(Check):
    """Relative change of the number of labelled rows against the reference span; a limit that is reached counts.

    Changes that two Poisson counts would show by chance pass. With 8 or more earlier spans in the window, `warn` is
    widened to mean ± 3 standard deviations of their span-to-span changes. A span without rows always blocks.
    On a first run the reference is the mean of the earlier spans.

    Attributes:
        warn: `drop` (0.1) and `growth` (0.1), relative; ``off`` turns one off.
        block: `drop` (0.5) and `growth` (2.0, that is three times the rows).
    """

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding about the rows of the span."""
        now, before = context.current, _rows_before(context)
        if now.rows and not before:
            found = common.nothing_to_compare("row_count", context, common.why_no_reference(context))
            return [found.model_copy(update={"observed": {"rows": now.rows, "unlabelled": now.unlabelled}})]
        change = (now.rows - before) / before if before else -1.0
        low, high = _usual(context)
        noise, sure = (rules.count_change_floor(before, now.rows, a) for a in (rules.ALPHA, rules.BLOCK_ALPHA))
        level, limit = self._level(change, noise, sure, low, high)
        where = common.name_of(context.reference) if context.reference else "nothing"
        text = f"rows: span {now.span} has {now.rows}, {where} had {before:.0f} ({100 * change:+.1f} %)"
        if not now.rows:
            level, text, limit = Severity.BLOCK, f"rows: span {now.span} has no labelled rows", "at least one row"
        if now.unlabelled:
            text += f", and {now.unlabelled} without a label"
        text += f"; the limit is {limit}." if limit else "."
        observed = {"rows": now.rows, "rows_before": before, "change": change, "unlabelled": now.unlabelled}
        allowed = common.bounds(self, usual_low=low, usual_high=high, warn_noise=noise, block_noise=sure)
        return [common.report(context, "row_count", "rows", level, observed, allowed, text, _remedy(change))]

    def _level(self, change: float, noise: float, sure: float, low: float, high: float) -> tuple[Severity, str]:
        """Severity, and the limit that was reached in words."""
        warn, block, sign = (
            (self.warn.drop, self.block.drop, "-") if change < 0 else (self.warn.growth, self.block.growth, "+")
        )
        if abs(change) <= noise:
            return Severity.OK, ""
        if block is not None and abs(change) >= block - common.ROUNDING:
            return common.severity(abs(change) > sure, True), f"{sign}{100 * block:g} %"
        if warn is not None and abs(change) >= warn - common.ROUNDING and not low <= change <= high:
            return Severity.WARN, f"{sign}{100 * max(warn, -low if change < 0 else high):.3g} %"
        return Severity.OK, ""


def _rows_before(context: DataContext) -> float:
    """Rows of one span to compare with; 0 when there is none."""
    if context.reference is None:
        return 0.0
    earlier = [s.rows for s in context.window.spans[:-1]]
    if context.reference.span == common.POOLED and earlier:
        return statistics.fmean(earlier)
    return float(context.reference.rows)


def _usual(context: DataContext) -> tuple[float, float]:
    """Mean ± 3 standard deviations of the earlier span-to-span changes; 0, 0 with too little history."""
    rows = [s.rows for s in context.window.spans[:-1]]
    changes = [(b - a) / a for a, b in itertools.pairwise(rows) if a]
    if len(rows) < HISTORY or len(changes) < 2:
        return 0.0, 0.0
    middle, width = statistics.fmean(changes), 3 * statistics.stdev(changes)
    return middle - width, middle + width


def _remedy(change: float) -> str:
    cause, amount = ("all files of the span have", "few") if change < 0 else ("no file has", "many")
    return f"Make sure that {cause} arrived{' twice' * (change > 0)}. {RIGHT.format(amount)}"

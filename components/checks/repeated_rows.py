"""Rows that the reference span had already: an old file delivered again, an export that did not move on."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from components import statistics_rules as rules
from components.checks import _common as common
from components.checks import _rows as by_row
from components.interfaces import Check, DataContext, plugin
from components.parameters import ShareLimit
from components.samples import U64, RowKeys
from schemas.evidence import SpanEvidence
from schemas.findings import Finding, Severity

REMEDY = (
    "Look whether an old file was delivered again or the export did not move on. If rows really come again, accept them with "
    "--accept repeated_rows --reason TEXT."
)

#: Below this share of rows that repeat inside the span, the same set of rows is no coincidence.
BY_NATURE = 0.5


@plugin
class Warn:
    """1 % of rows, as for duplicates: a retrain on them learns nothing new and weighs them twice."""

    share: ShareLimit = 0.01


@plugin
class Block:
    """50 %: most of the span is old."""

    share: ShareLimit = 0.5


@plugin
class RepeatedRows(Check):
    """Share of the span's rows that the reference span also has, in everything, beyond coincidence.

    In tables of few distinct rows, rows come again by nature. How many is estimated from the rows that occur once only
    (Good and Turing): of the reference where the window holds it, else from the number of its distinct rows.

    Attributes:
        warn: `share` of rows beyond coincidence, 0 to 1 (default 0.01); ``off`` turns the level off.
        block: the same (default 0.5).
    """

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding about all rows of the span."""
        keys, ref, old = by_row.current(context), context.reference, context.reference_keys
        if keys is None or ref is None or old is None or not len(old):
            why = by_row.no_rows(context) if keys is None else common.why_no_reference(context)
            return [common.nothing_to_compare("repeated_rows", context, why)]
        if ref.span == context.current.span:
            why = f"span {ref.span} itself was the last one accepted"
            return [common.nothing_to_compare("repeated_rows", context, why)]
        return [self._judge(context, ref, keys, old, by_row.reference(context))]

    def _judge(
        self, context: DataContext, ref: SpanEvidence, keys: RowKeys, old: U64, reference: RowKeys | None
    ) -> Finding:
        again = by_row.among(keys.row, old)
        share, rows = float(again.mean()), len(keys)
        natural, noise, sure = _coincidence(reference if reference is not None else keys, rows)
        if reference is None and keys.share == 1:
            natural = _at_most(len(np.unique(old)), ref.rows)
        excess = share - natural
        same = self._unchanged(context, ref, keys, old, reference)
        bounds = [b for b in (self.warn.share, self.block.share) if b is not None]
        level = common.severity(
            self.block.share is not None and (same or (common.above(excess, self.block.share) and excess > sure)),
            bool(bounds) and (same or (common.above(excess, min(bounds)) and excess > noise)),
        )
        before = common.name_of(ref)
        text = (
            f"rows: {common.percent(share)} of span {context.current.span} ({int(again.sum())} of {rows}) are rows of "
            f"{before} too"
        )
        text += f", {common.percent(natural)} are coincidence" if natural else ""
        limit = self.block.share if level is Severity.BLOCK else self.warn.share
        if same and level.rank:
            text += f"; the span is unchanged since {before}."
        else:
            text += f"; the limit is {common.percent(limit or 0.0)}." if level.rank else "."
        observed = {"share": share, "repeated": int(again.sum()), "rows": rows, "natural_share": natural}
        allowed = common.bounds(self, warn_noise_share=noise, block_noise_share=sure)
        places = by_row.places(context, keys, again) if level.rank else []
        return common.report(
            context, "repeated_rows", "rows", level, observed, allowed, text, REMEDY, statistic=share, rows=places
        )

    def _unchanged(
        self, context: DataContext, ref: SpanEvidence, keys: RowKeys, old: U64, reference: RowKeys | None
    ) -> bool:
        """Whether the span is the reference once more."""
        if ref.span == common.POOLED or ref.rows != context.current.rows:
            return False
        if reference is not None:
            return len(reference) == len(keys) and np.array_equal(np.sort(reference.row), np.sort(keys.row))
        distinct = np.unique(keys.row)
        return len(distinct) > BY_NATURE * len(keys) and np.array_equal(distinct, np.unique(old))


def _at_most(distinct: int, rows: int) -> float:
    """Bound of the share that is among so many rows anyway, where only their number and that of the distinct ones is known.

    Rows that are not alone are at most twice the rows that are repeats, exactly so when all come in pairs.
    """
    return min(1.0, 2 * max(0.0, 1 - distinct / rows)) if rows else 0.0


def _coincidence(known: RowKeys, rows: int) -> tuple[float, float, float]:
    """Share of `rows` new rows that are among the known ones anyway, and how far it may be exceeded (warn, block).

    Good-Turing: 1 - singletons / n, with the variance of W. W. Esty, Annals of Statistics 11 (1983), the sampling of the new
    rows, and one row more: what was not seen may still happen.
    """
    times, n = by_row.counts(known.row), len(known)
    once, twice = int(np.sum(times == 1)), int(np.sum(times == 2))
    seen = 1 - once / n
    likely = (n - once + 1) / (n + 1)
    variance = (once * (1 - once / n) + 2 * twice + 3) / n**2 + likely * (1 - likely) / rows
    noise, sure = (
        NormalDist().inv_cdf(1 - a) * math.sqrt(variance) + 1 / (n + 1) for a in (rules.ALPHA, rules.BLOCK_ALPHA)
    )
    return seen, noise, sure

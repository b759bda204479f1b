"""Time that runs backwards: a span whose rows are older than those of the spans before it."""

from __future__ import annotations

import math

import numpy as np

from components.checks import _common as common
from components.checks import _rows as by_row
from components.interfaces import Check, DataContext, plugin
from components.parameters import ShareLimit
from components.samples import RowKeys
from schemas.findings import Finding

REMEDY = (
    "Look whether an old file came under a new number, or {name} changed its unit or time zone. If late rows are usual, "
    "accept them with --accept time_order --reason TEXT."
)

#: The newest of the earlier rows is taken at this quantile: one row with a broken time must not make all others old.
NEWEST = 0.999


@plugin
class Warn:
    """1 % of rows: some always come late."""

    share: ShareLimit = 0.01


@plugin
class Block:
    """50 %: most of the span is older than what came before."""

    share: ShareLimit = 0.5


@plugin
class TimeOrder(Check):
    """Share of the span's rows that are older than the newest row of the earlier spans in the window.

    With 8 or more accepted spans, the limit of `warn` is at least their mean plus 3 standard deviations: where rows always
    come a little late, that is usual.

    Attributes:
        warn: `share` of rows with a time, 0 to 1 (default 0.01); ``off`` turns the level off.
        block: the same (default 0.5).
    """

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding about all rows that have a time."""
        name, keys, times = context.facts.time, by_row.current(context), _earlier(context)
        if name is None or keys is None or keys.time is None or times is None:
            why = (
                "no time column is configured (data.time)"
                if name is None
                else "the window has no earlier rows with times"
            )
            return [common.nothing_to_compare("time_order", context, why)]
        known = np.isfinite(keys.time)
        rows = int(known.sum())
        if not rows:
            why = f"no row of span {context.current.span} has a time in {name}"
            return [common.nothing_to_compare("time_order", context, why)]
        newest = np.quantile(times, NEWEST, method="lower")
        old = known & (np.where(known, keys.time, np.inf) < newest)
        return [self._judge(context, name, keys, old, rows)]

    def _judge(self, context: DataContext, name: str, keys: RowKeys, old: np.ndarray, rows: int) -> Finding:
        count = int(old.sum())
        share, widest = count / rows, math.inf if self.block.share is None else self.block.share
        limit = common.adapted(context, "time_order", name, self.warn.share, widest=widest)
        if limit is not None and self.warn.share is not None:
            limit = max(limit, self.warn.share)  # A stray row after quiet spans is no fault: only ever wider.
        level = common.severity(common.above(share, self.block.share), common.above(share, limit))
        text = (
            f"{name}: {common.percent(share)} of rows in span {context.current.span} ({count} of {rows}) are older than the "
            f"newest of the spans before"
        )
        shown = self.block.share if level.value == "block" else limit
        text += f"; the limit is {common.percent(shown or 0.0)}." if level.rank else "."
        observed = {"share": share, "older": count, "rows": rows}
        places = by_row.places(context, keys, old) if level.rank else []
        allowed = {**common.bounds(self), "warn_share_here": limit}
        remedy = REMEDY.format(name=name)
        return common.report(
            context, "time_order", name, level, observed, allowed, text, remedy, statistic=share, rows=places
        )


def _earlier(context: DataContext) -> np.ndarray | None:
    """Times of all rows of earlier spans in the window; None when there are none."""
    keys = context.keys
    if keys is None or keys.time is None:
        return None
    times = keys.time[(keys.span < context.current.span) & np.isfinite(keys.time)]
    return times if len(times) else None

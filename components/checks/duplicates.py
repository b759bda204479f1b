"""Rows that are there twice: a file delivered two times, a join that multiplied rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

from components import statistics_rules as rules
from components.checks import _common as common
from components.checks import _rows as by_row
from components.interfaces import Check, DataContext, plugin
from components.parameters import ShareLimit
from schemas.findings import Finding, Severity

REMEDY = (
    "Deliver the span without the repeated rows: they count twice in training. If the table repeats rows by nature, "
    "accept that with --accept duplicates --reason TEXT; later spans are then compared with this one."
)

#: From this many distinct rows on, it is no chance (below 1 in 1000) that each is there an even number of times.
ALL_TWICE = 10

#: Where more rows than this repeat and nothing is known from before, the table is taken to repeat rows by nature.
BY_NATURE = 0.5


@plugin
class Warn:
    """1 % of rows; Deepchecks' data duplicates warn from 5 % on, but a doubled file among many is less."""

    share: ShareLimit = 0.01


@plugin
class Block:
    """5 % of rows: Deepchecks' default; so many distort what is learned and what is measured."""

    share: ShareLimit = 0.05


@dataclass(frozen=True)
class Natural:
    """The share of repeats that is natural in the span, and from where it is known.

    Attributes:
        share: in the span, 0 to 1.
        seen: share in the reference.
        rows: rows of either side that were compared; 0 when nothing is known: equal rows are then taken for no chance at all.
        scale: `share` per `seen`.
    """

    share: float
    seen: float = 0.0
    rows: int = 0
    scale: float = 1.0

    def noise(self, alpha: float) -> float:
        """How far the span may exceed it by chance: repeats as Poisson counts, and one more than were seen."""
        if not self.rows:
            return 0.0
        rate = self.seen + 1 / self.rows
        return self.scale * (1 / self.rows + NormalDist().inv_cdf(1 - alpha) * math.sqrt(rate * 2 / self.rows))


@plugin
class Duplicates(Check):
    """Share of the span's rows that equal an earlier row of it in everything, beyond what the reference has by nature.

    What is natural: the share in as many rows of the reference, where the window holds it, else the latest accepted share,
    else none. Without either, repeats only warn, and a table in which most rows repeat passes. That each row is there twice
    (or three times, ...) always blocks.

    Attributes:
        warn: `share` of rows beyond the natural share, 0 to 1 (default 0.01); ``off`` turns the level off.
        block: the same (default 0.05).
    """

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding about all rows of the span."""
        keys = by_row.current(context)
        if keys is None:
            return [common.nothing_to_compare("duplicates", context, by_row.no_rows(context))]
        again = by_row.repeats(keys, keys.row)
        times = by_row.counts(keys.row)
        share, rows = float(again.mean()), len(keys)
        known = _natural(context, times, share)
        every = math.gcd(*times.tolist()) if len(times) >= ALL_TWICE else 1
        level = self._level(share, known, every)
        natural = known.share
        text = (
            f"rows: {common.percent(share)} of span {context.current.span} ({int(again.sum())} of {rows}) equal an earlier "
            f"row in everything"
        )
        text += f", {common.percent(natural)} are natural in this table" if natural else ""
        text += f"; every row is there {every} times" if every > 1 else ""
        limit = self.block.share if level is Severity.BLOCK else self.warn.share
        text += f"; the limit is {common.percent(limit)}." if level.rank and limit is not None else "."
        observed = {"share": share, "duplicates": int(again.sum()), "rows": rows, "natural_share": natural}
        places = by_row.places(context, keys, again) if level.rank else []
        allowed = common.bounds(
            self, warn_noise_share=known.noise(rules.ALPHA), block_noise_share=known.noise(rules.BLOCK_ALPHA)
        )
        return [
            common.report(
                context, "duplicates", "rows", level, observed, allowed, text, REMEDY, statistic=share, rows=places
            )
        ]

    def _level(self, share: float, known: Natural, every: int) -> Severity:
        excess, bounds = share - known.share, [b for b in (self.warn.share, self.block.share) if b is not None]
        # With nothing to compare with, no one can tell a table of few distinct rows from a span that came twice in part.
        known_enough = known.rows > 0
        blocks = known_enough and common.above(excess, self.block.share) and excess > known.noise(rules.BLOCK_ALPHA)
        warns = bool(bounds) and common.above(excess, min(bounds)) and excess > known.noise(rules.ALPHA)
        twice = every > 1
        return common.severity(blocks or (twice and self.block.share is not None), warns or (twice and bool(bounds)))


def _natural(context: DataContext, times: by_row.Ints, share: float) -> Natural:
    """The share to expect in a span whose rows occur so many times."""
    rows, reference = int(times.sum()), by_row.reference(context)
    if reference is not None:
        # The more rows, the more of them repeat: both sides are compared at the smaller number of rows.
        fewer = min(rows, len(reference))
        there = by_row.expected_repeats(by_row.counts(reference.row), fewer)
        here = by_row.expected_repeats(times, fewer)
        scale = share / here if here > 0 else 1.0
        return Natural(min(1.0, there * scale), there, fewer, scale)
    past = [v for v in context.history.get("duplicates", {}).get("rows", ()) if math.isfinite(v)]
    if past:
        before = min(1.0, max(0.0, past[-1]))
        return Natural(before, before, min(rows, context.reference.rows if context.reference else rows))
    return Natural(share if share > BY_NATURE else 0.0)

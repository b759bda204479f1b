"""Rows with the same inputs and another label: a label that was corrected but not replaced, a join gone wrong."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from components import statistics_rules as rules
from components.checks import _common as common
from components.checks import _rows as by_row
from components.interfaces import Check, DataContext, plugin
from components.parameters import ShareLimit
from components.samples import Mask, RowKeys
from schemas.findings import Finding, Severity

REMEDY = (
    "Keep one row of each conflict, the one with the right label. If the inputs really do not decide the label, accept that "
    "with --accept conflicting_labels --reason TEXT."
)


@plugin
class Warn:
    """Any conflict beyond those that rows with equal inputs have by chance."""

    share: ShareLimit = 0.0


@plugin
class Block:
    """1 % of rows: no model can be right about more than half of them."""

    share: ShareLimit = 0.01


@dataclass(frozen=True)
class Conflicts:
    """Rows in conflict.

    Attributes:
        rows: how many there are.
        by_chance: how many to expect if rows with equal inputs had labels at random.
        group: rows of the group that such a row is in, on average: conflicts come as whole groups of equal inputs.
        mask: which rows.
    """

    rows: int
    by_chance: float
    group: float
    mask: Mask


@plugin
class ConflictingLabels(Check):
    """Share of the span's rows whose inputs also occur with another label, beyond what is natural.

    Tables with few distinct inputs have conflicts by nature. So they are held against the conflicts to expect if rows with
    equal inputs had labels drawn from the span's label shares, which is more than any honest table has; and where the window
    holds the reference, against the reference's own conflicts at the span's size.

    Attributes:
        warn: `share` of rows beyond the natural share and its noise, 0 to 1 (default 0); ``off`` turns the level off.
        block: the same (default 0.01).
    """

    for_amounts = False

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding about all rows of the span."""
        keys = by_row.current(context)
        if keys is None:
            return [common.nothing_to_compare("conflicting_labels", context, by_row.no_rows(context))]
        found, rows = conflicts(keys), len(keys)
        reference = by_row.reference(context)
        before, size = (None, 1.0) if reference is None else (conflicts(reference), rows / len(reference))
        natural, deviation = _natural(found, before, size)
        excess, natural = (found.rows - natural) / rows, natural / rows
        noise, sure = (NormalDist().inv_cdf(1 - a) * deviation / rows for a in (rules.ALPHA, rules.BLOCK_ALPHA))
        bounds = [b for b in (self.warn.share, self.block.share) if b is not None]
        level = common.severity(
            common.above(excess, self.block.share) and excess > sure,
            bool(bounds) and common.above(excess, min(bounds)) and excess > noise,
        )
        share = found.rows / rows
        text = (
            f"rows: {common.percent(share)} of span {context.current.span} ({found.rows} of {rows}) have the inputs of another "
            f"row with another label; {common.percent(natural)} are natural here"
        )
        limit = self.block.share if level is Severity.BLOCK else self.warn.share
        text += f"; the limit is {common.percent(limit or 0.0)} more." if level.rank else "."
        observed = {"share": share, "conflicts": found.rows, "rows": rows, "natural_share": natural, "excess": excess}
        allowed = common.bounds(self, warn_noise_share=noise, block_noise_share=sure)
        places = by_row.places(context, keys, found.mask) if level.rank else []
        return [
            common.report(
                context,
                "conflicting_labels",
                "rows",
                level,
                observed,
                allowed,
                text,
                REMEDY,
                statistic=share,
                rows=places,
            )
        ]


def conflicts(keys: RowKeys) -> Conflicts:
    """Which rows have the inputs of another row and another label than it."""
    _, of, times = np.unique(keys.inputs, return_inverse=True, return_counts=True)
    of = of.reshape(-1)
    low, high = np.full(len(times), np.uint64(2**64 - 1)), np.zeros(len(times), np.uint64)
    np.minimum.at(low, of, keys.label)
    np.maximum.at(high, of, keys.label)
    mixed = low != high
    shares = by_row.counts(keys.label) / len(keys)
    sizes, frequency = np.unique(times, return_counts=True)
    expected = frequency * sizes * np.array([1 - np.sum(shares**size) for size in sizes.tolist()])
    chance, chosen = float(expected[sizes > 1].sum()), mixed[of]
    group = float((expected * sizes)[sizes > 1].sum()) / chance if chance else 2.0
    return Conflicts(int(chosen.sum()), chance, group, chosen)


def _natural(now: Conflicts, then: Conflicts | None, size: float) -> tuple[float, float]:
    """Rows in conflict that are natural, and their standard deviation: conflicts as Poisson counts of whole groups.

    Args:
        size: rows of the span over rows of the reference. Rows meet in pairs, so conflicts grow with its square at most.
            They shrink with the size itself at most: in a table of few inputs nearly every row is in conflict at any size.
    """
    if then is None:
        return now.by_chance, math.sqrt(now.group * now.by_chance)
    # Two rows more: one conflict is the least that the reference may have missed.
    growth = max(size, size**2)
    natural = min((then.rows + 2) * growth, now.by_chance)
    return natural, math.sqrt(now.group * natural * (1 + growth))

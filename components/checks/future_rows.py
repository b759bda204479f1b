"""Rows of the future in train: with a split by time, no model may learn from what came after its test rows."""

from __future__ import annotations

import numpy as np

from components.checks import _common as common
from components.checks import _rows as by_row
from components.interfaces import Check, DataContext, plugin
from components.parameters import CountLimit
from components.samples import Floats, RowKeys
from schemas.evidence import SPLITS
from schemas.findings import Finding

REMEDY = (
    "Look whether {name} has broken or mixed values, or whether rows changed since their split was decided; then run again "
    "without the cache. To train all the same: --accept future_rows --reason TEXT."
)

#: Which split may not be newer than which.
PAIRS = (("train", "test"), ("eval", "test"), ("train", "eval"))


@plugin
class Warn:
    """Off: there is no harmless number; a first row already blocks."""

    rows: CountLimit = None


@plugin
class Block:
    """None: a split by time is meant to leave the future out."""

    rows: CountLimit = 0


@plugin
class FutureRows(Check):
    """Rows of train or eval that are newer than the oldest row of a later split, where rows are split by time.

    Rows of the same time are allowed on both sides of a cut; rows without a time are not compared.

    Attributes:
        warn: `rows` of one split in the whole window (off); ``off`` turns the level off.
        block: the same (default 0).
    """

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding per pair of splits that have rows with times."""
        keys, name = context.keys, context.facts.time
        if not context.facts.by_time or name is None or keys is None or keys.time is None:
            why = "there are no times of rows" if context.facts.by_time else "rows are not split by time"
            return [common.nothing_to_compare("future_rows", context, why)]
        known = np.isfinite(keys.time)
        there = {s: known & (keys.split == i) for i, s in enumerate(SPLITS)}
        pairs = [(a, b) for a, b in PAIRS if there[a].any() and there[b].any()]
        if not pairs:
            return [common.nothing_to_compare("future_rows", context, "less than two splits have rows with times")]
        return [self._judge(context, name, keys, keys.time, there, *pair) for pair in pairs]

    def _judge(
        self,
        context: DataContext,
        name: str,
        keys: RowKeys,
        times: Floats,
        there: dict[str, np.ndarray],
        earlier: str,
        later: str,
    ) -> Finding:
        oldest = float(times[there[later]].min())
        future = there[earlier] & (np.where(there[earlier], times, -np.inf) > oldest)
        count, rows = int(future.sum()), int(there[earlier].sum())
        text = f"{name}: {count} of {rows} {earlier} rows are newer than the oldest {later} row"
        observed = {"newer": count, "rows": rows, "share": count / rows}
        subject, limits, remedy = f"{earlier}, {later}", (self.warn, self.block), REMEDY.format(name=name)
        return by_row.judged(context, "future_rows", subject, limits, keys, future, observed, text, remedy)

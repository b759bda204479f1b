"""The proof that the test set is frozen: rows that earlier runs held out of training are all still in test."""

from __future__ import annotations

import numpy as np

from components.checks import _common as common
from components.checks import _rows as by_row
from components.interfaces import Check, DataContext, FrozenKeys, plugin
from components.parameters import CountLimit, ShareLimit
from components.samples import U64, Mask, RowKeys
from schemas.evidence import SPLITS
from schemas.findings import Finding

MOVED = (
    "Do not train on them: the champion was chosen on these rows. Put back the registry of test rows in the workspace "
    "(registry/NAME/test), or accept it with --accept frozen_test --reason TEXT."
)
GONE = (
    "Rows are known by what they say: name a column with the id of a row in data.id before rows are corrected. If the data were replaced "
    "on purpose, the comparison with the champion may rest on rows that it was trained on."
)
NO_KEYS: U64 = np.empty(0, np.uint64)


@plugin
class Warn:
    """Half: a few corrected or deleted rows are usual, a test set that is mostly another one is news. Rows: the first one blocks."""

    rows: CountLimit = None
    gone: ShareLimit = 0.5


@plugin
class Block:
    """None moved: one row in train that models were judged on is a leak. Rows that are gone leak nothing by themselves: off."""

    rows: CountLimit = 0
    gone: ShareLimit = None


@plugin
class FrozenTest(Check):
    """Test rows of earlier runs, known by what they say, by id and by group: none may be in train or eval.

    Where rows are split by time, the newest part is test, and rows of the past go to train by design: it counts them and never blocks.

    Attributes:
        warn: `rows`, how many may be in train or eval (off); `gone`, share of the registered rows of the window that are not found any
            more, 0 to 1 (default 0.5); ``off`` turns one off.
        block: `rows` (default 0) and `gone` (off), the same.
    """

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding about rows that are found, and one about those that are not."""
        keys, spans = context.keys, {s.span for s in context.window.spans}
        frozen = [f for f in context.facts.frozen if f.span in spans]
        if keys is None or not len(keys):
            return [common.nothing_to_compare("frozen_test", context, by_row.no_rows(context))]
        if not frozen:
            return [common.nothing_to_compare("frozen_test", context, "no earlier run held out rows of other data")]
        moved = _held(keys, frozen, context) & (keys.split != SPLITS.index("test"))
        if context.facts.by_time:
            return [_by_time(context, frozen, int(moved.sum()))]
        return [self._moved(context, keys, frozen, moved), *self._gone(context, keys, frozen)]

    def _moved(self, context: DataContext, keys: RowKeys, frozen: list[FrozenKeys], moved: Mask) -> Finding:
        rows, elsewhere = _rows(frozen), dict(context.facts.held)
        count, there = int(moved.sum()), int(by_row.among(rows, np.unique(keys.row)).sum()) if len(rows) else 0
        text = (
            f"test: {count} rows that earlier runs held out are in train or eval now, of {there} in {_spans(frozen)}"
            if count
            else f"test set frozen: {there} rows of {_spans(frozen)} that earlier runs held out are all still in test"
        )
        if elsewhere:
            split = ", ".join(f"{n} in {s}" for s, n in elsewhere.items())
            text += f"; data.split as it is now would have {split} of the window's rows, which stay in test"
        observed = {"moved": count, "registered": len(rows), "found": there, "held": sum(elsewhere.values())}
        return by_row.judged(
            context, "frozen_test", "rows", (self.warn, self.block), keys, moved, observed, text, MOVED
        )

    def _gone(self, context: DataContext, keys: RowKeys, frozen: list[FrozenKeys]) -> list[Finding]:
        """Nothing where there are too many rows to look at all of them: those left out would seem to be gone."""
        rows = _rows(frozen)
        if keys.share < 1 or not len(rows):
            return []
        count = int((~by_row.among(rows, np.unique(keys.row))).sum())
        share = count / len(rows)
        block, warn = common.above(share, self.block.gone), common.above(share, self.warn.gone)
        level, limit = common.severity(block, warn), self.block.gone if block else self.warn.gone
        text = f"gone: {common.percent(share)} of these rows ({count} of {len(rows)}) are not in the data as they were"
        text += f"; the limit is {common.percent(limit or 0.0)}." if level.rank else "."
        observed, allowed = (
            {"share": share, "gone": count, "registered": len(rows)},
            {"warn_gone": self.warn.gone, "block_gone": self.block.gone},
        )
        return [common.report(context, "frozen_test", "gone", level, observed, allowed, text, GONE)]


def _rows(frozen: list[FrozenKeys]) -> U64:
    """What is registered by what rows say."""
    return np.unique(np.concatenate([NO_KEYS, *(f.keys for f in frozen if f.way == "row")]))


def _held(keys: RowKeys, frozen: list[FrozenKeys], context: DataContext) -> Mask:
    """Which rows are registered in any way that the keys can tell."""
    group = keys.group if keys.group is not None else keys.entity
    columns = {"row": (None, keys.row), "id": (context.facts.id, keys.id), "group": (context.facts.group, group)}
    held = np.zeros(len(keys), bool)
    for part in frozen:
        column, values = columns[part.way]
        if values is not None and column == part.column and len(part.keys):
            held |= by_row.among(values, part.keys)
    return held


def _spans(frozen: list[FrozenKeys]) -> str:
    spans = sorted({f.span for f in frozen})
    return f"span {spans[0]}" if len(spans) == 1 else f"spans {spans[0]} to {spans[-1]}"


def _by_time(context: DataContext, frozen: list[FrozenKeys], moved: int) -> Finding:
    total = len(_rows(frozen))
    text = (
        f"test set moves on by time: of {total} rows of {_spans(frozen)} that were test in earlier runs, {moved} are in train or "
        "eval now, as data.split.by_time has it: only the newest rows are test."
    )
    observed = {"moved": moved, "registered": total}
    return common.report(
        context, "frozen_test", "rows", common.severity(blocks=False, warns=False), observed, {}, text, ""
    )

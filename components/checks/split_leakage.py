"""The same thing in two splits: a model that has seen the answer looks better than it is."""

from __future__ import annotations

import numpy as np

from components.checks import _common as common
from components.checks import _rows as by_row
from components.interfaces import Check, DataContext, plugin
from components.parameters import CountLimit, ShareLimit
from components.samples import MISSING, U64, Mask, RowKeys
from schemas.evidence import SPLITS
from schemas.findings import Finding

REMEDY = (
    "Keep {what} in one split with data.split.group_by: {column}. If they are meant to be in several, as customers that come "
    "again are, set checks.split_leakage.block.{limit}: off, or once: --accept split_leakage --reason TEXT."
)
ROWS = "Deliver each row once, or accept it with --accept split_leakage --reason TEXT."
INPUTS = (
    "Rows that differ only in columns that are no inputs are split apart. If they are about the same thing, name a column "
    "that says so in data.split.group_by; else accept them with --accept split_leakage --reason TEXT."
)
#: Below this share of distinct inputs, two rows with the same ones are likely a coincidence.
DISTINCT = 0.9


@plugin
class Warn:
    """1 % of test rows: as for duplicates; two honest rows may agree in all inputs."""

    inputs: ShareLimit = 0.01


@plugin
class Block:
    """None for ids, entities and whole rows, as Deepchecks; inputs are off, since a coincidence cannot be ruled out.

    Entities are off where rows are split by time: they come again later by design.
    """

    ids: CountLimit = 0
    entities: CountLimit = 0
    entities_by_time: CountLimit = None
    rows: CountLimit = 0
    inputs: ShareLimit = None


@plugin
class SplitLeakage(Check):
    """Ids, entities, whole rows and inputs that are in more than one split of the window.

    Rows without an id or entity are not compared. Equal inputs (with an equal label) count for test rows only, and only where
    at least 90 % of all inputs are distinct.

    Attributes:
        warn: `inputs`, share of test rows whose inputs are also in train or eval, 0 to 1 (default 0.01).
        block: numbers of `ids`, `entities` and whole `rows` in several splits (default 0 each), and `inputs` as in `warn`
            (off); ``off`` turns one off. Where rows are split by time, `entities_by_time` (off) takes the place of `entities`.
    """

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding per thing that can be compared."""
        keys, facts = context.keys, context.facts
        if keys is None or not len(keys):
            return [common.nothing_to_compare("split_leakage", context, by_row.no_rows(context))]
        found = []
        entities = "entities_by_time" if facts.by_time else "entities"
        for what, column, values in (("ids", facts.id, keys.id), (entities, facts.entity, keys.entity)):
            if column is not None and values is not None:
                remedy = REMEDY.format(what=f"rows of one {column}", column=column, limit=what)
                subject = f"{what.removesuffix('_by_time')} ({column})"
                found.append(self._things(context, keys, what, subject, values, remedy))
        found.append(self._things(context, keys, "rows", "rows", keys.row, ROWS))
        return [*found, self._inputs(context, keys)]

    def _things(
        self, context: DataContext, keys: RowKeys, what: str, subject: str, values: U64, remedy: str
    ) -> Finding:
        known = values != MISSING
        leaked = known & in_several(values, keys.split)
        count, all_of = len(np.unique(values[leaked])), len(np.unique(values[known]))
        limit: int | None = getattr(self.block, what)
        level = common.severity(common.above(count, limit), warns=False)
        text = f"{subject}: {count} of {all_of} are in more than one split, in {int(leaked.sum())} of {len(keys)} rows"
        if count and limit is None and what == "entities_by_time":
            text += "; entities may come again where rows are split by time"
        text += f"; the limit is {limit}." if level.rank else "."
        observed = {"leaked": count, "distinct": all_of, "leaked_rows": int(leaked.sum()), "rows": len(keys)}
        places = by_row.places(context, keys, leaked) if level.rank else []
        allowed = {f"block_{what}": limit}
        return common.report(context, "split_leakage", subject, level, observed, allowed, text, remedy, rows=places)

    def _inputs(self, context: DataContext, keys: RowKeys) -> Finding:
        distinct = len(np.unique(keys.inputs)) / len(keys)
        # Input and label in one number; equal pairs stay equal, others meet with a chance of 2**-64.
        both = keys.inputs ^ (keys.label * np.uint64(0x9E3779B97F4A7C15))
        test = keys.split == SPLITS.index("test")
        leaked = test & np.isin(both, both[~test])
        count, rows = int(leaked.sum()), int(test.sum())
        share = count / rows if rows else 0.0
        unique = distinct >= DISTINCT
        level = common.severity(
            unique and common.above(share, self.block.inputs), unique and common.above(share, self.warn.inputs)
        )
        text = f"inputs: {common.percent(share)} of test rows ({count} of {rows}) have inputs and label of a train or eval row"
        limit = self.block.inputs if level.value == "block" else self.warn.inputs
        text += f"; the limit is {common.percent(limit or 0.0)}" if level.rank else ""
        text += "." if unique else f"; no wonder where only {common.percent(distinct)} of inputs are distinct."
        observed = {"share": share, "leaked": count, "rows": rows, "distinct_share": distinct}
        allowed = {"warn_inputs": self.warn.inputs, "block_inputs": self.block.inputs, "from_distinct_share": DISTINCT}
        places = by_row.places(context, keys, leaked) if level.rank else []
        return common.report(context, "split_leakage", "inputs", level, observed, allowed, text, INPUTS, rows=places)


def in_several(values: U64, split: np.ndarray) -> Mask:
    """Which rows have a value that also occurs in another split."""
    distinct, of = np.unique(values, return_inverse=True)
    low, high = np.full(len(distinct), len(SPLITS), np.int8), np.full(len(distinct), -1, np.int8)
    of = of.reshape(-1)
    np.minimum.at(low, of, split)
    np.maximum.at(high, of, split)
    several: Mask = (low != high)[of]
    return several

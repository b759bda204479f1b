"""Test rows that an earlier model was trained on: the way of splitting changed, so the comparison with it is void."""

from __future__ import annotations

from components.checks import _common as common
from components.checks import _rows as by_row
from components.interfaces import Check, DataContext, plugin
from components.parameters import CountLimit
from schemas.evidence import SPLITS
from schemas.findings import Finding

REMEDY = (
    "Set data.split and its seed back to what they were. If the change is meant, accept it with --accept trained_test_rows "
    "--reason TEXT: the champion then looks better than it is on these rows."
)


@plugin
class Warn:
    """Off: there is no harmless number; a first row already blocks."""

    rows: CountLimit = None


@plugin
class Block:
    """None: the champion knows these rows, so a candidate that does not can hardly win."""

    rows: CountLimit = 0


@plugin
class TrainedTestRows(Check):
    """Rows of the test split that earlier runs trained on when rows were split in another way.

    Attributes:
        warn: test `rows` in the whole window (off); ``off`` turns the level off.
        block: the same (default 0).
    """

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding about the test rows of the window."""
        keys, trained = context.keys, context.facts.trained
        if keys is None or trained is None or not len(trained):
            why = "no earlier run split rows in another way" if keys is not None else by_row.no_rows(context)
            return [common.nothing_to_compare("trained_test_rows", context, why)]
        test = keys.split == SPLITS.index("test")
        known = test & by_row.among(keys.row, trained)
        count, rows = int(known.sum()), int(test.sum())
        share = count / rows if rows else 0.0
        text = (
            f"rows: {common.percent(share)} of the window's test rows ({count} of {rows}) were trained on by earlier runs, "
            f"which split rows in another way"
        )
        observed = {"share": share, "trained": count, "rows": rows}
        limits = self.warn, self.block
        return [by_row.judged(context, "trained_test_rows", "rows", limits, keys, known, observed, text, REMEDY)]

"""Spans that come late, or after a gap: a retrain on old news, or a span that was never delivered."""

from __future__ import annotations

import itertools
import math

from components.checks import _common as common
from components.interfaces import Check, DataContext, plugin
from components.parameters import CountLimit
from schemas.findings import Finding

LATE = (
    "Run the newest span instead. If the late one was corrected and is to be trained on, accept it with --accept span_order "
    "--reason TEXT."
)
GAP = "Deliver the missing spans and run them first, or accept the gap with --accept span_order --reason TEXT."

#: From this many steps between spans on, one knows whether their numbers usually leave gaps (dates without weekends do).
STEPS = 2


@plugin
class Warn:
    """None: spans are expected one after the other."""

    late: CountLimit = 0
    gap: CountLimit = 0


@plugin
class Block:
    """Off: the data of a late span may be good, and gaps are often known."""

    late: CountLimit = None
    gap: CountLimit = None


@plugin
class SpanOrder(Check):
    """How many spans the newest accepted one is ahead, and how many numbers are missing before this one.

    A gap is only told when it is wider than all those between the spans before, in the window and in the history.

    Attributes:
        warn: `late`, numbers that the newest accepted span is ahead (default 0), and `gap`, missing numbers (default 0);
            ``off`` turns one off.
        block: the same (both off).
    """

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding on lateness and one on the gap."""
        return [self._late(context), self._gap(context)]

    def _late(self, context: DataContext) -> Finding:
        now, newest = context.current.span, context.facts.newest_accepted
        ahead = max(0, newest - now) if newest is not None else 0
        level = common.severity(common.above(ahead, self.block.late), common.above(ahead, self.warn.late))
        text = f"span {now} is late: span {newest} was accepted before it." if ahead else f"span {now} is not late."
        allowed = {"warn_late": self.warn.late, "block_late": self.block.late}
        return common.report(context, "span_order", "late", level, {"ahead": ahead}, allowed, text, LATE)

    def _gap(self, context: DataContext) -> Finding:
        now, ref = context.current.span, context.reference
        before = {s.span for s in context.window.spans[:-1] if s.span < now}
        before |= {ref.span} if ref is not None and 0 <= ref.span < now else set()
        if not before:
            return common.nothing_to_compare("span_order", context, f"there is no span before span {now}")
        gap = now - max(before) - 1
        ordered = sorted(before)
        steps = [b - a - 1 for a, b in itertools.pairwise(ordered)]
        past = [round(v) for v in context.history.get("span_order", {}).get("gap", ()) if math.isfinite(v)]
        usual = max([*steps, *past], default=0)
        told = gap > usual and len(steps) + len(past) >= STEPS
        level = common.severity(told and common.above(gap, self.block.gap), told and common.above(gap, self.warn.gap))
        text = f"span {now}: {gap} span numbers are missing after span {max(before)}"
        text += f"; before, at most {usual} were missing." if level.rank else "."
        allowed = {"warn_gap": self.warn.gap, "block_gap": self.block.gap, "usual_gap": usual}
        return common.report(
            context, "span_order", "gap", level, {"gap": gap}, allowed, text, GAP, statistic=float(gap)
        )

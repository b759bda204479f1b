"""Label shares that changed from one span to the next: another population, or another meaning of the label."""

from __future__ import annotations

import numpy as np

from components import drift_rules as drift
from components import statistics_rules as rules
from components.checks import _common as common
from components.interfaces import Check, DataContext, plugin
from components.parameters import ShareLimit
from components.samples import Floats
from schemas.evidence import SpanEvidence
from schemas.findings import Finding, Severity

REMEDY = (
    "Find out whether the population or the labelling changed. If the change is real, accept it with "
    "--accept label_shift --reason TEXT, or raise checks.label_shift."
)


@plugin
class Warn:
    """V 0.10: Cohen's small effect; 5 points of any class."""

    v: ShareLimit = 0.1
    l_infinity: ShareLimit = 0.05


@plugin
class Block:
    """V 0.15: Deepchecks' default; 10 points of any class."""

    v: ShareLimit = 0.15
    l_infinity: ShareLimit = 0.1


@plugin
class LabelShift(Check):
    """Change of the label shares against the reference: Cramér's V, taken as if both spans had equally many
    rows, and the largest change of a share (L-infinity).

    Each statistic must exceed its limit and its noise floor; of a share, that of the class against all others. A class that is new or
    gone blocks, unless so few rows had it that chance explains it: below 1 in 20,000 it blocks, below 1 in 2000 it warns (over all
    classes).

    Attributes:
        warn: `v` (0.1) or `l_infinity` (0.05), either suffices; ``off`` drops one.
        block: `v` (0.15) or `l_infinity` (0.1).
    """

    for_amounts = False

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding about the shares, and one per class that is new or gone."""
        now, ref = context.current.label_counts, context.reference
        then = ref.label_counts if ref else {}
        if ref is None or not sum(now.values()) or not sum(then.values()):
            return [common.nothing_to_compare("label_shift", context, common.why_no_reference(context))]
        classes = sorted(c for c in {*then, *now} if then.get(c) or now.get(c))
        changed = [c for c in classes if bool(then.get(c)) != bool(now.get(c))]
        return [
            self._shares(context, ref, then, now),
            *(self._new_or_gone(context, ref, c, then, now, len(classes)) for c in changed),
        ]

    def _shares(self, context: DataContext, ref: SpanEvidence, then: rules.Counts, now: rules.Counts) -> Finding:
        classes, n, m = sorted({*then, *now}), sum(then.values()), sum(now.values())
        one, two = (np.array([side.get(c, 0) for c in classes], np.float64) for side in (then, now))
        v, real = drift.even_v(then, now), rules.cramers_v(then, now)
        floors = (rules.cramers_v_floor(then, now, 1, a) for a in (rules.ALPHA, rules.BLOCK_ALPHA))
        v_floor, v_sure = (drift.even_v_floor(v, real, f) for f in floors)
        moved = [_moved(one, two, i) for i in range(len(classes))]

        def beyond(bound: Warn | Block, v_noise: float, change: float, noise: float) -> bool:
            by_v = common.above(v, bound.v) and common.above(v, v_noise)
            return by_v or (common.above(change, bound.l_infinity) and common.above(change, noise))

        def level_of(change: float, floor: float, certain: float) -> Severity:
            warns = beyond(self.warn, v_floor, change, floor) or beyond(self.block, v_floor, change, floor)
            return common.severity(beyond(self.block, v_sure, change, certain), warns)

        levels = [level_of(*c) for c in moved]
        at = max(range(len(classes)), key=lambda i: (levels[i].rank, moved[i][0]))
        level, (l_inf, l_floor, l_sure) = levels[at], moved[at]
        bound, most = self.block if level is Severity.BLOCK else self.warn, classes[at]
        share, before = now.get(most, 0) / m, then.get(most, 0) / n
        label, was = (
            context.window.label,
            f"{common.percent(before)} in {common.name_of(ref)} ({then.get(most, 0)} of {n})",
        )
        text = f"{label}: {common.percent(share)} of rows in span {context.current.span} are {most!r} "
        text += f"({now.get(most, 0)} of {m}), {was}"
        if level.rank:
            text += f"; V is {v:.3f} and the limits are V {bound.v or 1:g} and {100 * (bound.l_infinity or 1):g} points"
        values = {"v": v, "l_infinity": l_inf, "share": share, "share_before": before}
        sure = {"block_noise_v": v_sure, "block_noise_l_infinity": l_sure}
        allowed = common.bounds(self, **sure, warn_noise_v=v_floor, warn_noise_l_infinity=l_floor)
        observed: common.Numbers = {**values, "rows": m, "rows_before": n, "class": most}
        return common.report(context, "label_shift", label, level, observed, allowed, text + ".", REMEDY)

    def _new_or_gone(
        self, context: DataContext, ref: SpanEvidence, name: str, then: rules.Counts, now: rules.Counts, k: int
    ) -> Finding:
        gone, n, m = bool(then.get(name)), sum(then.values()), sum(now.values())
        count, own, other = (then[name], n, m) if gone else (now[name], m, n)
        chance = rules.one_sided_p(count, own, other)
        level = common.severity(chance < rules.BLOCK_ALPHA / k, chance < rules.ALPHA / k)
        here, there = f"span {context.current.span}", common.name_of(ref)
        where, also = (there, here) if gone else (here, there)
        tail = "; classes must not come or go" if level.rank else ": so few that it can be chance"
        subject, label = f"{context.window.label}={name}", context.window.label
        text = f"{label}: the class {name!r} has {count} of {own} rows in {where} and none of {other} in {also}{tail}."
        observed = {"rows": now.get(name, 0), "rows_before": then.get(name, 0), "chance": chance}
        allowed = {"warn_chance": rules.ALPHA / k, "block_chance": rules.BLOCK_ALPHA / k}
        return common.report(context, "label_shift", subject, level, observed, allowed, text, REMEDY)


def _moved(before: Floats, after: Floats, at: int) -> tuple[float, float, float]:
    """By how much the share of a class moved, and its noise floors at the rates `ALPHA` and `BLOCK_ALPHA` over all classes.

    A rare class varies less than a frequent one: one floor for all would hide that it went.
    """
    n, m = float(before.sum()), float(after.sum())
    one, two = (np.array([side[at], side.sum() - side[at]]) for side in (before, after))
    comparisons = len(before) if len(before) > 2 else 1
    floor, sure = (drift.largest_change_floor(one, two, n, m, comparisons, a) for a in (rules.ALPHA, rules.BLOCK_ALPHA))
    return abs(float(after[at] / m - before[at] / n)), floor, sure

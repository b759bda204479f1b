"""Labels that contradict the rows: wrong labels, a swapped coding, a join that took another row's label."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np

from components import statistics_rules as rules
from components.checks import _common as common
from components.checks import _contradictions as model
from components.checks import _draws as draws
from components.checks import _steady as steady
from components.interfaces import Check, DataContext, plugin
from components.parameters import ShareLimit
from components.samples import Sample
from schemas.evidence import SpanEvidence
from schemas.findings import Finding, Number

REMEDY = (
    "Look at the rows named here: they are suspects, not proven wrong, and nothing was changed. Correct the labels at their "
    "source. If the world really changed, accept that with --accept label_noise --reason TEXT."
)


@plugin
class Warn:
    """3 points: consecutive clean taxi spans differ by up to 1.9, spans two years apart by 2.8; 10 % wrong labels by 4 to 8."""

    excess: ShareLimit = 0.03


@plugin
class Block:
    """Off: a suspicion about labels is for people to judge, and what it does to the model is for the gates to judge.

    A sensible limit is 0.1: in the taxi data, 20 % wrong labels differ by 12 to 16 points.
    """

    excess: ShareLimit = None


@plugin
class LabelNoise(Check):
    """Share of rows whose label a model of the reference contradicts, beyond its share of the reference's own rows.

    Gradient boosted trees learn four fifths of the reference sample, five times over; the rest and a fifth of the span's
    sample are predicted. A row is contradicted when another label's probability is above that label's own mean over rows
    that have it, and above that of its own label (confident learning: C. Northcutt, L. Jiang, I. Chuang, JAIR 70 (2021)).
    The shares are compared label by label and weighted as in the span, so that a shift of the labels is no noise. Features that
    changed by themselves are left out: their rows contradict the model whatever their labels, and other checks name them.

    Attributes:
        warn: `excess`, share of rows more than in the reference, 0 to 1 (default 0.03); ``off`` turns the level off.
        block: the same (default off).
    """

    for_amounts = False

    warn: Warn = Warn()
    block: Block = Block()

    independent = True

    def check(self, context: DataContext) -> list[Finding]:
        """One finding about the sample."""
        now, then, ref = context.sample, context.reference_sample, context.reference
        if now is None or then is None or ref is None or ref.span == context.current.span:
            return [common.nothing_to_compare("label_noise", context, "there are not two samples of different spans")]
        if self.warn.excess is None and self.block.excess is None:
            return [common.nothing_to_compare("label_noise", context, "both levels are off")]
        random = draws.generator(context, "label_noise")
        labels = [v for v in then.label_values if v in set(now.labels.tolist())]
        now, then = (model.part(s, labels, random) for s in (now, then))
        left_out = steady.moved(then, now)
        both = model.matrices(now, then, left_out)
        if not 2 <= len(labels) <= model.LABELS or min(len(now), len(then)) < model.LEAST or not both[0].shape[1]:
            why = f"it takes {model.LEAST} rows a side, a feature that did not change, and 2 to {model.LABELS} label values that both have"
            return [common.nothing_to_compare("label_noise", context, why)]
        numbers = [np.searchsorted(np.array(labels, object), s.labels).astype(np.int64) for s in (now, then)]
        found = model.contradicted(*both, numbers[0], numbers[1], len(labels), random)
        return [self._judge(context, ref, now, found, left_out)]

    def _judge(
        self, context: DataContext, ref: SpanEvidence, now: Sample, found: model.Contradicted, left_out: list[str]
    ) -> Finding:
        excess, deviation = model.excess(found)
        noise, sure = (NormalDist().inv_cdf(1 - a) * deviation for a in (rules.ALPHA, rules.BLOCK_ALPHA))
        widest = math.inf if self.block.excess is None else self.block.excess
        limit = common.adapted(context, "label_noise", "label", self.warn.excess, widest=widest)
        level, shown = common.judged(excess, limit, self.block.excess, noise, sure)
        count, rows, seed = int(found.now.sum()), len(now), context.facts.seed
        text = (
            f"label: {common.percent(count / rows)} of span {context.current.span} ({count} of {rows} sampled rows, seed {seed}) "
            f"contradict a model of {common.name_of(ref)}, {common.percent(excess)} more than its own rows"
        )
        text += f", without {', '.join(left_out)}, which changed" if left_out else ""
        text += f"; the limit is {common.percent(shown)} more." if level.rank else "."
        before = float(found.then.mean())
        observed: dict[str, Number | str | None] = {
            "excess": excess,
            "contradicted": count,
            "rows": rows,
            "share": count / rows,
            "share_before": before,
        }
        observed |= {"rows_before": len(found.then), "seed": seed, "left_out": ", ".join(left_out)}
        allowed = {**common.bounds(self, warn_noise_excess=noise, block_noise_excess=sure), "warn_excess_here": limit}
        places: list[str] = []
        if level.rank and len(now.files):
            places = common.places(context, now.files[found.now].tolist(), now.rows[found.now].tolist())
        return common.report(
            context, "label_noise", "label", level, observed, allowed, text, REMEDY, statistic=excess, rows=places
        )

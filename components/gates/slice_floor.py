"""No group of rows may pay for the mean: a floor in every slice, and no slice may lose against the champion."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from statistics import NormalDist
from typing import Any

from components.gates import _common as common
from components.interfaces import Gate, plugin
from components.parameters import AmountLimit, Count, MetricName, Real
from schemas.evidence import OVERALL, MetricValue, ModelEvidence, SliceEvidence
from schemas.findings import Finding, Severity

#: Chance that a candidate as good as its champion in every slice is blocked because of any: that of a 95 % interval.
ALPHA = 0.05
#: Half the width of a 95 % interval, in standard errors.
Z95 = NormalDist().inv_cdf(0.975)
PARAMETERS = ("floors", "metric", "tolerance", "min_rows", "min_class_rows")


@plugin
class SliceFloor(Gate):
    """Blocks when any slice of `evaluate.slices` is below a floor, or worse than the champion there, and names the slice.

    Worse is a loss beyond the tolerance whose paired interval does not hold 0. The more slices are compared, the wider the interval, so
    that chance alone blocks 1 of 20 equal candidates at most, whatever the number of slices (Bonferroni, one-sided): 2.3 standard errors
    with 5 slices, 2.6 with 10, 2.9 with 25.

    Attributes:
        floors: metric -> floor in every slice (for metrics where less is better, a ceiling). ``{auc: 0.7}`` is short for
            ``{floors: {auc: 0.7}}``. May be empty: the champion is then all that slices are held against.
        metric: what is compared with the champion (default: the first metric with a floor; auc without floors).
        tolerance: loss of the metric that does not matter (default 0.005, as in `no_regression`: of ``rmse`` and ``mae`` a share of the
            champion's); ``off`` compares nothing.
        min_rows: slices below this number of test rows are reported, not judged (default 100, Deepchecks').
        min_class_rows: the same for rows of the rarest class (default 10: with fewer, one row more or less moves every metric that
            looks at classes, and intervals of 95 % hold less often than that).
    """

    floors: dict[MetricName, Real] = field(default_factory=dict)
    metric: MetricName | None = None
    tolerance: AmountLimit = 0.005
    min_rows: Count = 100
    min_class_rows: Count = 10

    def __post_init__(self) -> None:
        if not self.floors and self.tolerance is None:
            raise ValueError(
                "a floor is needed when tolerance is off, like {auc: 0.7}; otherwise there is nothing to judge"
            )

    @classmethod
    def expand(cls, params: dict[str, Any]) -> dict[str, Any]:
        """Moves the metrics of the short form into `floors`."""
        own = {k: v for k, v in params.items() if k in PARAMETERS}
        short = {k: v for k, v in params.items() if k not in own}
        if short and isinstance(own.get("floors", {}), dict):
            own["floors"] = {**own.get("floors", {}), **short}
        return own

    @property
    def compared(self) -> str:
        """The metric that is compared with the champion."""
        return self.metric or next(iter(self.floors), "auc")

    def problems(self, metrics: Sequence[str], slices: Sequence[str]) -> list[str]:
        """Metrics that are not evaluated, and slices that do not exist."""
        wanted = {*self.floors, *([] if self.tolerance is None else [self.compared])}
        found = [
            f"needs the metric {m}, which is not in evaluate.metrics; add it there" for m in sorted(wanted - {*metrics})
        ]
        if not slices:
            found.append("judges slices, but evaluate.slices is empty; name a column there")
        return found

    def judge(self, evidence: ModelEvidence) -> list[Finding]:
        """One finding per slice and floor, one per slice compared, and one per slice that is too small for both."""
        if not any(s.slice == OVERALL for s in evidence.slices):
            return [self._report("slices", Severity.BLOCK, {}, {}, *common.NO_EVIDENCE)]
        why = {s.slice: self._why_unjudged(evidence, s) for s in evidence.slices if s.slice != OVERALL}
        judged = [s for s in evidence.slices if why.get(s.slice) == ""]
        found = [
            self._report(s.slice, Severity.OK, {"rows": s.rows}, {}, f"{common.on(s)}: {why[s.slice]}.", "")
            for s in evidence.slices
            if why.get(s.slice)
        ]
        if not judged:
            text = f"None of the {len(why)} slices of the evaluation is large enough to be judged."
            remedy = "Name other columns in evaluate.slices, widen the test split, or lower slice_floor.min_rows."
            return [*found, self._report("slices", Severity.BLOCK, {}, {}, text, remedy)]
        found += [self._floor(evidence, s, m, floor) for s in judged for m, floor in self.floors.items()]
        if self.tolerance is None:
            return found
        if evidence.champion is None:
            text = f"{self.compared} in slices: no model is served yet to compare with."
            return [*found, self._report("slices", Severity.OK, {"outcome": "not compared"}, {}, text, "")]
        return found + [self._compare(evidence, s, len(judged), self.tolerance) for s in judged]

    def _why_unjudged(self, evidence: ModelEvidence, part: SliceEvidence) -> str:
        rarest = min((part.labels.get(v, 0) for v, n in evidence.overall.labels.items() if n), default=0)
        if part.rows >= self.min_rows and 0 < rarest < self.min_class_rows:
            return f"too few rows of the rarest class to judge ({rarest}; {self.min_class_rows} are needed)"
        return common.why_unjudged(part, common.classes_of(evidence.overall), self.min_rows)

    def _floor(self, evidence: ModelEvidence, part: SliceEvidence, metric: str, floor: float) -> Finding:
        subject, where = f"{metric} on {part.slice}", f"{metric} on {common.on(part)}"
        got, higher = part.candidate.get(metric), evidence.higher_is_better.get(metric)
        value, allowed = common.known(got.value) if got else None, {"floor": floor}
        if got is None or value is None or higher is None:
            text = f"{where}: is undefined, so it cannot be judged; it must reach {floor:g}."
            remedy = f"Add {metric} to evaluate.metrics, and make sure that the model's outputs are finite."
            return self._report(subject, Severity.BLOCK, common.numbers(got), allowed, text, remedy)
        level = Severity.OK if (value >= floor if higher else value <= floor) else Severity.BLOCK
        text = f"{where}: is {common.with_interval(got)}; the {'floor' if higher else 'ceiling'} is {floor:g}."
        remedy = f"Look at the rows of {part.slice}: how many train has, their labels, their missing values."
        return self._report(subject, level, common.numbers(got), allowed, text, remedy)

    def _compare(self, evidence: ModelEvidence, part: SliceEvidence, slices: int, tolerance: float) -> Finding:
        subject, where = f"change of {self.compared} on {part.slice}", f"{self.compared} on {common.on(part)}"
        got = (part.difference or {}).get(self.compared)
        gained = common.gained(got, evidence.higher_is_better.get(self.compared))
        if got is None or gained is None:
            text = f"{where}: the difference to {evidence.champion} could not be measured, so it cannot be judged."
            remedy = (
                f"Add {self.compared} to evaluate.metrics, and make sure that the outputs of both models are finite."
            )
            return self._report(subject, Severity.BLOCK, _observed(got, "not compared"), {}, text, remedy)
        gain, low, high = gained[0], *widened(*gained, slices)
        share, tolerance = tolerance, common.allowance(part, self.compared, tolerance)
        seen = common.outcome(low, high, tolerance)
        level = Severity.BLOCK if seen == "worse" and gain < -tolerance else Severity.OK
        says = {
            "worse": "it is worse" if level is Severity.BLOCK else "it is slightly worse",
            "same": "it is the same within noise",
            # The interval is one-sided: it answers whether a slice is worse, and only that.
            "better": "it is not worse",
            "cannot tell": "cannot tell",
        }[seen]
        seen = "not worse" if seen == "better" else seen
        shown = (low, high) if evidence.higher_is_better[self.compared] else (-high, -low)
        wider = f"{slices} slices are compared, which makes the interval {shown[0]:.4f} to {shown[1]:.4f}: "
        values = common.both(part, self.compared)
        says = f"{wider if slices > 2 else ''}{says}, the tolerance is {tolerance:g}"
        text = f"{where}: {values}candidate minus champion is {common.with_interval(got)}; {says}."
        remedy = f"Look at the rows of {part.slice}: what changed there in the new data. The champion stays served."
        allowed = {"tolerance": share, "slices": slices}
        return self._report(subject, level, _observed(got, seen), allowed, text, remedy)

    def _report(
        self, subject: str, level: Severity, observed: dict[str, Any], allowed: dict[str, Any], text: str, remedy: str
    ) -> Finding:
        return common.report("slice_floor", subject, level, observed, allowed, text, remedy)


def _observed(got: MetricValue | None, outcome: str) -> dict[str, Any]:
    return {**common.numbers(got), "outcome": outcome}


def widened(value: float, low: float, high: float, slices: int) -> tuple[float, float]:
    """A 95 % interval made wider, so that one-sided it holds for all slices together with 95 %; never narrower than it was.

    By the quantiles of the normal distribution, each side by itself: a few thousand resamples say little about the 1 in 1,000.
    """
    by = NormalDist().inv_cdf(1 - ALPHA / max(slices, 2)) / Z95
    return value - by * max(value - low, 0.0), value + by * max(high - value, 0.0)

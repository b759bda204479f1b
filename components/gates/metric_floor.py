"""An absolute bound: no model below it is pushed, however bad the one that serves now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any

from components.gates import _common as common
from components.interfaces import Gate, plugin
from components.parameters import Count, MetricName, Real
from schemas.evidence import OVERALL, MetricValue, ModelEvidence, SliceEvidence
from schemas.findings import Finding, Severity

Floors = dict[MetricName, Real]


@plugin
class MetricFloor(Gate):
    """Every named metric must reach its floor on the test split; where less is better (log_loss, brier, rmse ...), not exceed it.

    Attributes:
        overall: metric -> floor over all test rows. ``{auc: 0.75}`` is short for ``{overall: {auc: 0.75}}``.
        per_slice: metric -> floor in every slice of `evaluate.slices`.
        min_rows: slices below this number of test rows are reported, not judged (default 100, Deepchecks').

    At least one floor is required: which one is right depends on the task.
    """

    overall: Floors = field(default_factory=dict)
    per_slice: Floors = field(default_factory=dict)
    min_rows: Count = 100

    def __post_init__(self) -> None:
        if not self.overall and not self.per_slice:
            raise ValueError("at least one floor is needed, like {auc: 0.75}")

    @classmethod
    def expand(cls, params: dict[str, Any]) -> dict[str, Any]:
        """Moves the metrics of the short form into `overall`."""
        own = {k: v for k, v in params.items() if k in ("overall", "per_slice", "min_rows")}
        short = {k: v for k, v in params.items() if k not in own}
        if short and isinstance(own.get("overall", {}), dict):
            own["overall"] = {**own.get("overall", {}), **short}
        return own

    def problems(self, metrics: Sequence[str], slices: Sequence[str]) -> list[str]:
        """Metrics that are not evaluated, and floors per slice without slices."""
        missing = sorted({*self.overall, *self.per_slice} - {*metrics})
        found = [f"needs the metric {m}, which is not in evaluate.metrics; add it there" for m in missing]
        if self.per_slice and not slices:
            found.append("has floors per slice, but evaluate.slices is empty; name a column there")
        return found

    def judge(self, evidence: ModelEvidence) -> list[Finding]:
        """One finding per metric and slice with a floor."""
        if not any(s.slice == OVERALL for s in evidence.slices):
            first = next(iter({**self.overall, **self.per_slice}.items()))
            return [self._report(first[0], Severity.BLOCK, None, first[1], *common.NO_EVIDENCE)]
        overall, slices = evidence.overall, [s for s in evidence.slices if s is not evidence.overall]
        found = [self._judge(evidence, overall, m, floor) for m, floor in self.overall.items()]
        for metric, floor in self.per_slice.items():
            found += [self._judge(evidence, part, metric, floor) for part in slices]
            if not slices:
                text = f"{metric}: has a floor of {floor:g} per slice, and the evaluation has no slices."
                found.append(
                    self._report(metric, Severity.BLOCK, None, floor, text, "Name columns in evaluate.slices.")
                )
        return found

    def _judge(self, evidence: ModelEvidence, part: SliceEvidence, metric: str, floor: float) -> Finding:
        subject, where = f"{metric} on {part.slice}", f"{metric} on {common.on(part)}"
        got = part.candidate.get(metric)
        why = common.why_unjudged(part, common.classes_of(evidence.overall), self.min_rows)
        if why:
            return self._report(subject, Severity.OK, got, floor, f"{where}: {why}.", "")
        if got is None or metric not in evidence.higher_is_better:
            text, remedy = f"{where}: was not evaluated, so it cannot be judged.", f"Add {metric} to evaluate.metrics."
            return self._report(subject, Severity.BLOCK, None, floor, text, remedy)
        value = common.known(got.value)
        if value is None:
            text = f"{where}: is undefined, so it cannot be judged; it must reach {floor:g}."
            remedy = "Make sure that test has rows of every class and that the model's outputs are finite."
            return self._report(subject, Severity.BLOCK, got, floor, text, remedy)
        higher = evidence.higher_is_better[metric]
        level = Severity.OK if (value >= floor if higher else value <= floor) else Severity.BLOCK
        text = f"{where}: is {common.with_interval(got)}; the {'floor' if higher else 'ceiling'} is {floor:g}."
        remedy = "Compare with the run before (data findings, training curves), or correct evaluate.gates.metric_floor."
        return self._report(subject, level, got, floor, text, remedy)

    def _report(
        self, subject: str, level: Severity, got: MetricValue | None, floor: float, text: str, remedy: str
    ) -> Finding:
        observed = {k: common.known(v) for k, v in (got or MetricValue(value=None)).model_dump().items()}
        return common.report("metric_floor", subject, level, observed, {"floor": floor}, text, remedy)

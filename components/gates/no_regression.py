"""The candidate against the champion, on the same test rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from components.gates import _common as common
from components.interfaces import Gate, plugin
from components.parameters import Amount, Count, MetricName
from schemas.evidence import OVERALL, MetricValue, ModelEvidence, SliceEvidence
from schemas.findings import Finding, Severity


@plugin
class NoRegression(Gate):
    """Blocks when the 95 % interval of the paired difference shows a loss beyond the tolerance.

    A loss beyond the tolerance that the interval does not confirm is a warning. What the interval says is named in any case, as the
    finding's `outcome`: ``better`` or ``worse`` when it does not hold 0, ``same`` when it holds 0 and lies within the tolerance on either
    side, ``cannot tell`` when it is wider than that; ``not compared`` where there is nothing to compare.

    Attributes:
        metric: what is compared (default auc: independent of thresholds and of class shares).
        tolerance: loss of the metric that does not matter (default 0.005, half a point; the design's choice); of ``rmse`` and ``mae`` a
            share of the champion's value.
        first_run: ``pass`` or ``block`` when there is no champion yet; with ``pass``, `metric_floor` alone decides.
        slices: whether every slice of `evaluate.slices` is compared as well (default no: many slices, many chances).
        min_rows: slices below this number of test rows are reported, not judged (default 100).
    """

    metric: MetricName = "auc"
    tolerance: Amount = 0.005
    first_run: Literal["pass", "block"] = "pass"
    slices: bool = False
    min_rows: Count = 100

    def problems(self, metrics: Sequence[str], slices: Sequence[str]) -> list[str]:
        """A metric that is not evaluated, or slices that do not exist."""
        found = []
        if self.metric not in metrics:
            found.append(f"needs the metric {self.metric}, which is not in evaluate.metrics; add it there")
        if self.slices and not slices:
            found.append("compares slices, but evaluate.slices is empty; name a column there")
        return found

    def judge(self, evidence: ModelEvidence) -> list[Finding]:
        """One finding for all test rows, and one per slice if asked for."""
        if not any(s.slice == OVERALL for s in evidence.slices):
            return [self._report(self.metric, Severity.BLOCK, None, *common.NO_EVIDENCE)]
        if evidence.champion is None:
            return [self._first_run()]
        return [self._judge(evidence, s) for s in evidence.slices if s.slice == OVERALL or self.slices]

    def _first_run(self) -> Finding:
        level = Severity.OK if self.first_run == "pass" else Severity.BLOCK
        text = f"{self.metric}: no model is served yet to compare with; first_run is {self.first_run}."
        remedy = "Push a first model by hand, or set evaluate.gates.no_regression.first_run: pass."
        return self._report(f"{self.metric} on {OVERALL}", level, None, text, remedy)

    def _judge(self, evidence: ModelEvidence, part: SliceEvidence) -> Finding:
        subject, where = f"{self.metric} on {part.slice}", f"{self.metric} on {common.on(part)}"
        got = (part.difference or {}).get(self.metric)
        why = common.why_unjudged(part, common.classes_of(evidence.overall), self.min_rows)
        if why:
            return self._report(subject, Severity.OK, got, f"{where}: {why}.", "")
        gained = common.gained(got, evidence.higher_is_better.get(self.metric))
        if got is None or gained is None:
            text = f"{where}: the difference to {evidence.champion} could not be measured, so it cannot be judged."
            remedy = (
                f"Add {self.metric} to evaluate.metrics, make sure that test has enough rows of every class, and that "
                "the outputs of both models are finite."
            )
            return self._report(subject, Severity.BLOCK, got, text, remedy)
        level, outcome, says = common.change(*gained, common.allowance(part, self.metric, self.tolerance))
        values = common.both(part, self.metric)
        text = f"{where}: {values}candidate minus champion is {common.with_interval(got)}; {says}."
        remedy = "Look at `retrain why`: the new data, the labels and the training. The champion stays served."
        if level is Severity.WARN:
            remedy = "Widen the test split or the window to be able to tell, or watch the next span."
        return self._report(subject, level, got, text, remedy, outcome)

    def _report(
        self,
        subject: str,
        level: Severity,
        got: MetricValue | None,
        text: str,
        remedy: str,
        outcome: str = "not compared",
    ) -> Finding:
        observed = {**common.numbers(got), "outcome": outcome}
        return common.report("no_regression", subject, level, observed, {"tolerance": self.tolerance}, text, remedy)

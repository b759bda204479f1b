"""Whether a probability of 0.3 means 3 in 10: for whoever acts on probabilities and not on ranks."""

from __future__ import annotations

from collections.abc import Sequence

from components.gates import _common as common
from components.interfaces import Gate, plugin
from components.metric_definitions import calibration_noise
from components.parameters import AmountLimit, ShareLimit
from schemas.evidence import OVERALL, MetricValue, ModelEvidence, SliceEvidence
from schemas.findings import Finding, Severity

METRIC = "calibration_error"


@plugin
class Calibration(Gate):
    """Blocks a candidate whose probabilities are off by more than the limit, or by more than the champion's.

    It blocks where the 95 % interval confirms it, and warns where only the value itself is beyond. What a calibrated model has by chance
    at this number of rows (`metric_definitions.calibration_noise`, 99 %) is never flagged. Class weights, balanced sampling and label
    smoothing shift probabilities on purpose: this gate then says so, and rightly.

    Attributes:
        limit: largest calibration error over all test rows, 0 to 1 (default 0.10: ten points on average; the design's choice); ``off``.
        tolerance: how much more than the champion's does not matter (default 0.02: two points); ``off``.
    """

    for_amounts = False

    limit: ShareLimit = 0.10
    tolerance: AmountLimit = 0.02

    def __post_init__(self) -> None:
        if self.limit is None and self.tolerance is None:
            raise ValueError("limit and tolerance are both off, so there is nothing to judge; leave the gate out")

    def problems(self, metrics: Sequence[str], slices: Sequence[str]) -> list[str]:
        """The metric that it judges is not evaluated."""
        missing = f"needs the metric {METRIC}, which is not in evaluate.metrics; add it there"
        return [] if METRIC in metrics else [missing]

    def judge(self, evidence: ModelEvidence) -> list[Finding]:
        """One finding about the limit, one about the champion."""
        if not any(s.slice == OVERALL for s in evidence.slices):
            return [self._report(METRIC, Severity.BLOCK, None, {}, *common.NO_EVIDENCE)]
        overall, found = evidence.overall, []
        if self.limit is not None:
            found.append(self._absolute(overall, self.limit))
        if self.tolerance is not None:
            found.append(self._change(evidence, overall, self.tolerance))
        return found

    def _absolute(self, overall: SliceEvidence, limit: float) -> Finding:
        subject, where = f"{METRIC} on {OVERALL}", f"{METRIC} on {common.on(overall)}"
        got = overall.candidate.get(METRIC)
        value, noise = common.known(got.value) if got else None, calibration_noise([*overall.labels.values()])
        allowed = {"limit": limit, "noise": noise}
        if got is None or value is None:
            text = f"{where}: is undefined, so it cannot be judged; it must not exceed {limit:g}."
            remedy = f"Add {METRIC} to evaluate.metrics, and make sure that the model's outputs are finite."
            return self._report(subject, Severity.BLOCK, got, allowed, text, remedy)
        low = common.known(got.low)
        says = f"the limit is {limit:g}"
        if value <= limit:
            level = Severity.OK
        elif value <= noise:
            level, says = Severity.OK, f"{says}, and a calibrated model may have {noise:.4f} with so few rows"
        elif low is not None and low > limit:
            level = Severity.BLOCK
        else:
            level, says = Severity.WARN, f"{says}, but the interval does not confirm it: cannot tell"
        text = f"{where}: is {common.with_interval(got)}; {says}."
        remedy = (
            "Train without class weights or with fewer epochs (train.class_weights, train.early_stopping), or raise "
            "evaluate.gates.calibration.limit when only ranks matter."
        )
        if level is Severity.WARN:
            remedy = "Widen the test split or the window to be able to tell."
        return self._report(subject, level, got, allowed, text, remedy)

    def _change(self, evidence: ModelEvidence, overall: SliceEvidence, tolerance: float) -> Finding:
        subject, where = f"change of {METRIC} on {OVERALL}", f"{METRIC} on {common.on(overall)}"
        allowed = {"tolerance": tolerance}
        if evidence.champion is None:
            text = f"{METRIC}: no model is served yet to compare with."
            return self._report(subject, Severity.OK, None, allowed, text, "", "not compared")
        got = (overall.difference or {}).get(METRIC)
        gained = common.gained(got, evidence.higher_is_better.get(METRIC))
        if got is None or gained is None:
            text = f"{where}: the difference to {evidence.champion} could not be measured, so it cannot be judged."
            remedy = f"Add {METRIC} to evaluate.metrics, and make sure that the outputs of both models are finite."
            return self._report(subject, Severity.BLOCK, got, allowed, text, remedy, "not compared")
        level, outcome, says = common.change(*gained, tolerance)
        pair = [models[METRIC].value for models in (overall.candidate, overall.champion or {}) if METRIC in models]
        noise = calibration_noise([*overall.labels.values()])
        if max((v for v in pair if v is not None), default=0.0) <= noise:
            level, outcome = Severity.OK, "cannot tell"
            says = f"calibrated models may have {noise:.4f} with so few rows, so better or worse, cannot tell"
        values = common.both(overall, METRIC)
        text = f"{where}: {values}candidate minus champion is {common.with_interval(got)}; {says}."
        remedy = (
            "Compare with the champion's run: class weights, epochs, and the shares of the classes in train and test."
        )
        return self._report(subject, level, got, allowed, text, remedy, outcome)

    def _report(
        self,
        subject: str,
        level: Severity,
        got: MetricValue | None,
        allowed: dict[str, float],
        text: str,
        remedy: str,
        outcome: str | None = None,
    ) -> Finding:
        observed = {**common.numbers(got), **({} if outcome is None else {"outcome": outcome})}
        return common.report("calibration", subject, level, observed, allowed, text, remedy)

"""The candidate against a model that looks at nothing: it gives every row the shares of the classes, or the same amount."""

from __future__ import annotations

import math
from collections.abc import Sequence

from components.amounts import IN_UNITS
from components.gates import _common as common
from components.interfaces import Gate, plugin
from components.parameters import Amount, Count, MetricName
from schemas.evidence import OVERALL, MetricValue, ModelEvidence, SliceEvidence
from schemas.findings import Finding, Severity


@plugin
class BeatsTrivial(Gate):
    """Blocks a candidate that is no better than the shares of the classes; warns when the 95 % interval cannot tell.

    The trivial model's metrics follow from the counts of the classes: accuracy is the share of the most frequent class, balanced accuracy
    1 / classes, the area under the ROC curve 0.5, average precision the share of the class, log loss the entropy, kappa 0,
    the Brier score that of the shares. Its calibration is perfect, so that cannot be compared. For amounts it gives the mean (``rmse``,
    ``r2``) or the median (``mae``) of the test rows, which is the best that it could.

    Attributes:
        metric: what is compared (default auc: not misled by rare classes, nor by class weights, which make log loss worse on purpose).
        margin: by how much the candidate must be better (default 0.02: less is of no use, whatever the number of rows); of ``rmse`` and
            ``mae`` a share of the trivial model's.
        min_rows: slices below this number of test rows are reported, not judged (default 100).
        slices: whether every slice of `evaluate.slices` is judged as well (default no: many slices, many chances).
    """

    metric: MetricName = "auc"
    margin: Amount = 0.02
    min_rows: Count = 100
    slices: bool = False

    def problems(self, metrics: Sequence[str], slices: Sequence[str]) -> list[str]:
        """A metric that is not evaluated, or slices that do not exist."""
        found = []
        if self.metric not in metrics:
            found.append(f"needs the metric {self.metric}, which is not in evaluate.metrics; add it there")
        if self.metric == "calibration_error":
            found.append("cannot use calibration_error, which is 0 for a model that only knows the shares; use brier")
        if self.slices and not slices:
            found.append("judges slices, but evaluate.slices is empty; name a column there")
        return found

    def judge(self, evidence: ModelEvidence) -> list[Finding]:
        """One finding for all test rows, and one per slice if asked for."""
        if not any(s.slice == OVERALL for s in evidence.slices):
            return [self._report(OVERALL, Severity.BLOCK, None, None, *common.NO_EVIDENCE)]
        return [self._judge(evidence, s) for s in evidence.slices if s.slice == OVERALL or self.slices]

    def _judge(self, evidence: ModelEvidence, part: SliceEvidence) -> Finding:
        where, got = f"{self.metric} on {common.on(part)}", part.candidate.get(self.metric)
        floor = part.trivial[self.metric] if self.metric in part.trivial else trivial(self.metric, part.labels)
        why = common.why_unjudged(part, common.classes_of(evidence.overall), self.min_rows)
        if why:
            return self._report(part.slice, Severity.OK, got, floor, f"{where}: {why}.", "")
        value = common.known(got.value) if got else None
        if got is None or value is None or floor is None or self.metric not in evidence.higher_is_better:
            text = f"{where}: is undefined, so it cannot be compared with a trivial model."
            remedy = (
                f"Add {self.metric} to evaluate.metrics; make sure that test has every class and outputs are finite."
            )
            return self._report(part.slice, Severity.BLOCK, got, floor, text, remedy)
        sign = 1 if evidence.higher_is_better[self.metric] else -1
        gain = sign * (value - floor)
        ends = [sign * (v - floor) for v in (common.known(got.low), common.known(got.high)) if v is not None]
        sure = bool(ends) and min(ends) > 0
        margin = self.margin * floor if self.metric in IN_UNITS else self.margin
        level = Severity.BLOCK if gain < margin else Severity.OK if sure else Severity.WARN
        says = {
            Severity.OK: "it is better",
            Severity.WARN: "it may be better, but the interval does not confirm it: cannot tell",
            Severity.BLOCK: f"it must be better by {margin:.4g}",
        }[level]
        other = "always gives the same amount" if part.trivial else "only knows the shares of the classes"
        text = f"{where}: is {common.with_interval(got)}, a model that {other} {floor:.4f}; {says}."
        remedy = (
            "Look at the training curves and at the inputs: the model has learned nothing that tells the labels apart."
        )
        if level is Severity.WARN:
            remedy = "Widen the test split or the window to be able to tell."
        return self._report(part.slice, level, got, floor, text, remedy)

    def _report(
        self, name: str, level: Severity, got: MetricValue | None, floor: float | None, text: str, remedy: str
    ) -> Finding:
        observed = {k: common.known(v) for k, v in (got or MetricValue(value=None)).model_dump().items()}
        subject, allowed = f"{self.metric} on {name}", {"margin": self.margin}
        return common.report("beats_trivial", subject, level, {**observed, "trivial": floor}, {**allowed}, text, remedy)


def trivial(metric: str, labels: dict[str, int]) -> float | None:
    """The metric of a model that gives every row the shares of the classes; None without rows of two classes."""
    shares = [n / max(sum(labels.values()), 1) for n in labels.values()]
    if sum(s > 0 for s in shares) < 2:
        return None
    # With two classes, scores are the probability of the second; with more, the mean over the classes.
    precision = shares[1] if len(shares) == 2 else math.fsum(shares) / len(shares)
    return {
        "auc": 0.5,
        "pr_auc": precision,
        "accuracy": max(shares),
        "balanced_accuracy": 1 / len(shares),
        "log_loss": -math.fsum(s * math.log(s) for s in shares if s),
        "kappa": 0.0,
        "f1": 2 * max(shares) / (1 + max(shares)) / len(shares),
        "brier": math.fsum(s * (1 - s) for s in shares) / (2 if len(shares) == 2 else 1),
        "calibration_error": 0.0,
    }[metric]

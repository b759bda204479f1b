"""Whether the candidate knows the rows it was trained on better than others: it then has learned rows, not rules."""

from __future__ import annotations

import math

from components.gates import _common as common
from components.interfaces import Gate, plugin
from components.parameters import Amount, AmountLimit
from schemas.evidence import OVERALL, ModelEvidence, TrainingSummary
from schemas.findings import Finding, Number, Severity


@plugin
class Overfit(Gate):
    """Judges (eval loss - train loss) / train loss after the epoch whose weights were kept, and the gap in accuracy.

    Both sides are measured alike, without augmentation, dropout and class weights. A gap within noise is never flagged: the half width
    of the 95 % interval of the candidate's loss on test stands for that of the loss on eval, which usually has as many rows; that of
    the difference of the accuracies is computed from the numbers of rows.

    Attributes:
        warn: largest gap that is not warned of, in parts of the train loss (default 0.10: Amazon SageMaker Debugger's rule); ``off``.
        block: largest gap that does not block (default 0.25, beyond what sampling and stopping by eval explain; the design's choice).
        accuracy: largest gap from accuracy on train to that on eval that does not block (default 0.10, the design's choice: of ten rows
            more than one is known by heart); ``off``.
        smallest: gaps up to this are never flagged, in nats per row (default 0.02: a train loss close to 0 makes any gap large in parts
            of it; guessing between two classes costs 0.69).
    """

    warn: AmountLimit = 0.10
    block: AmountLimit = 0.25
    accuracy: AmountLimit = 0.10
    smallest: Amount = 0.02

    def __post_init__(self) -> None:
        if self.warn is None and self.block is None and self.accuracy is None:
            raise ValueError("warn, block and accuracy are all off, so there is nothing to judge; leave the gate out")
        if self.warn is not None and self.block is not None and self.warn > self.block:
            raise ValueError(f"warn ({self.warn:g}) must not exceed block ({self.block:g})")

    def judge(self, evidence: ModelEvidence) -> list[Finding]:
        """One finding."""
        training = evidence.training
        train = common.known(training.train_loss) if training else None
        val = common.known(training.val_loss) if training else None
        noise = max(self.smallest, _half_width(evidence))
        observed: dict[str, Number | None] = {"train_loss": train, "val_loss": val}
        if training is None or train is None or val is None:
            text = "Training: the losses of the kept epoch are not known, so overfitting cannot be judged."
            remedy = (
                "Look at `retrain show latest curves`: every loss must be finite. Lower train.learning_rate if not."
            )
            return [self._report(Severity.BLOCK, observed, noise, text, remedy)]
        gap = val - train
        share = gap / train if train > 0 else None
        by_loss = level = self._level(gap, train, noise)
        parts = "" if share is None else f", {share:+.1%} of it"
        says = f"a gap of {gap:+.4f}{parts}"
        limits = " and ".join(
            f"{v:.0%} {w}" for v, w in ((self.warn, "warns"), (self.block, "blocks")) if v is not None
        )
        if by_loss is Severity.OK and self._level(gap, train, 0.0).rank:
            limits += f", but up to {noise:.4f} may be noise"
        of_loss = f"loss is {train:.4f} on train and {val:.4f} on eval, {says}" + (
            f"; more than {limits}" if limits else ""
        )
        of_accuracy, known, beyond = self._by_accuracy(training)
        level = Severity.BLOCK if beyond else by_loss
        text = f"Training: after epoch {training.epoch}, {of_loss}{of_accuracy}."
        remedy = (
            "Regularise (dropout or l2 of train.model), train fewer epochs (train.early_stopping), take a smaller model, "
            "or widen data.window."
        )
        return [self._report(level, {**observed, "gap": gap, "relative": share, **known}, noise, text, remedy)]

    def _by_accuracy(self, training: TrainingSummary) -> tuple[str, dict[str, Number | None], bool]:
        """What to say of the gap in accuracy, what was observed, and whether it blocks."""
        train, val = common.known(training.train_accuracy), common.known(training.val_accuracy)
        if self.accuracy is None or train is None or val is None:
            return "", {}, False
        # Half the width of the 95 % interval of a difference of two shares.
        pairs = ((train, training.train_rows), (val, training.val_rows))
        noise = 1.96 * math.sqrt(sum(p * (1 - p) / n if n else 1.0 for p, n in pairs))
        limit = max(self.accuracy, noise)
        more = f"more than {self.accuracy:.0%} blocks" + (
            f", but up to {noise:.1%} may be noise" if noise > self.accuracy else ""
        )
        text = f"; accuracy is {train:.1%} on train and {val:.1%} on eval; a gap of {more}"
        return text, {"train_accuracy": train, "val_accuracy": val}, train - val > limit

    def _level(self, gap: float, train: float, noise: float) -> Severity:
        if gap <= noise:
            return Severity.OK
        if self.block is not None and gap > self.block * train:
            return Severity.BLOCK
        return Severity.WARN if self.warn is not None and gap > self.warn * train else Severity.OK

    def _report(
        self, level: Severity, observed: dict[str, Number | None], noise: float, text: str, remedy: str
    ) -> Finding:
        limits = {"warn": self.warn, "block": self.block, "noise": noise, "accuracy": self.accuracy}
        allowed = {k: v for k, v in limits.items() if v is not None}
        return common.report("overfit", "training", level, observed, allowed, text, remedy)


def _half_width(evidence: ModelEvidence) -> float:
    """Half the width of the interval of the loss on test (log loss; of amounts, the squared error in squared widths); 0 when it was not
    evaluated."""
    overall = next((s for s in evidence.slices if s.slice == OVERALL), None)
    width = evidence.training.width if evidence.training else None
    got = overall.candidate.get("log_loss" if width is None else "rmse") if overall else None
    low, high = (common.known(got.low), common.known(got.high)) if got else (None, None)
    if low is None or high is None:
        return 0.0
    return (high - low) / 2 if width is None else (high**2 - low**2) / 2 / width**2

"""Whether the candidate knows the rows it was trained on better than others: it then has learned rows, not rules."""

from __future__ import annotations

from components.gates import _common as common
from components.interfaces import Gate, plugin
from components.parameters import Amount, AmountLimit
from schemas.evidence import OVERALL, ModelEvidence
from schemas.findings import Finding, Number, Severity


@plugin
class Overfit(Gate):
    """Judges (eval loss - train loss) / train loss after the epoch whose weights were kept.

    Both losses are measured alike, without augmentation, dropout and class weights. A gap within noise is never flagged: the half width
    of the 95 % interval of the candidate's log loss on test stands for that of the loss on eval, which usually has as many rows.

    Attributes:
        warn: largest gap that is not warned of, in parts of the train loss (default 0.10: Amazon SageMaker Debugger's rule); ``off``.
        block: largest gap that does not block (default 0.25, beyond what sampling and stopping by eval explain; the design's choice).
        smallest: gaps up to this are never flagged, in nats per row (default 0.02: a train loss close to 0 makes any gap large in parts
            of it; guessing between two classes costs 0.69).
    """

    warn: AmountLimit = 0.10
    block: AmountLimit = 0.25
    smallest: Amount = 0.02

    def __post_init__(self) -> None:
        if self.warn is None and self.block is None:
            raise ValueError("warn and block are both off, so there is nothing to judge; leave the gate out")
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
        level = self._level(gap, train, noise)
        parts = "" if share is None else f", {share:+.1%} of it"
        says = f"a gap of {gap:+.4f}{parts}"
        limits = " and ".join(
            f"{v:.0%} {w}" for v, w in ((self.warn, "warns"), (self.block, "blocks")) if v is not None
        )
        if level is Severity.OK and self._level(gap, train, 0.0).rank:
            limits += f", but up to {noise:.4f} may be noise"
        text = f"Training: after epoch {training.epoch}, loss is {train:.4f} on train and {val:.4f} on eval, {says}; more than {limits}."
        remedy = (
            "Regularise (dropout or l2 of train.model), train fewer epochs (train.early_stopping), take a smaller model, "
            "or widen data.window."
        )
        return [self._report(level, {**observed, "gap": gap, "relative": share}, noise, text, remedy)]

    def _level(self, gap: float, train: float, noise: float) -> Severity:
        if gap <= noise:
            return Severity.OK
        if self.block is not None and gap > self.block * train:
            return Severity.BLOCK
        return Severity.WARN if self.warn is not None and gap > self.warn * train else Severity.OK

    def _report(
        self, level: Severity, observed: dict[str, Number | None], noise: float, text: str, remedy: str
    ) -> Finding:
        limits = {"warn": self.warn, "block": self.block, "noise": noise}
        allowed = {k: v for k, v in limits.items() if v is not None}
        return common.report("overfit", "training", level, observed, allowed, text, remedy)


def _half_width(evidence: ModelEvidence) -> float:
    """Half the width of the interval of log loss on test; 0 when it was not evaluated."""
    overall = next((s for s in evidence.slices if s.slice == OVERALL), None)
    got = overall.candidate.get("log_loss") if overall else None
    low, high = (common.known(got.low), common.known(got.high)) if got else (None, None)
    return 0.0 if low is None or high is None else (high - low) / 2

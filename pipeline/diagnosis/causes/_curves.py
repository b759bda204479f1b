"""What the curves of a training say, as plain numbers. Losses are those without augmentation, dropout and class weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.diagnosis.case import Case
from schemas.diagnosis import Evidence
from schemas.run_record import RunRecord

#: Seeds and spans move the loss on train by less than this, as a factor.
LESS = 1.1


@dataclass(frozen=True)
class Course:
    """A training in numbers.

    Attributes:
        val: loss on eval after each epoch, finite; empty without curves.
        train: loss on the clean sample of train after each epoch.
        rates: learning rate of each epoch.
        best: index of the epoch whose weights were kept.
        stopped: see `Training.stopped`.
        prior: loss of answering the class shares of train; None where they are not known.
    """

    val: tuple[float, ...]
    train: tuple[float, ...]
    rates: tuple[float, ...]
    best: int
    stopped: str
    prior: float | None

    @property
    def gap(self) -> float | None:
        """(val - train) / train loss of the kept epoch."""
        train = self.train[self.best]
        return (self.val[self.best] - train) / train if train > 0 else None

    @property
    def gained(self) -> float | None:
        """Share of the prior's loss that training took away on the clean sample of train, at its best."""
        return None if not self.prior else 1.0 - min(self.train) / self.prior

    @property
    def falling(self) -> float:
        """Share by which the loss on eval still fell per epoch at the end: over the last three epochs."""
        last = self.val[-4:]
        return 0.0 if len(last) < 2 or last[0] <= 0 else (1.0 - last[-1] / last[0]) / (len(last) - 1)

    @property
    def jumps(self) -> float:
        """Share of the epochs after which the loss on eval rose by more than 3 % of what the prior has (or of the first loss)."""
        scale = self.prior or self.val[0]
        rises = [b - a > 0.03 * scale for a, b in zip(self.val, self.val[1:], strict=False)]
        return sum(rises) / len(rises) if rises else 0.0


def course(record: RunRecord | None) -> Course | None:
    """The curves of a run; None where nothing was trained or no loss is finite."""
    training = record.training if record is not None else None
    if record is None or training is None:
        return None
    kept = [e for e in training.epochs if e.val_loss is not None and e.train_loss is not None]
    if not kept:
        return None
    best = next((i for i, e in enumerate(kept) if e.epoch == training.best_epoch), len(kept) - 1)
    return Course(
        val=tuple(float(e.val_loss or 0.0) for e in kept),
        train=tuple(float(e.train_loss or 0.0) for e in kept),
        rates=tuple(float(e.learning_rate or 0.0) for e in kept),
        best=best,
        stopped=training.stopped,
        prior=_prior(record),
    )


def learned_less(case: Case, factor: float = LESS) -> Evidence | None:
    """That the loss on clean train rows came down less far than the reference's, by more than a factor; None where it did not."""
    course_now, before = course(case.run), course(case.reference)
    if course_now is None or before is None or min(course_now.train) <= factor * min(before.train):
        return None
    now, then = min(course_now.train), min(before.train)
    text = f"The clean train loss came down to {now:.3f}, that of the reference to {then:.3f}."
    return Evidence(text=text, where="curves", numbers={"loss": now, "loss_before": then})


def _prior(record: RunRecord) -> float | None:
    """The loss of knowing nothing: cross entropy of the class shares of train, in nats; of amounts, losses are in squared widths: 1."""
    if record.training is not None and record.training.amounts is not None:
        return 1.0
    counts = record.data.labels.get("train", {}) if record.data is not None else {}
    return entropy(list(counts.values()))


def entropy(counts: Sequence[int]) -> float | None:
    """Entropy of shares, in nats; None without at least two classes."""
    total = sum(counts)
    shares = [n / total for n in counts if n] if total else []
    return -math.fsum(s * math.log(s) for s in shares) if len(shares) > 1 else None

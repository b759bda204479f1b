"""The course of a training, as findings read it."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from schemas.config import Train
from schemas.findings import Finding, Number, Severity
from schemas.run_record import Epoch, Training


@dataclass(frozen=True)
class Course:
    """A training with its configuration.

    Attributes:
        training: what was recorded.
        config: what was asked for.
    """

    training: Training
    config: Train

    @property
    def epochs(self) -> list[Epoch]:
        """The curves."""
        return self.training.epochs

    @property
    def kept(self) -> Epoch | None:
        """The epoch whose weights were kept; None when none had a finite loss on eval."""
        return next((e for e in self.epochs if e.epoch == self.training.best_epoch), None)

    @property
    def finite(self) -> bool:
        """Whether every training loss was finite."""
        return self.training.stopped != "nan"

    def falls(self) -> list[float]:
        """By how much the loss on eval fell from each epoch to the next, as shares of the earlier one; rises are negative."""
        return falls_of([e.val_loss for e in self.epochs])


def falls_of(losses: list[float | None]) -> list[float]:
    """Relative falls between neighbours that are both known and above 0."""
    pairs = itertools.pairwise(losses)
    return [(a - b) / a for a, b in pairs if a is not None and b is not None and a > 0]


def report(
    code: str,
    severity: Severity,
    message: str,
    remedy: str,
    observed: dict[str, Number | str | None] | None = None,
    allowed: dict[str, Number | str | None] | None = None,
) -> Finding:
    """A finding about the training; one that passes has no remedy."""
    return Finding(
        code=code,
        severity=severity,
        subject="training",
        observed=observed or {},
        allowed=allowed or {},
        message=f"Training: {message}",
        remedy="" if severity is Severity.OK else remedy,
    )

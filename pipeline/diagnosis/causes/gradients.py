"""Gradients explode, or units are dead."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family


class Gradients(Cause):
    """The loss or the gradients grew beyond all bounds, or most units answer nothing to any row."""

    family = Family.TRAINING
    explains = ("overfitting",)

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        codes = ("training_finite", "exploding_gradients", "dead_units")
        return _findings.suspect(
            case, codes, "training is numerically broken ({names})", weight=1.5, overrides=["train.clip_norm=1.0"]
        )

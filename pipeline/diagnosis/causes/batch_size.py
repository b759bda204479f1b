"""The batch size changed."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _curves, _settings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family, Remedy


class BatchSize(Cause):
    """Batches of another size: fewer, or noisier, steps an epoch at the same learning rate."""

    family = Family.TRAINING
    explains = ("config_changed", "too_few_epochs", "overfitting")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        change = _settings.changed(case, "train.batch_size")
        if change is None:
            return None
        odds = min(1.5 * change[1], 15.0)
        seen = [_settings.told(change[0])]
        less = _curves.learned_less(case)
        if less is not None:
            seen.append(less)
            odds *= 2.0
        remedy = Remedy(
            text="Go back to the batch size of before, or change the learning rate with it.",
            overrides=(_settings.back(change[0]),),
        )
        return Suspicion(odds, "the batch size changed", tuple(seen), remedy, ("train.batch_size",))

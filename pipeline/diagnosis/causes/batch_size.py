"""The batch size changed."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _curves, _settings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy


class BatchSize(Cause):
    """Batches of another size: fewer, or noisier, steps an epoch at the same learning rate."""

    family = Family.TRAINING
    explains = ("underfitting", "config_changed", "too_few_epochs", "overfitting")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        change = _settings.changed(case, "train.batch_size")
        if change is None:
            return None
        odds = min(1.5 * change[1], 15.0)
        seen = [_settings.told(change[0])]
        course, reference = _curves.course(case.run), _curves.course(case.reference)
        if course is not None and reference is not None and min(course.train) > 1.1 * min(reference.train):
            text = f"The clean train loss came down to {min(course.train):.3f}, that of the reference to {min(reference.train):.3f}."
            seen.append(Evidence(text=text, where="curves"))
            odds *= 2.0
        remedy = Remedy(
            text="Go back to the batch size of before, or change the learning rate with it.",
            overrides=(_settings.back(change[0]),),
        )
        return Suspicion(odds, "the batch size changed", tuple(seen), remedy, ("train.batch_size",))

"""The learning rate is too high."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _curves, _settings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy

#: Half of the epochs with a clear rise of the loss: it does not settle.
UNSETTLED = 0.4


class LearningRateHigh(Cause):
    """Steps overshoot: the loss rises, jumps or is no number."""

    family = Family.TRAINING
    explains = (
        "gradients",
        "overfitting",
        "early_stopping",
        "too_few_epochs",
        "config_changed",
    )

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        seen, odds = [], 1.0
        change = _settings.changed(case, "train.learning_rate", lower=False)
        if change is not None:
            seen.append(_settings.told(change[0]))
            odds *= min(2.0 * change[1], 20.0)
        training, course = case.run.training, _curves.course(case.run)
        if training is not None and training.stopped == "nan":
            seen.append(
                Evidence(text=f"The loss was no finite number in epoch {len(training.epochs)}.", where="curves")
            )
            odds *= 20.0
        elif course is not None and len(course.val) >= 3:
            if course.jumps >= UNSETTLED:
                text = f"The loss on eval rose clearly after {course.jumps:.0%} of the epochs."
                seen.append(Evidence(text=text, where="curves", numbers={"share": course.jumps}))
                odds *= 6.0
            if course.best == 0 and course.prior is not None and min(course.val) > 0.9 * course.prior:
                seen.append(
                    Evidence(text="No epoch was better than the first, which had learned little.", where="curves")
                )
                odds *= 4.0
        if not seen:
            return None
        rate = case.setting("train.learning_rate")
        better = _settings.back(change[0]) if change else f"train.learning_rate={float(rate or 0.001) / 10:g}"
        remedy = Remedy(text="Lower the learning rate.", overrides=(better,))
        return Suspicion(
            odds, f"the learning rate, {rate:g}, is too high", tuple(seen), remedy, ("train.learning_rate",)
        )

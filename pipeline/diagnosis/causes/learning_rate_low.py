"""The learning rate is too low."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _curves, _settings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy

#: Fall of the loss per epoch at the end, below which training had come to rest.
RESTING = 0.002
#: Share of the prior's loss that a model takes away that has learned something.
LITTLE = 0.1


class LearningRateLow(Cause):
    """Steps are so small that the epochs run out, or patience does, before anything is learned."""

    family = Family.TRAINING
    explains = (
        "too_few_epochs",
        "early_stopping",
        "config_changed",
        "model_too_small",
    )

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        course, less = _curves.course(case.run), _curves.learned_less(case)
        if course is None:
            return None
        seen, odds = [], 1.0
        change = _settings.changed(case, "train.learning_rate", lower=True)
        if change is not None:
            seen.append(_settings.told(change[0]))
            odds *= min(2.0 * change[1], 20.0)
        slow = course.stopped == "epochs" and course.falling > RESTING and len(course.val) >= 5
        if slow and course.gained is not None and course.gained < LITTLE:
            text = f"After {len(course.val)} epochs the loss on eval still fell by {course.falling:.1%} an epoch, and little was learned."
            seen.append(
                Evidence(text=text, where="curves", numbers={"falling": course.falling, "gained": course.gained})
            )
            odds *= 5.0
        if change is not None and less is not None:
            seen.append(less)
            odds *= 3.0
        if not seen:
            return None
        rate = case.setting("train.learning_rate")
        better = _settings.back(change[0]) if change else f"train.learning_rate={float(rate or 0.001) * 10:g}"
        remedy = Remedy(text="Raise the learning rate.", overrides=(better,))
        return Suspicion(
            odds, f"the learning rate, {rate:g}, is too low", tuple(seen), remedy, ("train.learning_rate",)
        )

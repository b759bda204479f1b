"""Training ended too soon."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _curves, _settings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy

#: Fall of the loss per epoch at the end, above which more epochs would help.
FALLING = 0.005


class TooFewEpochs(Cause):
    """The epochs ran out while the loss on eval was still falling."""

    family = Family.TRAINING
    explains = ("config_changed", "model_too_small")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        course = _curves.course(case.run)
        if course is None or course.stopped != "epochs":
            return None
        seen, odds = [], 1.0
        change = _settings.changed(case, "train.epochs", lower=True)
        if change is not None:
            seen.append(_settings.told(change[0]))
            odds *= min(2.0 * change[1], 15.0)
        late = course.best >= len(course.val) - 1 and (len(course.val) < 3 or course.falling > FALLING)
        if (late and change is not None) or (late and len(course.val) >= 3):
            text = f"The last of {len(course.val)} epochs was the best; the loss on eval still fell by {course.falling:.1%} an epoch."
            seen.append(Evidence(text=text, where="curves", numbers={"falling": course.falling}))
            odds *= 3.0
        if not seen:
            return None
        epochs = int(case.setting("train.epochs") or len(course.val))
        better = _settings.back(change[0]) if change else f"train.epochs={2 * epochs}"
        remedy = Remedy(text="Train for more epochs; early stopping ends it in time.", overrides=(better,))
        return Suspicion(odds, f"{epochs} epochs are too few", tuple(seen), remedy, ("train.epochs",))

"""Early stopping cut training off."""

from __future__ import annotations

from pipeline.diagnosis.case import Case, Change
from pipeline.diagnosis.causes import _curves, _settings
from pipeline.diagnosis.causes._curves import Course
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy

#: Epochs of patience that ordinary noise of a loss uses up.
SHORT = 2
#: Noise of the loss on eval stays below this, as a factor.
ROSE = 1.1
PATH = "train.early_stopping"
#: The default.
USUAL = f"{PATH}={{monitor: val_loss, patience: 5}}"


class EarlyStopping(Cause):
    """Patience ran out in a bad moment: the loss had not come to rest. Or nothing stops training any more, and it went on too long."""

    family = Family.TRAINING
    explains = ("overfitting", "config_changed", "too_few_epochs")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        course = _curves.course(case.run)
        if course is None:
            return None
        change = case.change("train.early_stopping")
        if course.stopped == "early_stopping":
            return _cut_off(case, course, change)
        return _turned_off(case, course) if change is not None and not case.setting("train.early_stopping") else None


def _cut_off(case: Case, course: Course, change: Change | None) -> Suspicion | None:
    seen, odds = [], 1.0
    patience = case.setting("train.early_stopping.patience")
    if change is not None:
        seen.append(_settings.told(change))
        odds *= 6.0
    if patience is not None and patience <= SHORT and course.best < 5:
        text = f"Training stopped after epoch {len(course.val)} with a patience of {patience}."
        seen.append(Evidence(text=text, where="curves", numbers={"patience": patience, "epochs": len(course.val)}))
        odds *= 3.0
    less = _curves.learned_less(case)
    if seen and less is not None:
        seen.append(less)
        odds *= 3.0
    if not seen:
        return None
    better = _settings.as_before(case, PATH) if change is not None else USUAL
    remedy = Remedy(text="Give early stopping more patience.", overrides=(better,))
    return Suspicion(odds, "early stopping cut training off", tuple(seen), remedy, (PATH,))


def _turned_off(case: Case, course: Course) -> Suspicion:
    seen, odds = [Evidence(text="Early stopping was turned off.", where="train.early_stopping")], 4.0
    if course.val[-1] > ROSE * min(course.val):
        text = f"The loss on eval rose from {min(course.val):.3f} to {course.val[-1]:.3f} by the end."
        seen.append(Evidence(text=text, where="curves"))
        odds *= 4.0
    remedy = Remedy(text="Let early stopping end training.", overrides=(_settings.as_before(case, PATH),))
    return Suspicion(odds, "nothing stops training when it gets worse", tuple(seen), remedy, (PATH,))

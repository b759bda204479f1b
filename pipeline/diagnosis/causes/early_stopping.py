"""Early stopping cut training off."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _curves, _settings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy

#: Epochs of patience that ordinary noise of a loss uses up.
SHORT = 2


class EarlyStopping(Cause):
    """Patience ran out in a bad moment: the loss had not come to rest."""

    family = Family.TRAINING
    explains = ("underfitting", "config_changed", "too_few_epochs")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        course, reference = _curves.course(case.run), _curves.course(case.reference)
        if course is None:
            return None
        seen, odds = [], 1.0
        change = case.change("train.early_stopping")
        patience = case.setting("train.early_stopping.patience")
        if course.stopped == "early_stopping":
            if change is not None:
                seen.append(_settings.told(change))
                odds *= 6.0
            if patience is not None and patience <= SHORT and course.best < 5:
                text = f"Training stopped after epoch {len(course.val)} with a patience of {patience}."
                seen.append(
                    Evidence(text=text, where="curves", numbers={"patience": patience, "epochs": len(course.val)})
                )
                odds *= 3.0
            if seen and reference is not None and min(course.train) > 1.1 * min(reference.train):
                text = f"The clean train loss came down to {min(course.train):.3f}, that of the reference to {min(reference.train):.3f}."
                seen.append(Evidence(text=text, where="curves"))
                odds *= 3.0
        elif change is not None and not case.setting("train.early_stopping"):
            seen.append(Evidence(text="Early stopping was turned off.", where="train.early_stopping"))
            odds *= 4.0
            if course.val[-1] > 1.1 * min(course.val):
                text = f"The loss on eval rose from {min(course.val):.3f} to {course.val[-1]:.3f} by the end."
                seen.append(Evidence(text=text, where="curves"))
                odds *= 2.0
        if not seen:
            return None
        better = (
            _settings.back(change)
            if change is not None and "." in change.path[6:]
            else "train.early_stopping={monitor: val_loss, patience: 5}"
        )
        remedy = Remedy(text="Give early stopping more patience.", overrides=(better,))
        return Suspicion(odds, "early stopping cut training off", tuple(seen), remedy, ("train.early_stopping",))

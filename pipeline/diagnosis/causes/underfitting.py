"""The model learned little even of train."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _curves
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy


class Underfitting(Cause):
    """The loss on clean train rows stays high; only a cause where nothing says why."""

    family = Family.TRAINING
    symptom = True
    explains = ("config_changed",)

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        course, reference = _curves.course(case.run), _curves.course(case.reference)
        if course is None or course.gained is None:
            return None
        if reference is not None and reference.gained is not None:
            lost = reference.gained - course.gained
            if lost < 0.1:
                return None
            text = (
                f"Training took away {course.gained:.0%} of the loss of the class shares alone; "
                f"that of the reference {reference.gained:.0%}."
            )
            numbers = {"gained": course.gained, "gained_before": reference.gained}
        elif course.gained < 0.2:
            text = f"Training took away only {course.gained:.0%} of the loss of the class shares alone."
            numbers = {"gained": course.gained}
        else:
            return None
        remedy = Remedy(
            text="Look at the features and the labels first; else a larger model, a higher learning rate or more epochs."
        )
        return Suspicion(
            3.0,
            "the model learned little, of train too",
            (Evidence(text=text, where="curves", numbers=numbers),),
            remedy,
        )

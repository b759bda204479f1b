"""The model fits train better than what it is for."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _curves
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy

#: Gaps between eval and train loss that are common, and that are not (`docs/checks-and-gates.md`, overfit).
COMMON, LARGE = 0.25, 0.6


class Overfitting(Cause):
    """The loss on eval is far above that on train, both measured alike."""

    family = Family.TRAINING
    explains = ("config_changed",)

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        course, reference = _curves.course(case.run), _curves.course(case.reference)
        if course is None or course.gap is None or course.gap < COMMON:
            return None
        before = reference.gap if reference is not None else None
        if before is not None and course.gap < 1.5 * max(before, 0.0):
            return None  # The reference had it as well.
        odds = 6.0 if course.gap > LARGE else 3.0
        text = f"In the kept epoch the loss on eval is {course.gap:.0%} above that on clean train rows"
        text += "." if before is None else f"; that of the reference was {before:.0%}."
        seen = Evidence(text=text, where="curves", numbers={"gap": course.gap, "gap_before": before})
        remedy = Remedy(text="Regularise more (dropout, l2), take a smaller model, augment, or train on more rows.")
        return Suspicion(odds, "the model is overfitted", (seen,), remedy)

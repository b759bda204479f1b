"""Labels that are wrong."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family


class LabelNoise(Cause):
    """More labels contradict what the features say than before: the model learns the errors, and is judged by them."""

    family = Family.DATA
    explains = (
        "underfitting*",
        "concept_drift*",
        "overfitting*",
        "too_few_epochs*",
        "early_stopping*",
    )

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        return _findings.suspect(
            case, ("label_noise", "conflicting_labels"), "labels contradict the features", weight=3.0
        )

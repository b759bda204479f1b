"""Whether a value is missing depends on the label."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family


class MissingByLabel(Cause):
    """Values are missing for some classes more than for others: the model learns the gaps, which need not come again."""

    family = Family.DATA
    explains = ("missing_values", "covariate_drift", "misleading_fill", "leakage", "concept_drift*")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        return _findings.suspect(
            case,
            ("missing_by_label",),
            "values of {names} are missing for some classes more than for others",
            weight=2.0,
        )

"""Missing values were filled with a constant before they came here."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family


class ConstantFill(Cause):
    """One value, like 0 or -999, became frequent: a stand-in for missing values that the model takes at its word."""

    family = Family.DATA
    explains = ("covariate_drift", "outliers", "unit_change", "missing_by_label", "concept_drift*")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        return _findings.suspect(
            case, ("constant_fill", "sentinel"), "a single value stands for missing ones in {names}", weight=2.0
        )

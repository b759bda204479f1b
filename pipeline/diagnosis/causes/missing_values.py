"""More values are missing than before."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family


class MissingValues(Cause):
    """A feature lost values: what was filled in says nothing, and the model leans on it less, or wrongly."""

    family = Family.DATA
    explains = ("covariate_drift", "misleading_fill", "missing_by_label", "outliers", "concept_drift*")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        codes = ("missing_shift", "all_missing", "missing_fraction")
        return _findings.suspect(case, codes, "values of {names} are missing that were there before", weight=1.5)

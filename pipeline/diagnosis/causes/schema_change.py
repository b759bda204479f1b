"""The data no longer have the form that the schema describes."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family


class SchemaChange(Cause):
    """A column was renamed, lost or has another type."""

    family = Family.DATA
    explains = ("missing_values", "covariate_drift", "concept_drift*")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        codes = ("schema", "lost_column", "missing_label")
        return _findings.suspect(case, codes, "the form of the data changed ({names})", weight=2.0)

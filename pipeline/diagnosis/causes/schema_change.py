"""The data no longer have the form that the schema describes."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family
from schemas.findings import Severity

CODES = ("schema_*", "lost_column", "header_mismatch", "column_type", "missing_label")


class SchemaChange(Cause):
    """A column was renamed, lost or has another type."""

    family = Family.DATA
    explains = ("missing_values", "covariate_drift", "concept_drift*")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        title = "the form of the data changed ({names})"
        # What only warns of the schema, like a column that it lacks, does not reach the model.
        return _findings.suspect(case, CODES, title, weight=2.0, least=Severity.BLOCK)

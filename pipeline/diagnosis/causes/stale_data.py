"""Rows of other times than the newest."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family


class StaleData(Cause):
    """A span came late, again with other content, or with rows that are older than those before it."""

    family = Family.DATA
    explains = ("duplicates", "covariate_drift*", "concept_drift*", "row_count")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        codes = ("span_order", "time_order", "redelivered")
        return _findings.suspect(case, codes, "the rows are not of the time that they should be of ({names})")

"""Rows of other times than the newest."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family

AGAIN = "redelivered"
CODES = ("span_order", "time_order", AGAIN)


class StaleData(Cause):
    """A span came late, again with other content, or with rows that are older than those before it."""

    family = Family.DATA
    explains = ("duplicates", "covariate_drift*", "concept_drift*", "row_count")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        title = (
            "data that were accepted came again with other content"
            if case.findings(AGAIN)
            else "the newest rows are old ones"
        )
        return _findings.suspect(case, CODES, f"{title} ({{names}})")

"""Rows that come several times."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family


class Duplicates(Cause):
    """Rows repeat: they weigh more than others, and the span has less to say than its size."""

    family = Family.DATA
    explains = ("label_shift", "covariate_drift*", "row_count")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        codes = ("duplicates", "repeated_rows", "image_duplicates")
        return _findings.suspect(case, codes, "rows come more than once", weight=1.2)

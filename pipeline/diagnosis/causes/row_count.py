"""Fewer rows, or far more."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family


class RowCount(Cause):
    """The span has another size than those before: part of it was lost, or it came twice."""

    family = Family.DATA

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        return _findings.suspect(case, ("row_count",), "the span has an unusual number of rows", weight=0.7)

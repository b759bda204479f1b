"""Features moved."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.causes._spans import within_classes
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family

CODES = ("numeric_drift", "category_drift", "unseen_category", "image_drift", "domain_drift")


class CovariateDrift(Cause):
    """The inputs are not what they were. Only a cause where nothing says why they moved."""

    family = Family.DATA
    explains = ("concept_drift*", "outliers", "constant_fill")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        return _findings.suspect(case, CODES, "the inputs moved: {names}", weight=0.8, but=within_classes(case))

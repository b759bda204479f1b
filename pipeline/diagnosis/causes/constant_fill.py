"""Missing values were filled with a constant before they came here."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.causes._spans import renamed
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family

CODES = ("constant_fill", "sentinel")
#: A category that came under another name is frequent at once as well.
RENAMED = 0.1


class ConstantFill(Cause):
    """One value, like 0 or -999, became frequent: a stand-in for missing values that the model takes at its word."""

    family = Family.DATA
    explains = ("covariate_drift", "schema_change", "outliers", "unit_change", "missing_by_label", "concept_drift*")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        found = case.findings(*CODES)
        other_name = bool(found) and all(renamed(case, f.subject) for f in found)
        title = "a single value stands for missing ones in {names}"
        return _findings.suspect(case, CODES, title, weight=RENAMED if other_name else 2.0)

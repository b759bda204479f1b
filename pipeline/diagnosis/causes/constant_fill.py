"""Missing values were filled with a constant before they came here."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.causes._by_label import with_one_class
from pipeline.diagnosis.causes._shapes import cut_off_at, rounded
from pipeline.diagnosis.causes._spans import renamed
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family

CODES = ("constant_fill", "sentinel")
#: A category that came under another name is frequent at once as well, and so is the limit of a sensor,
#: a rounded number, or a word for the rows of one class.
OTHERWISE = 0.1


class ConstantFill(Cause):
    """One value, like 0 or -999, became frequent: a stand-in for missing values that the model takes at its word."""

    family = Family.DATA
    explains = ("covariate_drift", "schema_change", "outliers", "unit_change", "missing_by_label", "concept_drift*")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        found = case.findings(*CODES)
        otherwise = bool(found) and all(
            renamed(case, f.subject)
            or rounded(case, f.subject)
            or cut_off_at(case, f.subject) is not None
            or with_one_class(case, f) is not None
            for f in found
        )
        title = "a single value stands for missing ones in {names}"
        return _findings.suspect(case, CODES, title, weight=OTHERWISE if otherwise else 2.0)

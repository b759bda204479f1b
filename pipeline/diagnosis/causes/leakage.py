"""Something in train gives test away."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family
from schemas.findings import Severity

#: A feature that told the label little, and tells nearly all of it in the next span, does not do so by chance: also where it only warns.
NEW = 4.0


class Leakage(Cause):
    """A feature that holds the label, or test rows that training has seen: the numbers are too good, in one of the two runs."""

    family = Family.EVALUATION
    explains = (
        *("duplicates", "overfitting*", "concept_drift*"),
        *("constant_fill", "covariate_drift", "outliers", "schema_change"),
    )

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        codes = ("label_leak", "split_leakage", "trained_test_rows", "future_rows", "frozen_test")
        told = case.findings("label_leak")
        weight = NEW if told and told[0].severity is Severity.WARN else 2.0
        return _findings.suspect(case, codes, "training sees what it is tested on ({names})", weight=weight)

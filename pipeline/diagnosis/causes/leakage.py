"""Something in train gives test away."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family


class Leakage(Cause):
    """A feature that holds the label, or test rows that training has seen: the numbers are too good, in one of the two runs."""

    family = Family.EVALUATION
    explains = ("duplicates", "overfitting*")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        codes = ("label_leak", "split_leakage", "trained_test_rows", "future_rows", "frozen_test")
        return _findings.suspect(case, codes, "training sees what it is tested on ({names})", weight=2.0)

"""The shares of the classes moved."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family


class LabelShift(Cause):
    """Other shares of the classes than before. Features that depend on the label move with it: labels are looked at first."""

    family = Family.DATA
    explains = ("covariate_drift*", "class_imbalance", "label_noise", "concept_drift*")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        return _findings.suspect(case, ("label_shift",), "the shares of the classes moved ({names})")

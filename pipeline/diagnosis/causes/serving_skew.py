"""What is served differs from what is trained on."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family


class ServingSkew(Cause):
    """The served rows have other values than the rows of training: test says little about them."""

    family = Family.DATA

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        return _findings.suspect(case, ("serving_skew",), "{names} differ between training and serving")

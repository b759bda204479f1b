"""The same inputs gave another model."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy


class Nondeterminism(Cause):
    """Data, settings and versions are the reference's, and the weights are not."""

    family = Family.SETTING

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        if case.reference is None or not (case.same_data and case.same_config and case.same_code):
            return None
        before, now = case.reference.digests.get("weights"), case.run.digests.get("weights")
        if before is None or now is None or before == now or case.run.seeds != case.reference.seeds:
            return None
        seen = Evidence(
            text="Data, settings, seeds and versions are the same, and the weights differ.", where="lineage"
        )
        remedy = Remedy(text="Run `retrain replay` of both; look for code of your own that draws without a seed.")
        return Suspicion(60.0, "training is not deterministic", (seen,), remedy)

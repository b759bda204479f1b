"""Other versions."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy

#: With everything else as it was, the versions are what did it; else they seldom are.
ALONE, BESIDE = 10.0, 0.5


class CodeChanged(Cause):
    """Versions of the frameworks, or of Retrain, differ from the reference's."""

    family = Family.SETTING

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        if case.reference is None or case.same_code:
            return None
        old, new = case.reference.versions, case.run.versions
        names = [n for n in sorted(old.keys() | new.keys()) if old.get(n) != new.get(n)]
        seen = tuple(Evidence(text=f"{n} is {new.get(n)} and was {old.get(n)}.", where="lineage") for n in names[:4])
        odds = ALONE if case.same_data and case.same_config else BESIDE
        remedy = Remedy(text="Run both versions on the same data (`retrain replay` of the reference) and compare.")
        return Suspicion(odds, f"other versions are installed ({_findings.named(names)})", seen, remedy, tuple(names))

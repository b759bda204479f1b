"""Values far out."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.causes._spans import bulk_moved
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family

#: Outliers are few. Where most values of a feature moved, those far out are the end of a drift.
ALL = 0.1


class Outliers(Cause):
    """More values lie far out than before: they stretch the scale of the feature, so that all others look alike."""

    family = Family.DATA
    explains = ("covariate_drift", "schema_change", "gradients", "concept_drift*")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        found = case.findings("outliers")
        overrides = [f"transform.outliers.{f.subject}=winsorize" for f in found if "." not in f.subject]
        moved = [f for f in found if bulk_moved(case, f.subject)]
        return _findings.suspect(
            case,
            ("outliers",),
            "values of {names} lie far out",
            "Look where they come from; until then cut them off with transform.outliers.",
            weight=ALL if found and len(moved) == len(found) else 1.0,
            overrides=overrides,
        )

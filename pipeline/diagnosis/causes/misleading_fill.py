"""Our own imputation misleads."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family


class MisleadingFill(Cause):
    """Missing values are filled with a constant that lies outside of what the feature has."""

    family = Family.TRANSFORM

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        found = case.findings("misleading_fill")
        overrides = [f"transform.impute.{f.subject}=median" for f in found if "." not in f.subject]
        changed = any(case.change(f"transform.impute.{f.subject}") for f in found) or case.change("transform.impute")
        return _findings.suspect(
            case,
            ("misleading_fill",),
            "missing values of {names} are filled with a constant that misleads",
            "Fill with what the feature has: its median, or a regression on the others.",
            weight=4.0 if changed else 1.0,
            overrides=overrides,
        )

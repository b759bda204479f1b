"""Augmentation destroys what tells the classes apart."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings, _settings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy

#: Change of the policy alone, without anything the audit found.
CHANGED = 4.0


class AugmentationTooStrong(Cause):
    """Operations change examples so much that little of their class is left, or the policy was made stronger."""

    family = Family.TRANSFORM
    explains = ("regularisation*",)

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        title = "augmentation changes examples beyond recognition"
        found = _findings.suspect(
            case, ("augmentation_destroys",), title, overrides=["transform.augment=none"], weight=3.0
        )
        if found is not None:
            return found
        change = case.change("transform.augment")
        if change is None or not case.setting("transform.augment"):
            return None
        before = case.setting("transform.augment", case.reference)
        text = (
            "The augmentation policy is another one than the reference's."
            if before
            else "The reference was not augmented."
        )
        seen = Evidence(text=text, where="transform.augment")
        back = Remedy(
            text="Train with the policy of before, and compare.",
            overrides=(_settings.as_before(case, "transform.augment"),) if before else ("transform.augment=none",),
        )
        return Suspicion(CHANGED, "the augmentation policy changed", (seen,), back, ("transform.augment",))

"""Augmentation was not the same for all."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings, _settings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family


class AugmentationInconsistent(Cause):
    """Operations changed one class, span or split only: the model learns the operation instead of the class."""

    family = Family.TRANSFORM
    explains = ("covariate_drift", "overfitting*")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        codes = ("augmentation_one_sided", "augmentation_in_evaluation", "augmentation_drift", "augmentation_changed")
        title = "augmentation treats {names} in another way than the rest"
        changed = case.reference is not None and case.change("transform.augment") is not None
        overrides = (_settings.as_before(case, "transform.augment"),) if changed else ()
        return _findings.suspect(case, codes, title, weight=2.0, overrides=overrides)

"""Pictures that are turned, mirrored or broken in the data."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family


class TurnedImages(Cause):
    """Pictures of the span, or of one class of it, have another orientation, or cannot be read."""

    family = Family.DATA
    explains = ("covariate_drift", "label_noise*", "augmentation_inconsistent*", "concept_drift*")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        codes = ("image_orientation", "image_files", "lost_images")
        return _findings.suspect(case, codes, "pictures are turned or cannot be read ({names})", weight=1.5)

"""Pictures that are turned, mirrored or broken in the data."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.causes._by_label import OF_CLASS, class_of, pictures_of_classes
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family
from schemas.findings import Finding, Severity

#: Properties that turning a picture leaves as they are.
KEPT = ("brightness", "contrast", "colour", "tint", "sharpness", "size")
#: Turns of several classes are one where they differ by no more degrees, out of half a circle (axes have no
#: ends); smaller ones are none.
ONE_TURN, HALF, LEAST_TURN = 15, 180, 8


class TurnedImages(Cause):
    """Pictures of the span, or of one class of it, have another orientation, or cannot be read."""

    family = Family.DATA
    explains = ("covariate_drift", "label_noise*", "augmentation_inconsistent*", "concept_drift*")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        codes = ("image_orientation", "image_files", "lost_images")
        return _findings.suspect(
            case, codes, "pictures are turned or cannot be read ({names})", weight=1.5, but=_other_pictures(case)
        )


def _other_pictures(case: Case) -> list[Finding]:
    """Findings about directions, or sizes, of pictures that are other ones, and not turned: what turning keeps has changed as well.

    A turn by one angle is one also where its corners are filled, and edges are smoothed.
    """
    found = case.findings("image_orientation")
    if _one_turn(found):
        return []
    blocks = [f for f in case.findings("image_drift") if f.severity is Severity.BLOCK]
    moved = {class_of(f) for f in blocks if f.subject.partition(OF_CLASS)[0].rpartition(".")[2] in KEPT}
    moved |= {class_of(f) for f in pictures_of_classes(case)}
    pixels = any(f.subject.endswith(".size") for f in blocks)
    other = [f for f in found if "" in moved or class_of(f) in moved]
    return other + [f for f in case.findings("image_files") if pixels and f.subject.endswith(".size")]


def _one_turn(found: Sequence[Finding]) -> bool:
    """Whether whatever classes are turned are turned by the same angle, and by more than a stamp in a corner would make of it."""
    turns = [t for f in found if isinstance(t := f.observed.get("turned_degrees"), int | float)]
    apart = [abs((a - b + HALF / 2) % HALF - HALF / 2) for a, b in itertools.combinations(turns, 2)]
    return bool(turns) and min(map(abs, turns)) >= LEAST_TURN and max(apart, default=0) <= ONE_TURN

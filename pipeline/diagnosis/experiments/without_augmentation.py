"""No augmentation."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.experiments import _parts
from pipeline.diagnosis.experiments._interfaces import Experiment, Swap
from schemas.diagnosis import RankedCause


class WithoutAugmentation(Experiment):
    """Trains on plain examples: restored, and augmentation did it."""

    def swap(self, case: Case, causes: Sequence[RankedCause], before: int = 0) -> Swap | None:
        """See `Experiment.swap`."""
        if not case.setting("transform.augment"):
            return None
        config = _parts.with_value(_parts.recipe(case), "transform.augment", None)
        supports = ("augmentation_too_strong", "augmentation_inconsistent")
        return Swap("no augmentation", config, case.run.span, supports)

"""The data of before, and the settings of now."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.experiments import _parts
from pipeline.diagnosis.experiments._interfaces import Experiment, Swap
from schemas.diagnosis import Family, RankedCause


class DataOfBefore(Experiment):
    """Trains on the reference's window with this run's settings: restored, and the new data did it."""

    def swap(self, case: Case, causes: Sequence[RankedCause], before: int = 0) -> Swap | None:
        """See `Experiment.swap`."""
        if case.reference is None or case.same_data or case.reference.span == case.run.span:
            return None
        supports = _parts.codes(causes, lambda c: c.family is Family.DATA)
        return Swap("the data of before, the settings of now", _parts.recipe(case), case.reference.span, supports)

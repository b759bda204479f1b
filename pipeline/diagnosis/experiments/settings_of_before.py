"""The settings of before, and the data of now."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.experiments import _parts
from pipeline.diagnosis.experiments._interfaces import Experiment, Swap
from schemas.diagnosis import Family, RankedCause


class SettingsOfBefore(Experiment):
    """Trains on this run's data with the reference's settings of transform and train: restored, and the settings did it."""

    def swap(self, case: Case, causes: Sequence[RankedCause], before: int = 0) -> Swap | None:
        """See `Experiment.swap`."""
        if case.reference is None or not (case.change("train") or case.change("transform")):
            return None
        config = _parts.recipe(case)
        for section in ("train", "transform"):
            config[section] = case.reference.config.get(section)
        supports = _parts.codes(causes, lambda c: c.family in (Family.TRAINING, Family.TRANSFORM, Family.SETTING))
        return Swap("the settings of before, the data of now", config, case.run.span, supports)

"""Class weights on or off."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.experiments import _parts
from pipeline.diagnosis.experiments._interfaces import Experiment, Swap
from schemas.diagnosis import RankedCause


class ClassWeights(Experiment):
    """Turns class weights off where they are on, and on where they are off."""

    def swap(self, case: Case, causes: Sequence[RankedCause], before: int = 0) -> Swap | None:
        """See `Experiment.swap`."""
        on = case.setting("train.class_weights")
        if case.setting("task") == "regression":
            return None
        value = None if on else {"name": "balanced", "params": {}}
        config = _parts.with_value(_parts.recipe(case), "train.class_weights", value)
        title = "class weights off" if on else "class weights on"
        return Swap(title, config, case.run.span, ("class_imbalance",))

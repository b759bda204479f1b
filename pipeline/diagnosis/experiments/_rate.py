"""Another learning rate, higher or lower."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.experiments import _parts
from pipeline.diagnosis.experiments._interfaces import Experiment, Swap
from schemas.diagnosis import RankedCause


class OtherRate(Experiment):
    """The learning rate times a factor. A rate can be wrong by more than that, so a step that restores nothing refutes nothing."""

    factor: float
    supports: tuple[str, ...]

    def swap(self, case: Case, causes: Sequence[RankedCause], before: int = 0) -> Swap | None:
        """See `Experiment.swap`."""
        rate = case.setting("train.learning_rate")
        if not isinstance(rate, int | float):
            return None
        config = _parts.with_value(_parts.recipe(case), "train.learning_rate", rate * self.factor)
        title = f"a learning rate of {rate * self.factor:.3g}"
        return Swap(title, config, case.run.span, self.supports, refutes=False)

"""Three times the learning rate."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.experiments import _parts
from pipeline.diagnosis.experiments._interfaces import Experiment, Swap
from schemas.diagnosis import RankedCause


class HigherRate(Experiment):
    """Takes larger steps: restored, and they were too small."""

    def swap(self, case: Case, causes: Sequence[RankedCause]) -> Swap | None:
        """See `Experiment.swap`."""
        rate = case.setting("train.learning_rate")
        if not isinstance(rate, int | float):
            return None
        config = _parts.with_value(_parts.recipe(case), "train.learning_rate", rate * 3)
        return Swap(
            f"a learning rate of {rate * 3:.3g}",
            config,
            case.run.span,
            ("learning_rate_low", "batch_size"),
            refutes=False,
        )

"""Twice the epochs."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.experiments import _parts
from pipeline.diagnosis.experiments._interfaces import Experiment, Swap
from schemas.diagnosis import RankedCause


class MoreEpochs(Experiment):
    """Trains for longer: restored, and training had ended too soon."""

    def swap(self, case: Case, causes: Sequence[RankedCause], before: int = 0) -> Swap | None:
        """See `Experiment.swap`."""
        epochs, training = case.setting("train.epochs"), case.run.training
        if not isinstance(epochs, int) or training is None or training.stopped != "epochs":
            return None
        config = _parts.with_value(_parts.recipe(case), "train.epochs", 2 * epochs)
        return Swap(
            f"{2 * epochs} epochs", config, case.run.span, ("too_few_epochs", "learning_rate_low"), refutes=False
        )

"""Another seed of training."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.experiments import _parts
from pipeline.diagnosis.experiments._interfaces import Experiment, Swap
from schemas.diagnosis import RankedCause


class OtherSeed(Experiment):
    """The same data and settings from other first weights: restored, and it was noise from run to run.

    Three of them, with the run itself, say how far the metric moves by itself.
    """

    times = 3

    def swap(self, case: Case, causes: Sequence[RankedCause], before: int = 0) -> Swap | None:
        """See `Experiment.swap`."""
        seed = int(case.setting("train.seed") or 0) + 1 + before
        config = _parts.with_value(_parts.recipe(case), "train.seed", seed)
        return Swap(f"another seed ({seed})", config, case.run.span, ("noise", "nondeterminism"))

"""Without the feature that is suspected most."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.experiments import _parts
from pipeline.diagnosis.experiments._interfaces import Experiment, Swap
from schemas.diagnosis import Family, RankedCause


class WithoutFeature(Experiment):
    """Leaves a feature out: restored, and what is wrong with it did it."""

    def swap(self, case: Case, causes: Sequence[RankedCause], before: int = 0) -> Swap | None:
        """See `Experiment.swap`."""
        known = {f.name for f in case.run.learned}
        of_data = [c for c in causes if c.family is Family.DATA]
        name = next((s for c in of_data for s in c.subjects if s in known), None)
        if name is None or len(known) < 2:
            return None
        excluded = [*(case.setting("data.exclude") or []), name]
        config = _parts.with_value(_parts.recipe(case), "data.exclude", excluded)
        supports = _parts.codes(causes, lambda c: name in c.subjects)
        return Swap(f"without the feature {name}", config, case.run.span, supports)

"""The model is too small."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _curves, _settings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy


class ModelTooSmall(Cause):
    """Far fewer weights than the reference, and it learns less of train."""

    family = Family.TRAINING
    explains = ("config_changed",)

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        training, change = case.run.training, case.change("train.model")
        before = case.reference.training if case.reference is not None else None
        if training is None or before is None or change is None or not training.parameters:
            return None
        shrunk = before.parameters / training.parameters
        if shrunk < 1.5:
            return None
        text = f"The model has {training.parameters:,} weights; that of the reference had {before.parameters:,}."
        seen = [
            Evidence(
                text=text, where="train.model", numbers={"parameters": training.parameters, "before": before.parameters}
            )
        ]
        odds = min(2.0 * shrunk, 15.0)
        less = _curves.learned_less(case, 1.05)
        if less is not None:
            seen.append(less)
            odds *= 3.0
        remedy = Remedy(text="Take a larger model.", overrides=(_settings.back(change),))
        return Suspicion(odds, "the model is too small", tuple(seen), remedy, ("train.model",))

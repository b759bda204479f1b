"""The model is too large for its rows."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _curves, _settings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy

#: A larger model that does as well on eval as on train has not learned train by heart.
NO_GAP = 0.5


class ModelTooLarge(Cause):
    """Many more weights than the reference, or than rows, and a gap between train and eval."""

    family = Family.TRAINING
    explains = ("overfitting", "config_changed", "regularisation", "early_stopping")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        training, course = case.run.training, _curves.course(case.run)
        if training is None or course is None:
            return None
        before = case.reference.training if case.reference is not None else None
        grown = training.parameters / before.parameters if before is not None and before.parameters else None
        overfitted = course.gap is not None and course.gap > 0.25
        seen, odds = [], 1.0
        change = case.change("train.model")
        if grown is not None and grown > 2 and change is not None:
            text = f"The model has {training.parameters:,} weights, {grown:.1f} times those of the reference."
            seen.append(
                Evidence(text=text, where="train.model", numbers={"parameters": training.parameters, "factor": grown})
            )
            odds *= min(2.0 * grown, 15.0)
        elif grown is None and training.rows and training.parameters > 100 * training.rows and overfitted:
            text = f"The model has {training.parameters:,} weights for {training.rows:,} rows."
            seen.append(
                Evidence(
                    text=text, where="train.model", numbers={"parameters": training.parameters, "rows": training.rows}
                )
            )
            odds *= 5.0
        if seen and overfitted:
            seen.append(Evidence(text=f"The loss on eval is {course.gap:.0%} above that on train.", where="curves"))
            odds *= 2.0
        elif seen:
            odds *= NO_GAP
        if not seen:
            return None
        if _curves.learned_less(case, 1.5) is not None:
            odds *= 0.1  # More weights can fit the rows of train better, not worse.
        overrides = (_settings.back(change),) if change is not None else ()
        return Suspicion(
            odds,
            "the model is too large",
            tuple(seen),
            Remedy(text="Take a smaller model.", overrides=overrides),
            ("train.model",),
        )

"""Regularisation changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _curves, _settings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy

NAMES = ("dropout", "l2", "weight_decay", "label_smoothing")


class Regularisation(Cause):
    """Dropout, penalties or smoothing are so strong that nothing is learned, or gone."""

    family = Family.TRAINING
    explains = ("overfitting", "config_changed", "model_too_small")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        if case.reference is None:
            return None
        before, now = _strengths(case.setting("train", case.reference)), _strengths(case.setting("train"))
        moved = [n for n in NAMES if before.get(n) != now.get(n) and (n in before or n in now)]
        if not moved:
            return None
        name = moved[0]
        seen = [
            Evidence(
                text=f"{n} is {now.get(n, 'the default')} and was {before.get(n, 'the default')}.", where="train.model"
            )
            for n in moved
        ]
        stronger = (now.get(name) or 0.0) > (before.get(name) or 0.0)
        odds = 5.0
        shown = _curves.learned_less(case) if stronger else _wider_gap(case)
        if shown is not None:
            seen.append(shown)
            odds *= 4.0
        change = case.change("train.model") or case.change(f"train.{name}")
        remedy = Remedy(
            text="Regularise less." if stronger else "Regularise again.",
            overrides=(_settings.back(change),) if change else (),
        )
        word = "too strong" if stronger else "gone or too weak"
        return Suspicion(odds, f"regularisation ({name}) is {word}", tuple(seen), remedy, (f"train.{name}",))


def _wider_gap(case: Case) -> Evidence | None:
    """That the loss on eval is further above that on train than the reference's was."""
    course, reference = _curves.course(case.run), _curves.course(case.reference)
    if course is None or course.gap is None or reference is None:
        return None
    if course.gap <= 1.3 * max(reference.gap or 0.0, 0.1):
        return None
    return Evidence(text=f"The loss on eval is {course.gap:.0%} above that on train.", where="curves")


def _strengths(train: Any) -> dict[str, float]:
    """Name of a strength -> its value, where it is set."""
    if not isinstance(train, Mapping):
        return {}
    model = train.get("model")
    params = model.get("params") if isinstance(model, Mapping) else None
    given = {**(params if isinstance(params, Mapping) else {}), **train}
    return {n: float(given[n]) for n in NAMES if isinstance(given.get(n), int | float)}

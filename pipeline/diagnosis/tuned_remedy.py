"""Remedies where the values were tuned: an override of a tuned value has no effect, since tuning puts its own in the place of it."""

from __future__ import annotations

from collections.abc import Collection

from schemas.config import Train
from schemas.diagnosis import Remedy
from schemas.run_record import Tuning


def for_tuned(remedy: Remedy, tuning: Tuning | None) -> Remedy:
    """The remedy without the overrides that tuned values would undo, and with what to do in their place.

    Args:
        tuning: of the run that is explained; None where it was not tuned.
    """
    held = [o for o in remedy.overrides if tuning is not None and _is_tuned(o, tuning.values)]
    if not held:
        return remedy
    names = ", ".join(o.partition("=")[0] for o in held)
    text = (
        f"{remedy.text} {names} was tuned, and an override has no effect on tuned values: run with `--tune` to look for values again, or "
        "turn train.tune off."
    )
    return Remedy(text=text, overrides=tuple(o for o in remedy.overrides if o not in held))


def _is_tuned(override: str, values: Collection[str]) -> bool:
    """Whether an override sets what a tuned value stands for; tuned values that are none of `Train` are parameters of the model."""
    section, _, name = override.partition("=")[0].partition(".")
    if section != "train":
        return False
    head = name.partition(".")[0]
    return head in values or (head == "model" and any(v not in Train.model_fields for v in values))

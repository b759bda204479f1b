"""Weights that the configuration gives, class by class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Annotated, Any

from pydantic import Field

from components.class_weights._rows import mean_one, require_rows
from components.interfaces import ClassWeights, plugin
from schemas.features import label_text

#: A finite number above 0: a class of weight 0 would not be learned at all.
Weight = Annotated[float, Field(strict=True, gt=0, allow_inf_nan=False)]


@plugin
class Explicit(ClassWeights):
    """The weights as configured, scaled so that the mean over rows is 1: only their proportions count.

    Attributes:
        classes: label value -> weight of a row. ``{"0": 1.0, "1": 4.0}`` is short for ``{classes: {"0": 1.0, "1": 4.0}}``. Exactly the
            classes of train must have one; what an error costs depends on the task, so there is no default.
    """

    classes: dict[str, Weight] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.classes) < 2:
            raise ValueError('every class needs a weight, like {"0": 1.0, "1": 4.0}')

    @classmethod
    def expand(cls, params: dict[str, Any]) -> dict[str, Any]:
        """Moves the classes of the short form into `classes`; label values may be numbers."""
        classes = params["classes"] if isinstance(params.get("classes"), dict) and len(params) == 1 else params
        return {"classes": {label_text(label): weight for label, weight in classes.items()}}

    def weights(self, counts: Mapping[str, int]) -> dict[str, float]:
        """Label value -> weight of a row. Raises ValueError naming the classes without rows or weight, and the weights without class."""
        require_rows("explicit", counts)
        lacking, unknown = sorted(set(counts) - set(self.classes)), sorted(set(self.classes) - set(counts))
        wrong = [f"without a weight: {', '.join(map(repr, lacking))}"] * bool(lacking)
        wrong += [f"weights of classes that train does not have: {', '.join(map(repr, unknown))}"] * bool(unknown)
        if wrong:
            raise ValueError(f"class_weights explicit: every class of train needs one weight; {'; '.join(wrong)}")
        return mean_one(self.classes, counts)

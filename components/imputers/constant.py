"""One fixed value for a feature."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BeforeValidator

from components.interfaces import CategoricalSummary, Imputer, NumericSummary, plugin
from components.parameters import Real
from schemas.features import label_text


def _number_or_text(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError("must be a number or a text (put words like yes and no into quotes)")
    return value


@plugin
class Constant(Imputer):
    """Fills with a value of your choice, whatever train holds: ``{constant: unknown}`` or ``{constant: 0}``.

    Attributes:
        value: a number for numeric features; a number or a text for categorical ones; 0, 1 or a word for
            yes or no (`kinds.booleans`) for boolean ones. Required.
    """

    value: Annotated[Real | str, BeforeValidator(_number_or_text)]

    kinds = ("numeric", "categorical", "boolean")

    def fill(self, summary: NumericSummary | CategoricalSummary) -> float | str:
        """The value, as a category's text where needed. Raises ValueError for a text and a numeric feature."""
        if isinstance(summary, CategoricalSummary):
            return label_text(self.value)
        if isinstance(self.value, str):
            raise ValueError(f"a numeric feature needs a number, got {self.value!r}")
        return self.value

"""`train.tune`: the search for better settings."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from schemas.config.base import Section, _or_none


class SearchRange(Section):
    """Values to search between, both ends included; `log` draws evenly over orders of magnitude.

    Two whole numbers search whole numbers only.
    """

    low: int | float
    high: int | float
    log: bool = False

    @model_validator(mode="after")
    def _ascending(self) -> SearchRange:
        if not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise ValueError(f"low must be below high, and both must be finite, got {self.low} and {self.high}")
        if self.log and self.low <= 0:
            raise ValueError(f"log needs a range above 0, got low {self.low}; leave log out or raise low")
        return self


def _to_search(value: Any) -> Any:
    if isinstance(value, str) or (isinstance(value, list) and all(isinstance(v, str) for v in value)):
        return dict.fromkeys([value] if isinstance(value, str) else value)
    return value


Choices = Annotated[list[bool | int | float | str], Field(min_length=2)]
Search = Annotated[dict[str, Choices | SearchRange | None], Field(min_length=1)]


class Tune(Section):
    """Search for better settings before training, judged by the loss on eval; the test split is never opened.

    Attributes:
        trials: trainings at most; the first one is with the configuration as it is, so tuning never ends below it on eval. 20, since the
            best of 19 random ones is among the best 15 % of the space with 95 % confidence (0.85^19 = 0.05).
        minutes: time of all trials together; none for no limit. A trial that is running then is given up. 10, since tuning is rare:
            its values are used again by later runs. A run that it cut short says so, as a faster machine would have come further.
        trial_minutes: time of one trial, which fails beyond it; none, since only a runaway setting needs it.
        search: names of parameters, or ``{name: [values]}``, ``{name: {low: .., high: .., log: ..}}``. None for learning rate, batch
            size, and what the model has of width, depth, dropout and l2.
        method: ``random``: the same trials on every machine; ``bayesian`` lets each trial depend on the losses before, to their last digit.
        seed: of the drawn values.
    """

    trials: Annotated[int, Field(ge=1, le=1000)] = 20
    minutes: Annotated[float, Field(gt=0)] | None = 10.0
    trial_minutes: Annotated[float, Field(gt=0)] | None = None
    search: Annotated[Search, BeforeValidator(_to_search)] | None = None
    method: Literal["random", "bayesian"] = "random"
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0


def _to_tune(value: Any) -> Any:
    return {} if value is True or value == "on" else _or_none(value)

"""`evaluate`: metrics, slices, the threshold, and the gates."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, field_validator

from schemas.config.base import PluginMap, PluginSpec, Section, Share
from schemas.config.data import Task

Metric = Literal[
    "auc",
    "pr_auc",
    "accuracy",
    "balanced_accuracy",
    "log_loss",
    "kappa",
    "f1",
    "brier",
    "calibration_error",
    "rmse",
    "mae",
    "r2",
]
METRICS: tuple[Metric, ...] = get_args(Metric)
#: Task -> its metrics.
METRICS_OF: dict[Task, tuple[Metric, ...]] = {"classification": METRICS[:-3], "regression": METRICS[-3:]}
#: The likelier of two classes.
DEFAULT_THRESHOLD = 0.5


class Costs(Section):
    """What a mistake costs: a row of the first class taken for the second, and the reverse."""

    false_positive: Annotated[float, Field(gt=0, allow_inf_nan=False)]
    false_negative: Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Cost(Section):
    """The threshold with the lowest cost of all mistakes on eval."""

    cost: Costs


class Maximize(Section):
    """The threshold with the best value of a metric on eval."""

    maximize: Literal["f1", "balanced_accuracy", "accuracy"]


ThresholdRule = Share | Maximize | Cost


def _to_threshold(value: Any) -> Any:
    if value == "auto":
        return {"maximize": "f1"}
    if isinstance(value, float | int | Maximize | Cost) and not isinstance(value, bool):
        return value
    if isinstance(value, dict) and len(value) == 1 and {*value} <= {"maximize", "cost"}:
        return value
    raise ValueError(
        "must be a number between 0 and 1, auto, {maximize: f1}, or {cost: {false_positive: 1, false_negative: 5}}"
    )


def _to_slice(value: Any) -> Any:
    names = (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list | tuple) else ()
    if not 1 <= len(names) <= 2 or not all(isinstance(n, str) for n in names) or len({*names}) < len(names):
        raise ValueError("must be a column, or a list of two different columns, like [payment_type, trip_start_hour]")
    return names


SliceOf = Annotated[tuple[str, ...], BeforeValidator(_to_slice, json_schema_input_type=str | list[str])]


class Evaluate(Section):
    """Metrics on the test split, the slices to look at, and the gates that decide on the push.

    `bootstrap` is the number of paired resamples behind the 95 % intervals. By default there is every metric but kappa, whose quadratic
    weights take the classes for grades: between digits, say, 3 for 8 is no worse than 3 for 4. With `data.task` ``regression``, metrics and
    gates are those of `REGRESSION`.

    Attributes:
        slices: columns, and pairs of columns, whose values make slices.
        threshold: with two classes, beyond which probability a row is taken for the second (0.5: the likelier class); or how it is chosen,
            on eval. ``auto`` is short for ``{maximize: f1}``.
        gates: by default what suits any data: ranks better than chance, no worse than the served model, and a model that can be served.
    """

    metrics: list[Metric] = Field(default=[m for m in METRICS_OF["classification"] if m != "kappa"], min_length=1)
    slices: list[SliceOf] = []
    threshold: Annotated[ThresholdRule, BeforeValidator(_to_threshold)] = DEFAULT_THRESHOLD
    gates: PluginMap = [
        PluginSpec(name="metric_floor", params={"auc": 0.5}),
        PluginSpec(name="no_regression", params={"metric": "auc"}),
        PluginSpec(name="serving_ready"),
    ]
    bootstrap: int = Field(default=1000, ge=100, le=100_000)

    @field_validator("gates", mode="after")
    @classmethod
    def _some(cls, value: list[PluginSpec]) -> list[PluginSpec]:
        if not value:
            raise ValueError("at least one gate is needed: without one, every model would be pushed")
        return value

    @property
    def slice_columns(self) -> list[str]:
        """Columns that slices are made by, each once."""
        return list(dict.fromkeys(name for entry in self.slices for name in entry))

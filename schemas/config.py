"""The configuration of a pipeline: what a `retrain.yaml` may say, with every rule and default in one place.

`load_config` reads a file and collects *all* problems before it raises `ConfigError`; a message says where, the rule,
what was got and what to do. Plug-ins appear here only by name (`PluginSpec`): `components.registry` builds them.
"""

from __future__ import annotations

import difflib
import math
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import yaml
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from schemas.metadata import checked_url, redact
from schemas.schedule import Notify, Schedule

Positive = Annotated[int, Field(gt=0)]
Share = Annotated[float, Field(gt=0, lt=1)]


class ConfigError(Exception):
    """The configuration cannot be used. `problems` holds every problem found, one sentence each (exit code 2)."""

    def __init__(self, problems: list[str]):
        self.problems = problems
        super().__init__("\n".join(problems))


class PluginSpec(BaseModel):
    """A plug-in by name, with its parameters: written as ``name``, ``{name: {param: value}}`` or ``{name: value}``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    params: Any = {}


def _to_spec(value: Any) -> Any:
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, PluginSpec) or (isinstance(value, dict) and set(value) == {"name", "params"}):
        return value
    if isinstance(value, dict) and len(value) == 1:
        name, params = next(iter(value.items()))
        return {"name": name, "params": {} if params is None else params}
    raise ValueError("must be a name, or one name with its parameters like {name: {parameter: value}}")


Plugin = Annotated[PluginSpec, BeforeValidator(_to_spec)]


def _to_specs(value: Any) -> Any:
    if value is None:
        return []
    if isinstance(value, list) and all(isinstance(v, PluginSpec) or set(v) == {"name", "params"} for v in value):
        return value
    if not isinstance(value, dict):
        raise ValueError("must be a mapping of names to their parameters, like {name: {parameter: value}}")
    return [{"name": k, "params": {} if v is None else v} for k, v in value.items()]


PluginMap = Annotated[list[PluginSpec], BeforeValidator(_to_specs)]


class Section(BaseModel):
    """Base of all sections: unknown keys are errors, values never change after loading."""

    model_config = ConfigDict(frozen=True, extra="forbid")


FORMATS = ("csv", "parquet", "tfrecord", "images")


def _path_of(value: Any) -> Any:
    return value["path"] if isinstance(value, dict) and set(value) == {"path"} else value


class Source(Section):
    """Where the rows are: exactly one of the formats, a glob with ``{SPAN}`` or ``{YYYY}-{MM}-{DD}`` for the span.

    `images` (or ``images: {path: ...}``) is a glob of PNG or JPEG files with ``{label}`` in it: each file is a row with the columns
    ``image`` and the label.
    """

    csv: str | None = None
    parquet: str | None = None
    tfrecord: str | None = None
    images: Annotated[str | None, BeforeValidator(_path_of)] = None

    @model_validator(mode="after")
    def _one_format(self) -> Source:
        given = [k for k in FORMATS if getattr(self, k) is not None]
        if len(given) != 1:
            raise ValueError(f"must name exactly one of {', '.join(FORMATS)}; got {', '.join(given) or 'none'}")
        if not self.pattern:
            raise ValueError(f"{given[0]} must be a path, got an empty text")
        dates = [p for p in ("{YYYY}", "{MM}", "{DD}") if p in self.pattern]
        if dates and (len(dates) < 3 or "{SPAN}" in self.pattern):
            raise ValueError("a path has either {SPAN} or all of {YYYY}, {MM} and {DD}")
        if (self.images is not None) != ("{label}" in self.pattern):
            raise ValueError("images need {label} in their path, and no other format may have it")
        return self

    @property
    def format(self) -> str:
        """Name of the format that is given: one of `FORMATS`."""
        return next(k for k in FORMATS if getattr(self, k) is not None)

    @property
    def pattern(self) -> str:
        """The glob, as written."""
        return self.csv or self.parquet or self.tfrecord or self.images or ""


class LastSpans(Section):
    """A rolling window of the newest spans."""

    last_spans: Positive


class Split(Section):
    """Shares of the three splits, and by what rows are assigned to them.

    The default 70/15/15 leaves test large enough to gate on from about a thousand rows. `stratify` gives every label
    the same shares; `group_by` keeps all rows of an entity in one split; `by_time` puts the latest rows into test.
    """

    train: Share = 0.7
    eval: Share = 0.15
    test: Share = 0.15
    stratify: bool = True
    group_by: str | None = None
    by_time: str | None = None
    seed: int = 0

    @model_validator(mode="after")
    def _whole(self) -> Split:
        total = self.train + self.eval + self.test
        if not math.isclose(total, 1.0, abs_tol=1e-9):
            raise ValueError(f"train + eval + test must be 1, got {self.train} + {self.eval} + {self.test} = {total:g}")
        if self.group_by and self.by_time:
            raise ValueError("group_by and by_time cannot both be set: a group may span the cut in time; choose one")
        return self


#: What the label is: a class, or an amount.
Task = Literal["classification", "regression"]


class Data(Section):
    """The source, which part of it to read, what the columns are, and how rows are split.

    `task` says what the label is: a class out of a few (``classification``), or an amount (``regression``), a finite number in every row.
    `schema_file` is a curated TFMD schema (text format); without one, the first accepted run's proposal is kept.
    `rows_per_shard` bounds the memory of one worker: a shard is sorted in memory.
    `serving` are rows as they are served (the label may be missing); they are compared with what is trained on.
    `time`, `id` and `entity` name columns that tell when a row happened, which row it is, and whom it is about; they let checks find
    time running backwards, and rows or entities in two splits. They are no inputs unless listed in `features`.
    """

    source: Source
    task: Task = "classification"
    serving: Source | None = None
    time: str | None = None
    id: str | None = None
    entity: str | None = None
    window: Literal["all"] | LastSpans = "all"
    label: str = Field(min_length=1)
    exclude: list[str] = []
    features: dict[str, Literal["numeric", "categorical", "boolean", "timestamp", "text", "image"]] = {}
    schema_file: str | None = None
    split: Split = Split()
    rows_per_shard: Positive = 250_000

    @model_validator(mode="after")
    def _label_used_once(self) -> Data:
        if self.label in self.exclude:
            raise ValueError(f"the label {self.label!r} is in exclude; take it out of there")
        if self.label in self.features:
            raise ValueError(f"the label {self.label!r} is listed in features; take it out of there")
        return self


def _named_features(known: set[str]) -> BeforeValidator:
    """Keys besides the known ones are names of features."""

    def move(value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"must be a mapping with any of {', '.join(sorted(known))}, and names of features")
        own = {k: v for k, v in value.items() if k in known or k == "features"}
        rest = {k: v for k, v in value.items() if k not in own}
        return {**own, "features": {**own.get("features", {}), **rest}} if rest else own

    return BeforeValidator(move)


class Impute(Section):
    """How missing values are filled: by kind, and by feature where a feature is named.

    The median, not 0 and not the mean: it is inside the data and stays put when outliers come (see docs/transform.md).
    """

    numeric: Plugin = PluginSpec(name="median")
    categorical: Plugin = PluginSpec(name="most_frequent")
    boolean: Plugin = PluginSpec(name="most_frequent")
    indicator: bool = True
    features: dict[str, Plugin] = {}


def _or_none(value: Any) -> Any:
    return None if value in (None, False, "none", "off") else value


OptionalPlugin = Annotated[Plugin | None, BeforeValidator(_or_none)]


class Outliers(Section):
    """What happens to values far out, by feature where a feature is named; nothing by default."""

    numeric: OptionalPlugin = None
    features: dict[str, OptionalPlugin] = {}


class Text(Section):
    """How texts become tokens: words and their n-grams, the most frequent of train in a vocabulary.

    64 words hold most reviews and notes; pairs of words (`ngrams` 2) keep "not good" together.
    """

    max_words: Annotated[int, Field(gt=0, le=4096)] = 64
    ngrams: Annotated[int, Field(ge=1, le=3)] = 2
    vocabulary_size: Positive = 20_000
    lowercase: bool = True


class Picture(Section):
    """What pictures are brought to. Without a size, that of the data's pictures is taken, at most 96 pixels a side."""

    height: Annotated[int, Field(ge=4, le=1024)] | None = None
    width: Annotated[int, Field(ge=4, le=1024)] | None = None
    channels: Literal[1, 3] | None = None


class AugmentOp(Section):
    """One operation of the augmentation.

    Attributes:
        op: the operation and its parameters.
        probability: share of draws in which it is applied.
        classes: only to these label values; None for all. What is applied to some classes only tells the label away: the audit says so.
    """

    op: PluginSpec
    probability: Annotated[float, Field(gt=0, le=1)] = 1.0
    classes: list[str] | None = None


def _to_op(value: Any) -> Any:
    if isinstance(value, dict) and "op" in value:
        return value
    spec = _to_spec(value)
    if isinstance(spec, PluginSpec) or not isinstance(spec.get("params"), dict):
        return {"op": spec}
    params = dict(spec["params"])
    common = {k: params.pop(k) for k in ("probability", "classes") if k in params}
    if isinstance(common.get("classes"), list):
        common["classes"] = [str(v) for v in common["classes"]]
    return {"op": {"name": spec["name"], "params": params}, **common}


class Augment(Section):
    """Augmentation of train, and of nothing else.

    Attributes:
        ops: operations, in order.
        copies: augmented examples per example, beside the example itself; 1 doubles train.
        balance: more copies for rarer classes, so that all have about as many rows as the most frequent one. Then every row is
            augmented, the first of each example too: otherwise the model could tell rare classes by their being augmented.
        per_epoch: fresh draws in every epoch, in the place of copies; every row is augmented.
        max_copies: most copies of one example with `balance`.
        seed: of all draws.
    """

    ops: list[Annotated[AugmentOp, BeforeValidator(_to_op)]] = Field(min_length=1)
    copies: Annotated[int, Field(ge=1, le=100)] = 1
    balance: bool = False
    per_epoch: bool = False
    max_copies: Annotated[int, Field(ge=1, le=1000)] = 20
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0

    @model_validator(mode="after")
    def _one_way(self) -> Augment:
        if self.per_epoch and (self.copies > 1 or self.balance):
            raise ValueError(
                "per_epoch draws anew in every epoch and takes the place of copies and balance; choose one"
            )
        return self


def _to_augment(value: Any) -> Any:
    if value in (None, False, "none", "off", []):
        return None
    return {"ops": value} if isinstance(value, list) else value


class Transform(Section):
    """Imputation, outliers, and how values become numbers. Learned on train only; the same graph serves.

    Attributes:
        vocabulary_size: categories of a feature with an index of their own; the rest share one.
        log: numeric features taken as sign(x) log(1 + |x|), before anything else is learned: for amounts over several magnitudes.
        augment: operations on train, see `Augment`; a list alone is its `ops`.
    """

    impute: Annotated[Impute, _named_features({"numeric", "categorical", "boolean", "indicator"})] = Impute()
    outliers: Annotated[Outliers, _named_features({"numeric"})] = Outliers()
    log: list[str] = []
    vocabulary_size: Positive = 1000
    text: Text = Text()
    image: Picture = Picture()
    augment: Annotated[Augment | None, BeforeValidator(_to_augment)] = None


#: What early stopping and the learning rate can watch. Each has its direction in `components.curves.MONITORS`.
Monitor = Literal["val_loss", "val_accuracy"]


class EarlyStopping(Section):
    """Stops when `monitor` has not improved by `min_delta` for `patience` epochs after the warm-up; the best weights are restored.

    Attributes:
        monitor: what must improve: the loss on eval, which unlike accuracy also sees how sure the model is.
        patience: epochs to wait; 5 is beyond the ups and downs of small data. 0 does not wait: training ends with the first epoch that is
            not better, and is then blocked as `stopped_early` unless it was at its end.
        min_delta: smallest change that is an improvement.
    """

    monitor: Monitor = "val_loss"
    patience: int = Field(default=5, ge=0)
    min_delta: float = Field(default=0.0, ge=0)


class ReduceLR(Section):
    """Multiplies the learning rate by `factor` after `patience` epochs without improvement of `monitor`.

    Attributes:
        monitor: that of early stopping, when it is not given.
        factor: what the rate is multiplied by.
        patience: epochs to wait, fewer than those of early stopping.
        min_lr: the rate never falls below; a thousandth of `train.learning_rate`, when it is not given.
    """

    monitor: Monitor | None = None
    factor: Share = 0.1
    patience: Positive = 2
    min_lr: float | None = Field(default=None, ge=0)


def _to_schedule(value: Any) -> Any:
    if isinstance(value, str):
        return None if value == "none" else {"shape": value}
    return value


class RateSchedule(Section):
    """A learning rate that follows a plan, step by step, instead of the ups and downs of eval.

    Attributes:
        shape: ``warmup``: up to `train.learning_rate` in a straight line, then constant. ``cosine``: from there down along half a wave of
            the cosine to `floor`, which the last step reaches (Loshchilov and Hutter 2017).
        warmup: epochs of the rise, 0 for none; 1, as a steep start does the most harm in the first steps.
        floor: the last rate, as a share of `train.learning_rate`.
    """

    shape: Literal["warmup", "cosine"]
    warmup: int = Field(default=1, ge=0)
    floor: float = Field(default=0.0, ge=0, lt=1)

    @model_validator(mode="after")
    def _does_something(self) -> RateSchedule:
        if self.shape == "warmup" and self.warmup == 0:
            raise ValueError("shape: warmup with warmup: 0 changes nothing; give it epochs, or write schedule: none")
        if self.shape == "warmup" and self.floor:
            raise ValueError(
                f"floor ({self.floor:g}) is for shape: cosine; a warm-up ends at the full rate; leave it out"
            )
        return self


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


class Train(Section):
    """The model and how it is trained.

    Without a `model`, the inputs choose: ``cnn`` for pictures, else ``text`` for texts, else ``wide_deep``.
    `sampling` ``balanced`` draws equally many rows of each class into every epoch and batch, in the place of class weights.
    `sample_weight` names a numeric column with the weight of each row, at least 0; only proportions count. It is no input, and it
    multiplies class weights, whose counts stay counts of rows.
    `warm_start` ``champion`` begins with the weights of the served model, as far as they fit; ``none`` (the default, as every model then
    depends on its data alone) with fresh ones.
    `schedule` takes the place of `reduce_lr`, and ``cosine`` that of `early_stopping` as well, unless they are written down.
    `label_smoothing` gives a share of each target to all classes alike, `weight_decay` is that of AdamW (no biases), `clip_norm` bounds the
    norm of all gradients of a step together. `mixed_precision` ``auto`` is on where there is a GPU; ``on`` refuses to run without one.
    `tensorboard` writes the curves as scalars into the folder ``logs`` of the trainer's output ``model_run``.
    `tune` searches for better settings first, see `Tune`; off by default, as it trains many times.
    `threads` fixes TensorFlow's thread pools: results of some CPU kernels depend on it, so it is part of the recipe.
    """

    model: Plugin | None = None
    class_weights: Plugin | None = PluginSpec(name="balanced")
    sampling: Literal["balanced"] | None = None
    sample_weight: Annotated[str, Field(min_length=1)] | None = None
    warm_start: Literal["champion"] | None = None
    tune: Annotated[Tune | None, BeforeValidator(_to_tune)] = None
    early_stopping: EarlyStopping | None = EarlyStopping()
    reduce_lr: ReduceLR | None = ReduceLR()
    schedule: Annotated[RateSchedule | None, BeforeValidator(_to_schedule)] = None
    epochs: Positive = 50
    batch_size: Positive = 256
    learning_rate: float = Field(default=0.001, gt=0)
    label_smoothing: float = Field(default=0.0, ge=0, lt=1)
    weight_decay: float = Field(default=0.0, ge=0)
    clip_norm: float | None = Field(default=None, gt=0)
    mixed_precision: Literal["auto", "on", "off"] = "auto"
    tensorboard: bool = True
    seed: int = Field(default=7, ge=0, lt=2**31)
    threads: Positive = 2

    @model_validator(mode="before")
    @classmethod
    def _schedule_comes_first(cls, value: Any) -> Any:
        """Defaults that a schedule would contradict give way to it."""
        schedule = _to_schedule(value.get("schedule")) if isinstance(value, dict) else None
        if not schedule:
            return value
        shape = schedule.get("shape") if isinstance(schedule, dict) else getattr(schedule, "shape", None)
        return {"reduce_lr": None, **({"early_stopping": None} if shape == "cosine" else {}), **value}

    @field_validator("class_weights", "sampling", "warm_start", "early_stopping", "reduce_lr", mode="before")
    @classmethod
    def _none(cls, value: Any) -> Any:
        return None if value in (None, "none", False) else value

    @field_validator("mixed_precision", mode="before")
    @classmethod
    def _on_or_off(cls, value: Any) -> Any:
        """YAML reads on and off as true and false."""
        return {True: "on", False: "off"}.get(value, value) if isinstance(value, bool) else value

    @property
    def monitor(self) -> Monitor:
        """What decides on stopping, on the learning rate and on the weights that are kept."""
        given = (s.monitor for s in (self.early_stopping, self.reduce_lr) if s is not None and s.monitor is not None)
        return next(given, "val_loss")

    @property
    def min_lr(self) -> float:
        """Below which `reduce_lr` does not go."""
        given = self.reduce_lr.min_lr if self.reduce_lr else None
        return self.learning_rate / 1000 if given is None else given

    @property
    def evens_out(self) -> bool:
        """Whether rare classes count for more than their rows do."""
        return self.class_weights is not None or self.sampling is not None

    @model_validator(mode="after")
    def _once(self) -> Train:
        if self.sampling and self.class_weights:
            raise ValueError(
                f"sampling: {self.sampling} makes classes equally frequent, and class_weights: {self.class_weights.name} would weight rare "
                "ones once more: they would count twice; write class_weights: none, or sampling: none"
            )
        return self

    @model_validator(mode="after")
    def _patience(self) -> Train:
        stop, reduce = self.early_stopping, self.reduce_lr
        if stop and reduce and reduce.monitor not in (None, stop.monitor):
            raise ValueError(
                f"early_stopping.monitor ({stop.monitor}) and reduce_lr.monitor ({reduce.monitor}) must be the same: otherwise training "
                "stops while the rate still waits, or the rate drops while all is well; leave reduce_lr.monitor out"
            )
        if stop and reduce and stop.patience <= reduce.patience:
            raise ValueError(
                f"early_stopping.patience ({stop.patience}) must be larger than reduce_lr.patience ({reduce.patience}): "
                "otherwise training stops before the learning rate ever drops"
            )
        if reduce and self.min_lr >= self.learning_rate:
            raise ValueError(
                f"reduce_lr.min_lr ({self.min_lr:g}) must be below learning_rate ({self.learning_rate:g}): otherwise the rate never drops"
            )
        return self

    @model_validator(mode="after")
    def _planned(self) -> Train:
        plan, stop = self.schedule, self.early_stopping
        if plan is None:
            return self
        if self.reduce_lr:
            raise ValueError(
                "schedule and reduce_lr both set the learning rate: each would undo the other; write reduce_lr: none"
            )
        if plan.warmup > self.epochs or (plan.shape == "cosine" and plan.warmup == self.epochs):
            raise ValueError(
                f"schedule.warmup ({plan.warmup}) must leave epochs of the {self.epochs} to train in: otherwise they end in the rise"
            )
        # At half of the way, the cosine is at half of the rate.
        if plan.shape == "cosine" and stop and 2 * stop.patience < self.epochs - plan.warmup:
            raise ValueError(
                f"early_stopping.patience ({stop.patience}) must be at least half of the epochs after the warm-up "
                f"({self.epochs - plan.warmup}): otherwise training may stop before the cosine has brought the rate down; "
                "write early_stopping: none (the best weights are kept all the same)"
            )
        return self


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


class Push(Section):
    """Where models are served from; relative to the workspace unless absolute."""

    directory: str = "serving"


class Retention(Section):
    """What `retrain gc` keeps. With this section, every run tidies up when it has ended.

    Attributes:
        runs: newest runs with their artifacts (default 50).
        versions: newest versions of the model, to roll back to (default 5); the served one and the runs that made them stay, too.
    """

    runs: Positive = 50
    versions: Positive = 5


class Beam(Section):
    """How Beam runs locally: number of workers, and whether they are threads or processes."""

    workers: Positive = 1
    mode: Literal["in_memory", "multi_threading", "multi_processing"] = "in_memory"
    args: list[str] = []

    @model_validator(mode="after")
    def _workers_need_mode(self) -> Beam:
        if self.workers > 1 and self.mode == "in_memory":
            raise ValueError("workers > 1 needs mode: multi_threading or multi_processing")
        return self


class Checks(Section):
    """The checks of the data: a preset, and the parameters of single checks; ``name: off`` turns one off.

    `on_fail` in a check's parameters says what a finding that would block does: ``block`` (default) or only ``warn``.

    Attributes:
        sample: rows per span that distributions are looked at in (20,000: noise floors are then far below all limits).
        rows_named: how many rows a finding names by file and row number.
        show_values: whether findings may quote values of rows; off, since they may be personal.
    """

    preset: Literal["default"] = "default"
    sample: Annotated[int, Field(ge=100)] = 20_000
    rows_named: Annotated[int, Field(ge=0)] = 10
    show_values: bool = False
    params: dict[str, Any] = {}
    on_fail: dict[str, Literal["warn", "block"]] = {}

    @model_validator(mode="before")
    @classmethod
    def _names(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError("must be a mapping like {preset: default, missing_shift: {...}}")
        if "params" in value:
            return value
        own = {k: v for k, v in value.items() if k in ("preset", "sample", "rows_named", "show_values")}
        params = {k: v for k, v in value.items() if k not in own}
        on_fail = {k: v["on_fail"] for k, v in params.items() if isinstance(v, dict) and "on_fail" in v}
        plain = {k: {n: x for n, x in v.items() if n != "on_fail"} if k in on_fail else v for k, v in params.items()}
        return own | {"params": plain, "on_fail": on_fail}


#: What regression has in the place of these defaults: nothing that speaks of classes, and gates that suit any amount. The floor of R² is
#: what always giving the mean reaches.
REGRESSION: dict[str, dict[str, Any]] = {
    "split": {"stratify": False},
    "train": {"class_weights": None},
    "evaluate": {
        "metrics": list(METRICS_OF["regression"]),
        "gates": {"metric_floor": {"r2": 0.0}, "no_regression": {"metric": "rmse"}, "serving_ready": {}},
    },
}


def _plain_name(value: str) -> str:
    if not value or not all(c.isalnum() or c in "_-" for c in value):
        raise ValueError("must consist of letters, digits, '-' and '_' (it names folders)")
    return value


class PipelineConfig(Section):
    """Everything a retrain depends on, apart from the data and the code.

    Attributes:
        metadata: URL of ML Metadata's database, see `schemas.metadata`; None for a SQLite file in the workspace.
    """

    name: Annotated[str, AfterValidator(_plain_name)]
    data: Data
    checks: Checks = Checks()
    transform: Transform = Transform()
    train: Train = Train()
    evaluate: Evaluate = Evaluate()
    push: Push = Push()
    retention: Retention | None = None
    runner: str = "local"
    beam: Beam = Beam()
    metadata: Annotated[str, AfterValidator(checked_url)] | None = None
    schedule: Schedule | None = None
    notify: Notify | None = None

    @property
    def recipe(self) -> dict[str, Any]:
        """What a result depends on, as plain data: all but when runs start, who is told and what is tidied up."""
        return self.model_dump(mode="json", exclude={"schedule", "notify", "retention"})

    @model_validator(mode="before")
    @classmethod
    def _task_comes_first(cls, value: Any) -> Any:
        """Defaults that only suit classes give way to those of amounts; what is written down stays."""
        data = value.get("data") if isinstance(value, dict) else None
        if not isinstance(data, dict) or data.get("task") != "regression":
            return value
        sections = {"train": value.get("train"), "evaluate": value.get("evaluate"), "split": data.get("split")}
        filled = {
            name: {**REGRESSION[name], **({} if given is None else given)}
            for name, given in sections.items()
            if given is None or isinstance(given, dict)
        }
        split = {"split": filled.pop("split")} if "split" in filled else {}
        return {**value, **filled, "data": {**data, **split}}

    @model_validator(mode="after")
    def _metrics_of_the_task(self) -> PipelineConfig:
        known = METRICS_OF[self.data.task]
        wrong = [m for m in self.evaluate.metrics if m not in known]
        if wrong:
            raise ValueError(
                f"evaluate.metrics: {', '.join(wrong)} {'is' if len(wrong) == 1 else 'are'} not for data.task: {self.data.task}; "
                f"use any of {', '.join(known)}"
            )
        return self

    @model_validator(mode="after")
    def _amounts_have_no_classes(self) -> PipelineConfig:
        if self.data.task != "regression":
            return self
        train, augment = self.train, self.transform.augment
        stop, reduce = train.early_stopping, train.reduce_lr
        of_classes = {
            "data.split.stratify: true": self.data.split.stratify,
            "train.class_weights": train.class_weights is not None,
            "train.sampling": train.sampling is not None,
            "train.label_smoothing": train.label_smoothing > 0,
            "val_accuracy in train.early_stopping or train.reduce_lr": "val_accuracy"
            in (stop and stop.monitor, reduce and reduce.monitor),
            "evaluate.threshold": self.evaluate.threshold != DEFAULT_THRESHOLD,
            "transform.augment.balance": augment is not None and augment.balance,
            "classes of an operation in transform.augment": augment is not None
            and any(op.classes for op in augment.ops),
        }
        found = [name for name, there in of_classes.items() if there]
        if self.data.source.images is not None:
            found.append("data.source.images, whose labels are names of folders (use a table with a column of paths)")
        if found:
            raise ValueError(
                f"data.task: regression has amounts and no classes, and these are for classes: {'; '.join(found)}; take them out"
            )
        return self

    @model_validator(mode="after")
    def _a_weight_is_no_input(self) -> PipelineConfig:
        name = self.train.sample_weight
        if name is not None and (name == self.data.label or name in self.data.features):
            what = "the label" if name == self.data.label else "listed in data.features"
            raise ValueError(
                f"train.sample_weight: {name!r} is {what}, and a weight is neither label nor input; name another column"
            )
        return self

    @model_validator(mode="after")
    def _sampling_draws_anew(self) -> PipelineConfig:
        augment = self.transform.augment
        if self.train.sampling and augment and not augment.per_epoch:
            raise ValueError(
                "train.sampling: balanced draws the rows of every epoch anew, and repeats those of rare classes; with copies these "
                "would be augmented more often than others, and tell the class; write transform.augment.per_epoch: true"
            )
        return self


def did_you_mean(word: str, choices: list[str]) -> str:
    """``" Did you mean 'x'?"``, or the list of choices when nothing is near."""
    near = difflib.get_close_matches(word, choices, n=1)
    return f" Did you mean {near[0]!r}?" if near else f" Known: {', '.join(sorted(choices))}."


def _section_keys(path: tuple[int | str, ...]) -> list[str]:
    """Keys that a section at this path may have, following the models' annotations."""
    model: Any = PipelineConfig
    for part in path:
        info = getattr(model, "model_fields", {}).get(part)
        if info is None:
            return []
        nested = [info.annotation, *getattr(info.annotation, "__args__", ())]
        model = next((t for t in nested if isinstance(t, type) and issubclass(t, BaseModel)), None)
    return sorted(getattr(model, "model_fields", {}))


def _sentence(error: Any) -> str:
    where = ".".join(str(p) for p in error["loc"]) or "configuration"
    where = where.replace(".LastSpans", "").replace(".literal['all']", "")
    kind = error["type"]
    if kind == "extra_forbidden":
        return f"{where}: unknown key.{did_you_mean(str(error['loc'][-1]), _section_keys(error['loc'][:-1]))}"
    if kind == "missing":
        return f"{where}: is required and not given. Add it."
    rule = error["msg"].removeprefix("Value error, ")
    got = error["input"]
    if kind == "value_error" and isinstance(got, dict | list | BaseModel):
        return f"{where}: {rule}."
    return redact(f"{where}: {rule}, got {got!r}.")


def problems_of(error: ValidationError, prefix: str = "") -> list[str]:
    """All problems of a pydantic error, one sentence each, without repetitions."""
    sentences = [prefix + _sentence(e) for e in error.errors(include_url=False)]
    return list(dict.fromkeys(sentences))


def parse_config(raw: Any) -> PipelineConfig:
    """Builds a configuration from plain data.

    Raises:
        ConfigError: with all problems at once.
    """
    if not isinstance(raw, dict):
        raise ConfigError([f"configuration: must be a mapping of sections, got {type(raw).__name__}."])
    try:
        return PipelineConfig.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(problems_of(error)) from None


def set_override(raw: dict[str, Any], override: str) -> None:
    """Applies one ``path.to.key=value`` (value in YAML) to plain configuration data, in place.

    Raises:
        ConfigError: when the form is wrong or the path runs through something that is not a section.
    """
    path, sep, text = override.partition("=")
    if not sep or not all(path.split(".")):
        raise ConfigError([f"--override {override}: must have the form path.to.key=value, like train.epochs=10."])
    *sections, key = path.split(".")
    node: Any = raw
    for part in sections:
        if node.get(part) is None:
            node[part] = {}
        node = node[part]
        if not isinstance(node, dict):
            raise ConfigError([f"--override {override}: {part!r} is not a section in this configuration."])
    try:
        node[key] = yaml.safe_load(text)
    except yaml.YAMLError:
        raise ConfigError([f"--override {override}: {text!r} is not valid YAML."]) from None


def load_config(path: Path, overrides: list[str] | None = None) -> PipelineConfig:
    """Reads a YAML file, applies overrides and checks everything.

    Raises:
        ConfigError: when the file is missing, not YAML, or not a valid configuration.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError([f"{path}: no such file. Give the path of a configuration (YAML)."]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read ({error}). It must be a readable UTF-8 file."]) from None
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f", line {mark.line + 1}" if mark else ""
        raise ConfigError([f"{path}{at}: not valid YAML ({getattr(error, 'problem', error)})."]) from None
    raw = {} if raw is None else raw
    if isinstance(raw, dict):
        for override in overrides or []:
            set_override(raw, override)
    return parse_config(raw)

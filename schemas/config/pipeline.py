"""The whole of a configuration, its smaller sections, and the rules between sections."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from schemas.config.base import Positive, Section
from schemas.config.data import Data
from schemas.config.evaluate import DEFAULT_THRESHOLD, METRICS_OF, Evaluate
from schemas.config.train import Train
from schemas.config.transform import Transform
from schemas.metadata import checked_url
from schemas.schedule import Notify, Schedule


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
        show_values: whether findings may quote values of `Data.unnamed` columns; off, since they may be personal.
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

"""`train`: the model and how it is trained, with the combinations that would defeat each other."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from schemas.config.base import Plugin, PluginSpec, Positive, Section, Share
from schemas.config.tune import Tune, _to_tune

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

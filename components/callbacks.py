"""What acts while a model is trained: when to stop, how fast to learn, and what TensorBoard shows."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from components.curves import MONITORS, Curves
from schemas.config import RateSchedule, Train


def learning_rate(config: Train, steps: int) -> float | keras.optimizers.schedules.LearningRateSchedule:
    """The rate, or its plan.

    Args:
        steps: batches of an epoch. The rise begins at one part in as many as it has steps, so that no step is lost.
    """
    plan, rate = config.schedule, config.learning_rate
    if plan is None:
        return rate
    rise = plan.warmup * steps
    return _warmup(rate, rise) if plan.shape == "warmup" else _cosine(plan, rate, rise, config.epochs * steps)


def _warmup(rate: float, rise: int) -> keras.optimizers.schedules.LearningRateSchedule:
    return keras.optimizers.schedules.PolynomialDecay(rate / rise, rise, end_learning_rate=rate, power=1.0)


def _cosine(plan: RateSchedule, rate: float, rise: int, steps: int) -> keras.optimizers.schedules.LearningRateSchedule:
    decay = keras.optimizers.schedules.CosineDecay
    if not rise:
        return decay(rate, steps, alpha=plan.floor)
    return decay(rate / rise, steps - rise, alpha=plan.floor, warmup_target=rate, warmup_steps=rise)


def acting(config: Train) -> list[keras.callbacks.Callback]:
    """The callbacks that change how training goes on; they read what `Curves` has put into the logs before."""
    chosen: list[keras.callbacks.Callback] = [keras.callbacks.TerminateOnNaN()]
    name, mode = MONITORS[config.monitor]
    if config.reduce_lr:
        r = config.reduce_lr
        chosen.append(
            keras.callbacks.ReduceLROnPlateau(
                name, mode=mode, factor=r.factor, patience=r.patience, min_lr=config.min_lr, min_delta=0.0
            )
        )
    if config.early_stopping:
        e = config.early_stopping
        warmup = config.schedule.warmup if config.schedule else 0
        chosen.append(
            keras.callbacks.EarlyStopping(
                name, mode=mode, patience=e.patience, min_delta=e.min_delta, start_from_epoch=warmup
            )
        )
    return chosen


class Scalars(keras.callbacks.Callback):
    """Writes the curves for TensorBoard: one scalar a measure and epoch, nothing else, so that it costs next to nothing.

    Those of epochs before a training was killed are written as well: the folder is new.
    """

    def __init__(self, curves: Curves, folder: str):
        super().__init__()
        self._curves, self._folder, self._written = curves, folder, 0
        self._writer: Any = None

    def on_train_begin(self, logs: Any = None) -> None:
        self._writer = tf.summary.create_file_writer(self._folder)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        with self._writer.as_default():
            for past in self._curves.epochs[self._written :]:
                for name, value in past.model_dump(exclude={"epoch"}, exclude_none=True).items():
                    tf.summary.scalar(name, value, step=past.epoch)
        self._writer.flush()
        self._written = len(self._curves.epochs)

    def on_train_end(self, logs: Any = None) -> None:
        self._writer.close()

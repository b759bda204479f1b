"""What is watched while a model is trained: the curves of the record, the weights of the best epoch, and when to stop."""

from __future__ import annotations

import time
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from components.training_data import I64, Rows, rows_at_once
from schemas.config import Train
from schemas.run_record import Epoch

#: Keras' own val_loss has the L2 penalty in it and would not compare with the clean training loss; the cross entropy has not.
MONITORS = {"val_loss": ("val_cross_entropy", "min"), "val_accuracy": ("val_accuracy", "max")}


class Curves(keras.callbacks.Callback):
    """Records every epoch and keeps the weights of the best one.

    `train_loss` is measured on a fixed sample of train without augmentation, dropout and class weights, so it compares with `val_loss`.

    Args:
        monitor: name in `MONITORS`.
        sample: the fixed sample of train.
        targets: index of the right class of its rows, int64 [n].
    """

    def __init__(self, monitor: str, sample: Rows, targets: I64):
        super().__init__()
        self.epochs: list[Epoch] = []
        self.best_epoch = 0
        self.best_weights: list[Any] | None = None
        self._monitor, mode = MONITORS[monitor]
        self._sign = 1 if mode == "min" else -1
        self._best = np.inf
        self._sample, self._targets = sample, targets
        self._began = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = logs or {}
        logits = self._logits()
        clean = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(self._targets, logits))
        self.epochs.append(
            Epoch(
                epoch=epoch + 1,
                loss=float(logs["loss"]),
                train_loss=float(clean),
                val_loss=float(logs["val_cross_entropy"]),
                val_accuracy=float(logs["val_accuracy"]),
                learning_rate=float(self.model.optimizer.learning_rate),
                seconds=round(time.monotonic() - self._began, 3),
            )
        )
        value = self._sign * float(logs[self._monitor])
        if value < self._best and np.isfinite(float(logs["val_cross_entropy"])):
            self._best, self.best_epoch = value, epoch + 1
            self.best_weights = [w.numpy().copy() for w in self.model.weights]

    def _logits(self) -> tf.Tensor:
        rows = len(self._sample)
        size = rows_at_once(any(n.startswith("image_") for n in self._sample.inputs))
        parts = [self._sample.take(np.arange(i, min(i + size, rows))) for i in range(0, rows, size)]
        return tf.concat([self.model(p.inputs, training=False) for p in parts], axis=0)


def callbacks(config: Train, curves: Curves) -> list[keras.callbacks.Callback]:
    """Our curves first, so that they see what the others act on."""
    chosen: list[keras.callbacks.Callback] = [curves, keras.callbacks.TerminateOnNaN()]
    if config.reduce_lr:
        r = config.reduce_lr
        name, mode = MONITORS[r.monitor]
        chosen.append(
            keras.callbacks.ReduceLROnPlateau(
                name, mode=mode, factor=r.factor, patience=r.patience, min_lr=r.min_lr, min_delta=0.0
            )
        )
    if config.early_stopping:
        e = config.early_stopping
        name, mode = MONITORS[e.monitor]
        chosen.append(keras.callbacks.EarlyStopping(name, mode=mode, patience=e.patience, min_delta=e.min_delta))
    return chosen

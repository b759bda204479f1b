"""The curves of the record, and the weights of the best epoch."""

from __future__ import annotations

import time
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from components.watch import Watch, Watched, change
from schemas.run_record import LARGEST, Epoch

#: What can be watched: its name among the measures, and which way is better. Keras' own loss on eval has the L2 penalty in it and would
#: not compare with the clean training loss.
MONITORS = {"val_loss": ("val_loss", "min"), "val_accuracy": ("val_accuracy", "max")}


class Curves(keras.callbacks.Callback):
    """Measures every epoch, tells the other callbacks, and keeps the weights of the best one.

    It must be the first callback: Keras hands the same `logs` from one to the next.

    Attributes:
        epochs: the curves so far.
        best_epoch: number of the epoch whose weights are kept, 0 for none.
        best_weights: values of `model.weights` after it.
        best: the least value so far of what is watched, its sign turned where more is better.
    """

    def __init__(self, monitor: str, train: Watched, val: Watched):
        super().__init__()
        self.epochs: list[Epoch] = []
        self.best_epoch, self.best = 0, float("inf")
        self.best_weights: list[npt.NDArray[Any]] | None = None
        self.watched: list[str] = []
        self._monitor, mode = MONITORS[monitor]
        self._sign = 1 if mode == "min" else -1
        self._train, self._val = train, val
        self._watch: Watch | None = None
        self._before: list[npt.NDArray[np.float32]] = []
        self._began = 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        self._watch = Watch(self.model, self._train, self._val)
        self.watched = list(dict.fromkeys((self._watch.first, self._watch.last)))
        self._before = self._watch.weights()

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        assert self._watch is not None
        measured, after = self._watch.measure(), self._watch.weights()
        ratio, self._before = change(self._before, after), after
        known = {k: v for k, v in measured.items() if v is not None}
        logs.update(known)
        value = self._sign * known.get(self._monitor, float("nan"))
        if value < self.best and np.isfinite(known["val_loss"]):
            self.best, self.best_epoch = value, epoch + 1
            self.best_weights = [np.array(w.numpy()) for w in self.model.weights]
        values = {k: v if v is None or np.isfinite(v) else None for k, v in measured.items()}
        self.epochs.append(
            Epoch(
                epoch=epoch + 1,
                loss=float(logs["loss"]) if np.isfinite(logs["loss"]) else LARGEST,
                learning_rate=float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate)),
                update_ratio=ratio,
                seconds=round(time.monotonic() - self._began, 3),
                **values,
            )
        )

    @property
    def finite(self) -> bool:
        """Whether there are epochs, and every training loss was finite."""
        return bool(self.epochs) and all(e.loss < LARGEST for e in self.epochs)

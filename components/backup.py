"""A training that was killed goes on at its epoch, and ends with the weights and curves of an unbroken one.

Keras' own BackupAndRestore keeps the model and its optimizer, but not what other callbacks have counted: patience would start anew, and
the best weights would be forgotten. So this keeps all that the rest of a training depends on: weights, the states of dropout's random
generators, the optimizer's moments and learning rate, the curves, the best weights, and the counters of the callbacks.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from components.curves import Curves
from components.training_data import Rows
from schemas.run_record import Epoch

#: What Keras' EarlyStopping and ReduceLROnPlateau count.
COUNTED = ("best", "wait", "best_epoch", "stopped_epoch", "cooldown_counter")


def key_of(settings: Sequence[str], splits: Sequence[Rows]) -> str:
    """SHA-256 of all that a training depends on: only its own backup may be gone on from.

    Args:
        settings: configuration, contract and digest of the code.
        splits: the transformed rows.
    """
    digest = hashlib.sha256()
    for text in settings:
        digest.update(f"{len(text.encode())} {text}\n".encode())
    for rows in splits:
        columns = {**rows.inputs, "keys": rows.keys, **({} if rows.weights is None else {"weights": rows.weights})}
        columns |= {} if rows.amounts is None else {"amounts": rows.amounts}
        for name, values in sorted(columns.items()):
            digest.update(f"{name} {values.dtype} {values.shape}\n".encode())
            digest.update(np.ascontiguousarray(values).data)
        digest.update("\0".join(rows.labels.tolist()).encode())
    return digest.hexdigest()


class Backup(keras.callbacks.Callback):
    """Writes the state after epochs, and restores it. It must be the last callback, so that it sees what the others did.

    Args:
        folder: belongs to one pipeline, of which only one run trains at a time; holds at most one backup.
        key: see `key_of`; a backup under another one is of another training, and removed.
        every: seconds between backups, after whole epochs: writing one to disk for good takes about 25 ms, so that a second keeps the cost
            below 3 %, and what a kill can cost is a second and an epoch. The end of a training is always written.
    """

    def __init__(self, folder: Path, key: str, every: float = 1.0):
        super().__init__()
        self._every, self._last = every, time.monotonic()
        self._file = folder / f"{key}.npz"
        self._curves: Curves | None = None
        self._others: Sequence[keras.callbacks.Callback] = ()
        self._counted: list[dict[str, Any]] = []
        self._start = ""
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            if old != self._file:
                old.unlink()

    def resume(self, model: keras.Model, curves: Curves, others: Sequence[keras.callbacks.Callback]) -> bool:
        """Restores what a killed training had reached, if there is any; whether it had come to its end.

        A backup of a training that began with other weights (`train.warm_start`) is not taken over.

        Args:
            model: compiled; weights, optimizer and curves are changed in place, the callbacks when training begins (which resets them).
        """
        self._curves, self._others, self._start = curves, others, _digest(model)
        if not self._file.exists():
            return False
        model.optimizer.build(model.trainable_variables)
        with np.load(self._file) as kept:
            state = json.loads(kept["state"].tobytes())
            if state["start"] != self._start:
                return False
            for name, variables in (("model", model.variables), ("optimizer", model.optimizer.variables)):
                for i, variable in enumerate(variables):
                    variable.assign(kept[f"{name}_{i}"])
            if state["best_epoch"]:
                curves.best_weights = [kept[f"best_{i}"] for i in range(len(model.weights))]
        curves.epochs = [Epoch.model_validate(e) for e in state["epochs"]]
        curves.best_epoch, curves.best, curves.watched = state["best_epoch"], state["best"], state["watched"]
        self._counted = state["counted"]
        return bool(state["ended"])

    def on_train_begin(self, logs: Any = None) -> None:
        for callback, values in zip(self._others, self._counted, strict=False):
            for name, value in values.items():
                setattr(callback, name, value)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        curves, model = self._curves, self.model
        assert curves is not None
        ended = bool(model.stop_training) or epoch + 1 == self.params["epochs"]
        if time.monotonic() - self._last < self._every and not ended:
            return
        self._last = time.monotonic()
        state = {
            "start": self._start,
            "epochs": [e.model_dump() for e in curves.epochs],
            "best_epoch": curves.best_epoch,
            "best": curves.best,
            "watched": curves.watched,
            "ended": ended,
            "counted": [{n: _plain(getattr(c, n)) for n in COUNTED if hasattr(c, n)} for c in self._others],
        }
        arrays = {f"model_{i}": v.numpy() for i, v in enumerate(model.variables)}
        arrays |= {f"optimizer_{i}": v.numpy() for i, v in enumerate(model.optimizer.variables)}
        arrays |= {f"best_{i}": v for i, v in enumerate(curves.best_weights or [])}
        self._write({**arrays, "state": np.frombuffer(json.dumps(state).encode(), np.uint8)})

    def _write(self, arrays: dict[str, Any]) -> None:
        """Whole or not at all, whenever the process or the machine stops."""
        content = io.BytesIO()
        np.savez(content, **arrays)
        part = self._file.with_suffix(".part")
        with open(part, "wb") as file:
            file.write(content.getbuffer())
            file.flush()
            os.fsync(file.fileno())
        os.replace(part, self._file)

    def remove(self) -> None:
        """After success: nothing to go on from."""
        self._file.unlink(missing_ok=True)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _digest(model: keras.Model) -> str:
    """SHA-256 of all values of a model."""
    digest = hashlib.sha256()
    for variable in model.variables:
        digest.update(np.ascontiguousarray(variable.numpy()).data)
    return digest.hexdigest()

"""A training that was killed: it goes on at its epoch, and ends as if nothing had happened."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from schemas.config import PluginSpec, Train
from tests.components.models.rows import TABLE, make_rows

keras = pytest.importorskip("keras")

from components import training  # noqa: E402
from components.backup import Backup, key_of  # noqa: E402
from components.batches import Feed  # noqa: E402

#: Dropout, moments, decay, patience of both kinds and best weights that are not the last: all that could be lost.
CONFIG = Train(
    model=PluginSpec(name="mlp", params={"hidden": [16], "dropout": 0.3}),
    epochs=14,
    batch_size=32,
    learning_rate=0.1,
    weight_decay=0.01,
    reduce_lr={"patience": 2, "factor": 0.3},
    early_stopping={"patience": 6},
)
ROOT = Path(__file__).parents[2]


def noisy(rows):
    """A third of the labels are wrong, so that training has its ups and downs."""
    rows.labels[::3] = "0"
    return rows


def train(folder, config=CONFIG, every=0.0):
    training.tf.config.experimental.enable_op_determinism()
    model, *_ = training.build_model(config, TABLE)
    rows, val = noisy(make_rows(TABLE, 150)), noisy(make_rows(TABLE, 60, 1))
    backup = Backup(folder, "key", every) if folder else None
    record = training.fit(config, model, Feed(rows, ["0", "1", "2"], 7), val, backup)
    return record, training.weights_digest(model)


def without_times(record):
    return [e.model_dump(exclude={"seconds"}) for e in record.epochs]


class Killer(keras.callbacks.Callback):
    """SIGKILL in the middle of an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self._epoch, self._now = epoch, -1

    def on_epoch_begin(self, epoch, logs=None):
        self._now = epoch

    def on_train_batch_end(self, batch, logs=None):
        if self._now == self._epoch and batch == 2:
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(scope="module")
def unbroken():
    return train(None)


def test_a_killed_training_ends_like_an_unbroken_one(unbroken, tmp_path):
    record, digest = unbroken
    # Late enough that the learning rate has dropped and patience is being counted; early enough that something is left to do.
    killed_in = record.best_epoch + 3
    assert record.epochs[killed_in - 1].learning_rate < 0.5 * CONFIG.learning_rate
    assert killed_in < len(record.epochs) - 1
    words = [sys.executable, "-m", "tests.components.test_backup", str(tmp_path), str(killed_in)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr[-2000:]
    again, digest_again = train(tmp_path)
    assert again.resumed == killed_in
    assert without_times(again) == without_times(record)
    assert (again.best_epoch, again.stopped, digest_again) == (record.best_epoch, record.stopped, digest)


def test_a_training_that_had_ended_is_not_gone_on_with(unbroken, tmp_path):
    first, digest = train(tmp_path)
    second, digest_again = train(tmp_path)
    assert digest == digest_again == unbroken[1]
    assert (second.resumed, second.stopped, second.watched) == (len(first.epochs), first.stopped, first.watched)
    assert without_times(second) == without_times(unbroken[0])


def test_keeping_a_backup_changes_nothing_and_leaves_one_file(unbroken, tmp_path):
    _, digest = train(tmp_path)
    assert digest == unbroken[1]
    assert [p.name for p in tmp_path.iterdir()] == ["key.npz"]
    Backup(tmp_path, "key").remove()
    assert list(tmp_path.iterdir()) == []


def test_between_backups_time_must_pass_but_the_end_is_always_kept(unbroken, tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(Backup, "_write", lambda self, arrays: written.append(len(arrays)))
    train(tmp_path, every=3600)
    assert len(written) == 1
    train(tmp_path)
    assert len(written) == 1 + len(unbroken[0].epochs)


def test_a_backup_of_another_training_is_removed(tmp_path):
    (tmp_path / "old.npz").write_bytes(b"another one")
    (tmp_path / "key.part").write_bytes(b"half of one")
    Backup(tmp_path, "key")
    assert list(tmp_path.iterdir()) == []


def test_a_training_that_begins_with_other_weights_is_another_one(tmp_path):
    train(tmp_path, CONFIG.model_copy(update={"seed": 8}))
    assert train(tmp_path)[0].resumed is None


def test_the_key_sees_all_that_training_depends_on():
    rows, other = make_rows(TABLE, 20), make_rows(TABLE, 20, 1)
    settings = ["contract", "train"]
    keys = {
        key_of(settings, [rows, other]),
        key_of(["contracttrain", ""], [rows, other]),
        key_of(["contract", "trained"], [rows, other]),
        key_of(settings, [other, rows]),
        key_of(settings, [rows, other.take(np.arange(19))]),
    }
    changed = make_rows(TABLE, 20)
    changed.inputs["numeric"][3, 1] += 1e-3
    keys.add(key_of(settings, [changed, other]))
    relabelled = make_rows(TABLE, 20)
    relabelled.labels[0] = "x"
    keys.add(key_of(settings, [relabelled, other]))
    assert len(keys) == 7
    assert key_of(settings, [make_rows(TABLE, 20), other]) in keys


def _child(folder, epoch):
    acting = training.acting
    training.acting = lambda config: [*acting(config), Killer(int(epoch))]
    print(json.dumps(train(Path(folder))[1]))


if __name__ == "__main__":
    _child(*sys.argv[1:])

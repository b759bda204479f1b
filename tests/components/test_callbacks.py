"""What acts in training: plans of the learning rate, early stopping, and the scalars for TensorBoard."""

import typing

import numpy as np
import pytest

from schemas.config import Monitor, PluginSpec, Train
from tests.components.models.rows import TABLE, make_rows

keras = pytest.importorskip("keras")

import tensorflow as tf  # noqa: E402

from components import training  # noqa: E402
from components.batches import Feed  # noqa: E402
from components.callbacks import acting, learning_rate  # noqa: E402
from components.curves import MONITORS  # noqa: E402


def rates(config, steps):
    plan = learning_rate(config, steps)
    return np.array([float(plan(i)) for i in range(config.epochs * steps + 1)])


def test_every_monitor_has_a_direction():
    assert set(MONITORS) == set(typing.get_args(Monitor))
    assert {mode for _, mode in MONITORS.values()} == {"min", "max"}


def test_a_warm_up_rises_in_a_straight_line_and_stays():
    got = rates(Train(schedule={"shape": "warmup", "warmup": 2}, epochs=5, learning_rate=0.1), 10)
    assert got[0] == pytest.approx(0.1 / 20)
    np.testing.assert_allclose(np.diff(got[:21]), (0.1 - 0.1 / 20) / 20, rtol=1e-3)
    np.testing.assert_allclose(got[20:], 0.1, rtol=1e-6)


@pytest.mark.parametrize("warmup", [0, 1])
def test_a_cosine_goes_down_to_its_floor(warmup):
    config = Train(schedule={"shape": "cosine", "warmup": warmup, "floor": 0.1}, epochs=5, learning_rate=0.1)
    got = rates(config, 10)
    rise = 10 * warmup
    along = np.arange(51 - rise) / (50 - rise)
    expected = 0.1 * (0.1 + 0.9 * 0.5 * (1 + np.cos(np.pi * along)))
    np.testing.assert_allclose(got[rise:], expected, rtol=1e-4)
    assert got[-1] == pytest.approx(0.01)
    assert got[:rise].tolist() == sorted(got[:rise])


def test_early_stopping_counts_from_the_end_of_the_warm_up():
    config = Train(schedule={"shape": "warmup", "warmup": 3}, epochs=9)
    (stop,) = [c for c in acting(config) if isinstance(c, keras.callbacks.EarlyStopping)]
    assert (stop.start_from_epoch, stop.patience, config.reduce_lr) == (3, 5, None)


def test_the_curves_have_the_rate_and_tensorboard_has_the_curves(tmp_path):
    config = Train(
        model=PluginSpec(name="linear"), schedule="cosine", epochs=3, batch_size=32, learning_rate=0.1, seed=5
    )
    model, *_ = training.build_model(config, TABLE)
    feed = Feed(make_rows(TABLE, 90), ["0", "1", "2"], 5)
    record = training.fit(config, model, feed, make_rows(TABLE, 40, 1), logs=str(tmp_path))
    assert [e.learning_rate for e in record.epochs] == pytest.approx([0.1, 0.05, 0.0], abs=1e-6)
    (file,) = tmp_path.iterdir()
    found = {}
    for raw in tf.data.TFRecordDataset(str(file)):
        event = tf.compat.v1.Event.FromString(raw.numpy())
        for value in event.summary.value:
            found.setdefault(value.tag, {})[event.step] = float(tf.make_ndarray(value.tensor))
    measured = [e.model_dump(exclude={"epoch"}, exclude_none=True) for e in record.epochs]
    assert set(found) == set(measured[0])
    for name, steps in found.items():
        assert steps == pytest.approx({i + 1: m[name] for i, m in enumerate(measured)}, rel=1e-5)


def test_a_patience_of_0_stops_at_the_first_epoch_that_is_not_better():
    config = Train(
        model=PluginSpec(name="linear"),
        early_stopping={"patience": 0},
        reduce_lr="none",
        epochs=40,
        batch_size=32,
        learning_rate=0.5,
    )
    model, *_ = training.build_model(config, TABLE)
    rows = make_rows(TABLE, 90)
    rows.labels[::3] = "0"
    record = training.fit(config, model, Feed(rows, ["0", "1", "2"], 7), make_rows(TABLE, 40, 1))
    losses = [e.val_loss for e in record.epochs]
    assert losses[:-1] == sorted(losses[:-1], reverse=True)
    assert losses[-1] >= losses[-2]
    assert (record.stopped, record.best_epoch) == ("early_stopping", len(losses) - 1)

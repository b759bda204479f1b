"""How a training computes: regularisation, and precision on machines with and without a GPU."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from components.objective import Classes
from schemas.config import Train
from tests.components.models.rows import TABLE, make_rows

keras = pytest.importorskip("keras")

from components import numerics, training  # noqa: E402
from components.backup import Backup  # noqa: E402
from components.batches import Feed  # noqa: E402


@pytest.mark.parametrize(
    ("wanted", "gpus", "policy"),
    [("auto", 0, "float32"), ("auto", 1, "mixed_float16"), ("on", 2, "mixed_float16"), ("off", 2, "float32")],
)
def test_precision_follows_the_machine(wanted, gpus, policy):
    assert numerics.precision(Train(mixed_precision=wanted), gpus) == policy


def test_mixed_precision_without_a_gpu_is_refused():
    with pytest.raises(ValueError, match="needs a GPU"):
        numerics.precision(Train(mixed_precision="on"), 0)


def test_mixed_precision_keeps_its_weights_and_leaves_the_process_as_it_was(monkeypatch):
    monkeypatch.setattr(numerics, "precision", lambda config, gpus: "mixed_float16")
    config = Train(epochs=2, batch_size=32, learning_rate=0.05)
    feed = Feed(make_rows(TABLE, 90), ["0", "1", "2"], 7)
    model, record = training.train_model(config, TABLE, feed, make_rows(TABLE, 40, 1))
    assert record.precision == "mixed_float16"
    assert {w.dtype for w in model.weights} == {"float32"}
    assert record.epochs[-1].val_loss < record.epochs[0].train_loss
    assert keras.config.dtype_policy().name == "float32"
    logits = model(make_rows(TABLE, 5).inputs)
    assert logits.dtype == "float32"


def test_defaults_are_plain_adam_and_plain_cross_entropy():
    plain = numerics.optimizer(Train(), 10)
    assert type(plain) is keras.optimizers.Adam
    assert (plain.global_clipnorm, plain.clipnorm, plain.weight_decay) == (None, None, None)
    assert isinstance(Classes(["a", "b", "c"]).keras_loss(Train()), keras.losses.SparseCategoricalCrossentropy)


def test_weight_decay_leaves_biases_out():
    dense = keras.layers.Dense(2)
    dense.build((None, 3))
    dense.bias.assign([1.0, 1.0])
    before = dense.kernel.numpy()
    adamw = numerics.optimizer(Train(weight_decay=0.1, learning_rate=0.5), 10)
    adamw.apply([np.zeros((3, 2), "f4"), np.zeros(2, "f4")], [dense.kernel, dense.bias])
    np.testing.assert_allclose(dense.kernel.numpy(), before * (1 - 0.1 * 0.5), rtol=1e-6)
    assert dense.bias.numpy().tolist() == [1.0, 1.0]


def test_clip_norm_bounds_all_gradients_together():
    variables = [keras.Variable(np.zeros(2, "f4")), keras.Variable(np.zeros(1, "f4"))]
    clipped = numerics.optimizer(Train(clip_norm=1.0), 10)
    clipped.build(variables)
    got = clipped._clip_gradients([keras.ops.array([3.0, 0.0]), keras.ops.array([4.0])])
    np.testing.assert_allclose(np.concatenate([g.numpy() for g in got]), [0.6, 0.0, 0.8], rtol=1e-6)


def test_smoothed_labels_by_hand():
    loss = Classes(["a", "b", "c"]).keras_loss(Train(label_smoothing=0.3))
    logits = np.array([[2.0, 0.0, -1.0], [0.5, 0.5, 0.0]], "f4")
    log_shares = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    smooth = 0.7 * np.eye(3)[[0, 2]] + 0.1
    expected = -(smooth * log_shares).sum(axis=1)
    np.testing.assert_allclose(loss(np.array([0, 2]), logits).numpy(), expected, rtol=1e-6)


def test_a_regularised_training_learns():
    config = Train(epochs=6, batch_size=32, learning_rate=0.05, label_smoothing=0.1, weight_decay=0.01, clip_norm=1.0)
    feed = Feed(make_rows(TABLE, 150), ["0", "1", "2"], 7)
    model, *_ = training.build_model(config, TABLE)
    record = training.fit(config, model, feed, make_rows(TABLE, 60, 1))
    assert record.epochs[-1].val_accuracy > 0.9
    # Smoothed targets leave a loss in training that cannot vanish; the clean curves are of the targets as they are.
    assert record.epochs[-1].loss > 0.3 > record.epochs[-1].val_loss


def _on_two_devices(folder):
    """Two parts of the CPU stand for two GPUs: the same code, and variables with a copy on each."""
    import tensorflow as tf

    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
    tf.config.experimental.enable_op_determinism()
    numerics.devices = lambda: ["CPU:0", "CPU:1"]
    config = Train(epochs=3, batch_size=32, learning_rate=0.05, mixed_precision="off")
    for resumed in (None, 3):
        feed = Feed(make_rows(TABLE, 150), ["0", "1", "2"], 7)
        backup = Backup(folder, "key")
        model, record = training.train_model(
            config, TABLE, feed, make_rows(TABLE, 60, 1), backup=backup, logs=str(folder.parent)
        )
        assert record.resumed == resumed
        assert record.epochs[-1].val_accuracy > 0.9
        assert record.epochs[-1].gradient_norm > 0
        assert not any(isinstance(w.value, tf.distribute.DistributedValues) for w in model.weights)


def test_several_devices_share_a_training(tmp_path):
    words = [sys.executable, "-m", "tests.components.test_numerics", str(tmp_path / "backup")]
    done = subprocess.run(words, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]


if __name__ == "__main__":
    _on_two_devices(Path(sys.argv[1]))

"""The model: shape, repeatability, and that it can learn; and the trainer's order of rows."""

import collections

import numpy as np
import pytest

from components.interfaces import ModelInputs
from components.models.wide_deep import WideDeep
from schemas.config import Train

keras = pytest.importorskip("keras")

from components import training, training_data  # noqa: E402

INPUTS = ModelInputs(numeric=3, categorical=2, vocabulary=11, classes=3)


def rows(n, seed=0):
    rng = np.random.default_rng(seed)
    category = rng.integers(1, 11, (n, 2))
    labels = np.array([str(v % 3) for v in category[:, 0]], object)
    keys = rng.integers(0, 2**63, n).astype(np.uint64)
    return training_data.Rows(rng.normal(size=(n, 3)).astype("f4"), category, labels, keys)


@pytest.mark.parametrize("inputs", [INPUTS, ModelInputs(3, 0, 1, 2), ModelInputs(0, 2, 11, 2)])
def test_gives_one_logit_per_class(inputs):
    data = rows(5)
    batch = {"numeric": data.numeric[:, : inputs.numeric], "categorical": data.categorical[:, : inputs.categorical]}
    assert WideDeep().build(inputs)(batch).shape == (5, inputs.classes)


def test_learns_and_is_the_same_twice():
    config, weights = Train(epochs=4, learning_rate=0.02, batch_size=64), []
    for _ in range(2):
        model = training.build_model(config, INPUTS)
        record = training.fit(config, model, rows(900), rows(200, 1), ["0", "1", "2"])
        weights.append(training.weights_digest(model))
    assert weights[0] == weights[1]
    assert record.epochs[-1].val_loss < 0.5 * record.epochs[0].val_loss
    assert record.epochs[-1].val_accuracy > 0.9


def test_the_best_weights_are_kept_when_the_epochs_run_out():
    config = Train(epochs=3, learning_rate=0.5, batch_size=32, early_stopping=None, reduce_lr=None)
    model = training.build_model(config, INPUTS)
    val = rows(200, 1)
    record = training.fit(config, model, rows(400), val, ["0", "1", "2"])
    targets = val.labels.astype(int)
    logits = keras.ops.convert_to_numpy(model(val.inputs, training=False)).astype(float)
    shifted = logits - logits.max(axis=1, keepdims=True)
    loss = -(shifted[np.arange(200), targets] - np.log(np.exp(shifted).sum(axis=1))).mean()
    best = min(record.epochs, key=lambda e: e.val_loss)
    assert record.best_epoch == best.epoch
    assert record.stopped == "epochs"
    assert loss == pytest.approx(best.val_loss, rel=1e-4)


def test_class_weights_refuse_a_class_without_rows():
    assert training.class_weights(Train(class_weights=None), ["0", "1"], {"0": 5}) == {}
    with pytest.raises(ValueError, match="1"):
        training.class_weights(Train(), ["0", "1"], {"0": 5})


def test_epochs_are_shuffled_by_content():
    keys = rows(50).keys
    first, second = (training_data.epoch_order(keys, 7, e) for e in (0, 1))
    assert sorted(first) == sorted(second) == list(range(50))
    assert (first != second).any()
    # The order of contents does not depend on where rows stand, nor on the other rows.
    other = np.concatenate([keys[::-1], np.array([1, 2], np.uint64)])
    moved = [k for k in other[training_data.epoch_order(other, 7, 0)].tolist() if k not in (1, 2)]
    assert moved == keys[first].tolist()


def test_every_epoch_has_every_row_once():
    data = rows(10)
    weights = np.arange(10, dtype="f4")
    batches = training_data.batches(data, np.zeros(10, np.int64), weights, 4, 7, 3)
    seen = [w for _, _, batch in batches.as_numpy_iterator() for w in batch.tolist()]
    assert [len(b) for _, _, b in batches.as_numpy_iterator()] == [4, 4, 2] * 3
    assert collections.Counter(seen) == dict.fromkeys(range(10), 3)
    assert seen[:10] != seen[10:20]

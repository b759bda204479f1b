"""Training: which weights are kept, what classes weigh, and which model is taken."""

import json
from types import SimpleNamespace

import numpy as np
import pytest

from schemas.config import Augment, ConfigError, PluginSpec, Train
from tests.components.models.rows import PICTURES, SHAPES, TABLE, TEXTS, make_rows

keras = pytest.importorskip("keras")

from components import training, training_data, watch  # noqa: E402
from components.augmentation import Policy  # noqa: E402
from components.batches import Feed  # noqa: E402
from components.objective import Classes  # noqa: E402

LABELS = ["0", "1", "2"]


def test_the_best_weights_are_kept_when_the_epochs_run_out():
    config = Train(epochs=3, learning_rate=0.5, batch_size=32, early_stopping=None, reduce_lr=None)
    model, *_ = training.build_model(config, TABLE)
    val = make_rows(TABLE, 200, 1)
    record = training.fit(config, model, Feed(make_rows(TABLE, 400), LABELS, 7), val)
    targets = val.labels.astype(int)
    logits = keras.ops.convert_to_numpy(model(val.inputs, training=False)).astype(float)
    shifted = logits - logits.max(axis=1, keepdims=True)
    loss = -(shifted[np.arange(200), targets] - np.log(np.exp(shifted).sum(axis=1))).mean()
    best = min(record.epochs, key=lambda e: e.val_loss)
    assert record.best_epoch == best.epoch
    assert record.stopped == "epochs"
    assert loss == pytest.approx(best.val_loss, rel=1e-4, abs=1e-6)


def test_class_weights_refuse_a_class_without_rows():
    assert training.class_weights(Train(class_weights=None), ["0", "1"], {"0": 5}) == {}
    with pytest.raises(ValueError, match="1"):
        training.class_weights(Train(), ["0", "1"], {"0": 5})


def test_class_weights_are_those_of_the_rows_that_an_epoch_has():
    rows = make_rows(PICTURES, 300)
    rare = rows.take(np.flatnonzero((rows.labels != "2") | (np.arange(300) < 60)))
    policy = Policy.of(Augment(ops=[{"op": {"name": "brightness", "params": {"delta": 0.1}}}], balance=True))
    config = Train(epochs=1, batch_size=64)
    model, *_ = training.build_model(config, PICTURES)
    plain, balanced = (training.fit(config, model, Feed(rare, LABELS, 7, p), rows) for p in (None, policy))
    assert plain.rows == len(rare)
    assert plain.class_weights["2"] > 3 * plain.class_weights["0"]
    assert balanced.rows > len(rare)
    assert max(balanced.class_weights.values()) < 1.3 * min(balanced.class_weights.values())


def test_balanced_sampling_takes_the_place_of_class_weights():
    rows = make_rows(PICTURES, 120)
    rare = rows.take(np.flatnonzero((rows.labels != "2") | (np.arange(120) < 20)))
    config = Train(epochs=1, batch_size=64, class_weights=None, sampling="balanced")
    model, *_ = training.build_model(config, PICTURES)
    feed = Feed(rare, LABELS, 7, balanced=True)
    record = training.fit(config, model, feed, rows)
    assert (record.sampling, record.class_weights, record.rows) == ("balanced", {}, len(rare))


def test_loss_weights_weight_outputs_and_not_classes():
    """Keras' `compile(loss_weights=...)` scales the loss; only a weight per row changes which class is recognised."""
    rng = np.random.default_rng(0)
    target = np.repeat([0, 1], [950, 50])
    numeric = (rng.normal(size=1000) + 1.5 * target).astype("f4")[:, None]
    keys = rng.integers(0, 2**63, 1000).astype(np.uint64)
    rows = training_data.Rows({"numeric": numeric}, target.astype(str).astype(object), keys, np.ones(1000, np.int64))
    feed = Feed(rows, ["0", "1"], 7)

    def recalls(rate, class_weights=None, loss_weights=None):
        inputs = keras.Input((1,), name="numeric")
        logits = keras.layers.Dense(2, kernel_initializer="zeros")(inputs)
        model = keras.Model({"numeric": inputs}, logits)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.SGD(rate), loss, loss_weights=loss_weights)
        config = Train(class_weights=class_weights)
        weights = training.class_weights(config, feed.labels, feed.counts)
        table = np.array([weights.get(v, 1.0) for v in feed.labels], np.float32)
        model.fit(feed.batches(table, 1000, 80), epochs=80, steps_per_epoch=1, verbose=0)
        right = np.argmax(model(rows.inputs), axis=1) == target
        return [right[target == c].mean() for c in (0, 1)]

    plain = recalls(1.0)
    assert plain[1] < 0.4
    # The loss times 8 is a learning rate times 8, whatever the class.
    assert recalls(1 / 8, loss_weights=[8.0]) == plain
    # One weight for each class is not even taken: there is one output.
    with pytest.raises(ValueError, match="loss_weights"):
        recalls(1.0, loss_weights=[1.0, 19.0])
    weighted = recalls(1.0, class_weights=PluginSpec(name="balanced"))
    assert weighted[1] > 0.7 > 0.4 > plain[1]
    assert weighted[0] < plain[0] - 0.1


def test_the_clean_sample_is_not_augmented_and_is_scored_whole(monkeypatch):
    monkeypatch.setattr(training_data, "PICTURES_AT_ONCE", 7)
    rows = make_rows(PICTURES, 40)
    fixed = watch.Watched(rows, rows.labels.astype(np.int64), np.ones(3), np.full(3, 1 / 3), Classes(["0", "1", "2"]))
    model, *_ = training.build_model(Train(), PICTURES)
    logits = keras.ops.convert_to_numpy(model(rows.inputs, training=False)).astype(float)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    right = shares[np.arange(40), fixed.targets]
    measured = watch.Watch(model, fixed, fixed).measure()
    assert measured["train_loss"] == measured["val_loss"] == pytest.approx(-np.log(right).mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("inputs", "name", "reason"),
    [
        (TABLE, "wide_deep", "The data have numbers and categories only."),
        (TEXTS, "text", "The data have texts."),
        (PICTURES, "cnn", "The data have pictures."),
        (SHAPES["all kinds"], "cnn", "The data have pictures."),
    ],
)
def test_the_inputs_choose_the_model(inputs, name, reason):
    model, chosen, why = training.build_model(Train(), inputs)
    assert (model.name, chosen, why) == (name, name, reason)


def test_a_configured_model_is_taken_or_refused():
    _, chosen, why = training.build_model(Train(model=PluginSpec(name="linear")), TABLE)
    assert (chosen, why) == ("linear", "It is configured.")
    with pytest.raises(ConfigError) as error:
        training.build_model(Train(model=PluginSpec(name="wide_deep")), PICTURES)
    assert error.value.problems == ["train.model: wide_deep takes no pictures; use cnn."]


def test_another_seed_gives_other_weights():
    first, again, other = (training.build_model(Train(seed=s), PICTURES)[0] for s in (7, 7, 8))
    assert training.weights_digest(first) == training.weights_digest(again) != training.weights_digest(other)


def test_training_on_augmented_pictures_is_the_same_twice():
    training.tf.config.experimental.enable_op_determinism()
    ops = [{"op": {"name": "rotate", "params": {"degrees": 20}}}, {"op": {"name": "noise", "params": {}}}]
    policy, digests = Policy.of(Augment(ops=ops, per_epoch=True)), []
    config = Train(epochs=2, batch_size=32)
    for order in (np.arange(90), np.arange(90)[::-1]):
        model, *_ = training.build_model(config, PICTURES)
        training.fit(
            config, model, Feed(make_rows(PICTURES, 90).take(order), LABELS, 7, policy), make_rows(PICTURES, 30)
        )
        digests.append(training.weights_digest(model))
    assert digests[0] == digests[1]


def test_run_fn_is_told_of_augmentation_by_its_configuration(monkeypatch, tmp_path):
    seen = {}
    rows, val = make_rows(PICTURES, 30), make_rows(PICTURES, 12)
    contract = {
        "label": "y",
        "label_type": "int",
        "features": [{"name": "p", "type": "string", "kind": "image", "reason": "told"}],
    }
    monkeypatch.setattr(
        training.tft, "TFTransformOutput", lambda _: SimpleNamespace(transform_savedmodel_dir=str(tmp_path))
    )
    monkeypatch.setattr(training, "AppliedGraph", lambda _: None)
    monkeypatch.setattr(training, "load_splits", lambda *_: (rows, val))
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "learned").write_text("[]\n")
    monkeypatch.setattr(training, "export", lambda *parts: seen.update(labels=parts[3].labels))
    custom = {"contract": json.dumps(contract), "train": Train(epochs=1).model_dump_json()}
    custom |= {"indicator": "false", "model_files": "[]", "threshold": "{}"}
    for name, augment in (("plain", ""), ("twice", Augment(ops=[{"op": {"name": "flip"}}]).model_dump_json())):
        run = tmp_path / name
        args = SimpleNamespace(
            custom_config={**custom, "augment": augment, "backup": str(tmp_path / "training")},
            transform_graph_path="",
            model_run_dir=str(run),
            serving_model_dir=str(run),
            base_model=None,
            hyperparameters=None,
        )
        training.run_fn(args)
        seen[name] = json.loads((run / "training.json").read_text())["training"]
    assert seen["labels"] == LABELS
    assert [seen[n]["rows"] for n in ("plain", "twice")] == [30, 60]
    assert (seen["plain"]["model"], seen["plain"]["model_reason"]) == ("cnn", "The data have pictures.")

"""What every model must keep, whatever inputs it takes: shape, inputs, repeatability, and that it learns."""

import dataclasses
import math

import numpy as np
import pytest

from components import registry
from schemas.config import PluginSpec, Train
from tests.components.models.rows import ALL_KINDS, SHAPES, TABLE, make_rows, suits

keras = pytest.importorskip("keras")

from components import training  # noqa: E402
from components.batches import Feed  # noqa: E402

#: A model that a user might write; its layers with weights are not all named.
OWN = """
import keras
from keras import ops


def build(inputs, width=16):
    numeric = keras.Input((inputs.numeric,), name="numeric")
    categories = keras.Input((inputs.categorical,), dtype="int64", name="categorical")
    table = keras.layers.Embedding(inputs.vocabulary, 4)
    parts = [numeric, keras.layers.Flatten()(table(categories))]
    given = [numeric, categories]
    for name, tokens in inputs.texts.items():
        given.append(keras.Input((tokens,), dtype="int64", name=name))
        there = ops.expand_dims(ops.cast(given[-1] > 0, "float32"), -1)
        parts.append(ops.sum(table(given[-1]) * there, axis=1) / (1e-9 + ops.sum(there, axis=1)))
    for name, shape in inputs.images.items():
        given.append(keras.Input(shape, name=name))
        parts.append(keras.layers.Flatten()(given[-1]))
    x = keras.layers.Dense(width, activation="relu")(ops.concatenate(parts, axis=1))
    return keras.Model(given, keras.layers.Dense(inputs.classes)(x))
"""
NAMES = registry.names("models")
CASES = [(n, kind) for n in NAMES for kind, inputs in SHAPES.items() if suits(registry.load("models", n), inputs)]


@pytest.fixture(scope="module")
def specs(tmp_path_factory):
    """Every model as a run would give it to the trainer: those made from files with files."""
    folder = tmp_path_factory.mktemp("files")
    backbone = keras.applications.MobileNetV2(input_shape=(32, 32, 3), alpha=0.35, include_top=False, weights=None)
    backbone.save_weights(folder / "backbone.weights.h5")
    (folder / "own_model_of_all.py").write_text(OWN)
    more = {
        "pretrained": {"weights": str(folder / "backbone.weights.h5"), "alpha": 0.35},
        "user": {"function": "own_model_of_all:build", "folder": str(folder)},
    }
    return {name: PluginSpec(name=name, params=more.get(name, {})) for name in NAMES}


def build(spec, inputs):
    return training.build_model(Train(model=spec), inputs)[0]


def richest(name):
    """The most demanding inputs that a model takes."""
    if name == "pretrained":
        # One picture is enough of a network that large.
        return dataclasses.replace(ALL_KINDS, images={"image_3": (8, 8, 1)})
    return next(i for i in (ALL_KINDS, SHAPES["texts"], TABLE) if suits(registry.load("models", name), i))


@pytest.mark.parametrize("name", NAMES)
def test_says_what_it_takes(name):
    assert {*registry.load("models", name).takes} <= {"text", "image"}


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_gives_one_logit_per_class_from_exactly_its_inputs(name, kind, specs):
    inputs, data = SHAPES[kind], make_rows(SHAPES[kind], 5)
    model = build(specs[name], inputs)
    assert sorted(i.name for i in model.inputs) == sorted(data.inputs)
    logits = model(data.inputs)
    assert logits.shape == (5, inputs.classes)
    assert logits.dtype == "float32"
    # Keras' own names count up within a process; weights are recorded under their layers' names.
    assert [w.path for w in model.weights] == [w.path for w in build(specs[name], inputs).weights]


@pytest.mark.parametrize("name", NAMES)
def test_learns_and_is_the_same_twice(name, specs):
    training.tf.config.experimental.enable_op_determinism()
    inputs, digests = richest(name), []
    rows, val, labels = make_rows(inputs, 400), make_rows(inputs, 100, 1), ["0", "1", "2"]
    config = Train(model=specs[name], epochs=4, learning_rate=0.02, batch_size=32)
    for _ in range(2):
        model, *_ = training.build_model(config, inputs)
        record = training.fit(config, model, Feed(rows, labels, 7), val)
        digests.append(training.weights_digest(model))
    assert digests[0] == digests[1]
    assert record.epochs[-1].val_loss < 0.5 * math.log(3)  # Half of what knowing nothing costs.
    assert record.epochs[-1].val_accuracy > 0.9


@pytest.mark.parametrize("name", [n for n, kind in CASES if kind == "texts"])
def test_padding_and_empty_texts_do_not_matter(name, specs):
    inputs = SHAPES["texts"]
    model = build(specs[name], inputs)
    for weight in model.weights:
        weight.assign(np.random.default_rng(0).normal(size=weight.shape))
    rows = make_rows(inputs, 3)
    words = np.array([[4, 5, 0, 0, 0, 0], [4, 0, 5, 0, 0, 0], [0, 0, 0, 0, 0, 0]])
    logits = np.asarray(model({**rows.inputs, "text_0": words}))
    np.testing.assert_allclose(logits[0], logits[1], rtol=1e-5)
    assert np.isfinite(logits).all()
    table = next(w for w in model.weights if w.path.endswith("embeddings"))
    table.assign(
        np.asarray(table) * (np.arange(inputs.vocabulary) > 0)[:, None]
    )  # The vector of padding is never used.
    np.testing.assert_allclose(np.asarray(model({**rows.inputs, "text_0": words})), logits, rtol=1e-6)

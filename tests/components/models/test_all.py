"""What every model must keep, whatever inputs it takes: shape, inputs, repeatability, and that it learns."""

import math

import numpy as np
import pytest

from components import registry
from schemas.config import PluginSpec, Train
from tests.components.models.rows import ALL_KINDS, SHAPES, TABLE, make_rows, suits

keras = pytest.importorskip("keras")

from components import training  # noqa: E402
from components.batches import Feed  # noqa: E402

NAMES = registry.names("models")
CASES = [(n, kind) for n in NAMES for kind, inputs in SHAPES.items() if suits(registry.load("models", n), inputs)]


def richest(name):
    """The most demanding inputs that a model takes."""
    return next(i for i in (ALL_KINDS, SHAPES["texts"], TABLE) if suits(registry.load("models", name), i))


@pytest.mark.parametrize("name", NAMES)
def test_says_what_it_takes(name):
    assert {*registry.load("models", name).takes} <= {"text", "image"}


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_gives_one_logit_per_class_from_exactly_its_inputs(name, kind):
    inputs, data = SHAPES[kind], make_rows(SHAPES[kind], 5)
    model = registry.load("models", name)().build(inputs)
    assert sorted(i.name for i in model.inputs) == sorted(data.inputs)
    logits = model(data.inputs)
    assert logits.shape == (5, inputs.classes)
    assert logits.dtype == "float32"
    # Keras' own names count up within a process; weights are recorded under their layers' names.
    assert [w.path for w in model.weights] == [w.path for w in registry.load("models", name)().build(inputs).weights]


@pytest.mark.parametrize("name", NAMES)
def test_learns_and_is_the_same_twice(name):
    training.tf.config.experimental.enable_op_determinism()
    inputs, digests = richest(name), []
    rows, val, labels = make_rows(inputs, 400), make_rows(inputs, 100, 1), ["0", "1", "2"]
    config = Train(model=PluginSpec(name=name), epochs=4, learning_rate=0.02, batch_size=32)
    for _ in range(2):
        model, *_ = training.build_model(config, inputs)
        record = training.fit(config, model, Feed(rows, labels, 7), val)
        digests.append(training.weights_digest(model))
    assert digests[0] == digests[1]
    assert record.epochs[-1].val_loss < 0.5 * math.log(3)  # Half of what knowing nothing costs.
    assert record.epochs[-1].val_accuracy > 0.9


@pytest.mark.parametrize("name", [n for n in NAMES if "text" in registry.load("models", n).takes])
def test_padding_and_empty_texts_do_not_matter(name):
    inputs = SHAPES["texts"]
    model = registry.load("models", name)().build(inputs)
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

"""What a model is trained towards: classes and amounts, each in numpy and in the graph alike."""

import numpy as np
import pytest

keras = pytest.importorskip("keras")

import tensorflow as tf  # noqa: E402

from components import objective, training  # noqa: E402
from components.batches import Feed  # noqa: E402
from components.training_data import Rows, model_inputs  # noqa: E402
from schemas.config import PluginSpec, Train  # noqa: E402
from schemas.features import NO_CLASS  # noqa: E402
from tests.components.models.rows import TABLE, make_rows  # noqa: E402

CONFIG = Train(
    model=PluginSpec(name="wide_deep", params={"dropout": 0.0}), class_weights=None, epochs=15, batch_size=32
)


def of_amounts(rows, seed=0, scale=1.0, offset=0.0):
    """Rows whose amount is linear in the first number, and some noise."""
    made = make_rows(TABLE, rows)
    noise = np.random.default_rng(seed).normal(size=rows) * 0.1
    amounts = offset + scale * (3.0 * made.inputs["numeric"][:, 0].astype(np.float64) + noise)
    return Rows(made.inputs, np.full(rows, NO_CLASS, object), made.keys, made.spans, None, amounts)


def both():
    rows = of_amounts(60)
    classes = make_rows(TABLE, 60)
    return [(objective.of_train(rows), rows), (objective.of_train(classes), classes)]


def test_the_graph_and_numpy_agree():
    for aim, rows in both():
        targets = aim.targets(rows)
        outputs = np.random.default_rng(1).normal(size=(60, len(aim.labels))).astype("f4")
        in_graph = aim.losses_in_graph(tf.constant(targets), tf.constant(outputs)).numpy()
        assert in_graph == pytest.approx(aim.losses(targets, outputs.astype(float)), rel=1e-4, abs=1e-5)


def test_amounts_are_told_in_widths_and_served_in_their_unit():
    rows = of_amounts(200, scale=1e6, offset=-5e6)
    aim = objective.of_train(rows)
    assert aim.targets(rows).mean() == pytest.approx(0.0, abs=1e-4)
    assert aim.targets(rows).std() == pytest.approx(1.0, abs=1e-4)
    served = aim.scores(tf.constant(aim.targets(rows)[:, None])).numpy()
    assert served[:, 0] == pytest.approx(rows.amounts, rel=1e-5, abs=10)


def test_equal_amounts_have_a_width():
    rows = of_amounts(10, scale=0.0, offset=4.0)
    aim = objective.of_train(rows)
    assert (aim.amounts.centre, aim.amounts.width) == (4.0, 1.0)


def test_classes_that_train_lacks_are_named():
    rows = make_rows(TABLE, 20)
    with pytest.raises(ValueError, match="eval has classes that train lacks"):
        objective.Classes(["0"]).targets(rows)


def trained(scale, offset=0.0):
    rows, val = of_amounts(400, 0, scale, offset), of_amounts(200, 1, scale, offset)
    aim = objective.of_train(rows)
    feed = Feed(rows, aim.labels, CONFIG.seed, goals=aim.targets(rows))
    model, found = training.train_model(CONFIG, model_inputs(rows.inputs, TABLE.vocabulary, 1), feed, val, aim=aim)
    return model, found, aim, val


def test_training_finds_the_amounts_whatever_their_unit():
    model, found, aim, val = trained(1.0)
    assert found.labels == []
    assert found.amounts == aim.amounts
    assert found.epochs[-1].val_skill > 0.8
    assert found.epochs[-1].val_auc is None
    predicted = aim.scores(model(val.inputs, training=False)).numpy()[:, 0]
    assert np.corrcoef(predicted, val.amounts)[0, 1] > 0.9
    _, other, _, _ = trained(1000.0, 50_000.0)
    assert other.epochs[-1].val_loss == pytest.approx(found.epochs[-1].val_loss, rel=0.05)

"""What is measured between epochs, against the same things computed in another way."""

import numpy as np
import pytest

from schemas.config import PluginSpec, Train
from schemas.run_record import LARGEST
from tests.components.models.rows import PICTURES, SHAPES, TABLE, make_rows

keras = pytest.importorskip("keras")

from sklearn.metrics import balanced_accuracy_score, log_loss, roc_auc_score  # noqa: E402

from components import training, watch  # noqa: E402
from components.objective import Classes  # noqa: E402

THREE = Classes(["0", "1", "2"])


def watched(rows, weights=(1.0, 1.0, 1.0), prior=(1 / 3, 1 / 3, 1 / 3)):
    return watch.Watched(rows, rows.labels.astype(np.int64), np.array(weights), np.array(prior), THREE)


def built(name, shape=TABLE, **params):
    model, *_ = training.build_model(Train(model=PluginSpec(name=name, params=params)), shape)
    return model


def test_scores_are_those_of_scikit_learn():
    rows = make_rows(TABLE, 300)
    logits = np.random.default_rng(1).normal(size=(300, 3)).astype("f4")
    shares = np.exp(logits.astype(float)) / np.exp(logits.astype(float)).sum(axis=1, keepdims=True)
    fixed = watched(rows)
    scores = fixed.scores(logits)
    assert scores["loss"] == pytest.approx(log_loss(fixed.targets, shares), rel=1e-9)
    assert scores["accuracy"] == np.mean(shares.argmax(axis=1) == fixed.targets)
    assert scores["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(fixed.targets, shares.argmax(axis=1)))
    assert scores["auc"] == pytest.approx(roc_auc_score(fixed.targets, shares, multi_class="ovr"), abs=1e-9)


def test_skill_is_the_share_of_the_loss_that_the_model_saves():
    rows = make_rows(TABLE, 400)
    rows.labels[:] = np.array(["0"] * 300 + ["1"] * 100)
    known = watched(rows, (1.0, 1.0, 1.0), (0.75, 0.25, 1e-9))
    prior = np.log(np.tile([0.75, 0.25, 1e-9], (400, 1))).astype("f4")
    assert known.scores(prior)["skill"] == pytest.approx(0, abs=1e-6)
    perfect = np.full((400, 3), -50.0, "f4")
    perfect[np.arange(400), known.targets] = 0
    assert known.scores(perfect)["skill"] == pytest.approx(1)
    assert known.scores(perfect)["skill_error"] == pytest.approx(0, abs=1e-9)
    # With weights, an even guess is what one knows beforehand, and the model that says so has saved nothing.
    even = watched(rows, (2 / 3, 2.0, 1.0), (0.5, 0.5, 1e-9))
    assert even.scores(np.array([[0, 0, -50.0]] * 400, "f4"))["skill"] == pytest.approx(0, abs=1e-6)
    assert known.scores(np.array([[0, 0, -50.0]] * 400, "f4"))["skill"] < -0.2


def test_the_error_of_skill_is_that_of_repeated_draws():
    rng = np.random.default_rng(3)
    skills, errors = [], []
    for _ in range(300):
        rows = make_rows(TABLE, 200, int(rng.integers(1 << 30)))
        logits = (2 * np.eye(3)[rows.labels.astype(int)] + 1.5 * rng.normal(size=(200, 3))).astype("f4")
        scores = watched(rows).scores(logits)
        skills.append(scores["skill"])
        errors.append(scores["skill_error"])
    assert np.mean(errors) == pytest.approx(np.std(skills), rel=0.15)


def test_what_is_known_beforehand_counts_weights_and_rows_of_an_epoch():
    weights, prior = watch.known_beforehand({"a": 90, "b": 10}, {"a": 90, "b": 10}, np.array([1.0, 9.0]))
    np.testing.assert_allclose(prior, [0.5, 0.5])
    # Balanced sampling: 50 rows each, every one of weight 1.
    sampled, prior = watch.known_beforehand({"a": 90, "b": 10}, {"a": 50, "b": 50}, np.ones(2))
    np.testing.assert_allclose(prior, [0.5, 0.5])
    assert sampled[1] / sampled[0] == pytest.approx(weights[1] / weights[0]) == pytest.approx(9)


def test_logits_that_are_not_finite_have_no_scores():
    scores = watched(make_rows(TABLE, 2)).scores(np.array([[0, np.nan, 1]] * 2, "f4"))
    assert np.isnan(scores.pop("loss"))
    assert set(scores.values()) == {None}


def test_gradient_norms_are_those_of_differences():
    """Of a linear model on numbers: the gradient of the mean loss, by hand."""
    rows = make_rows(SHAPES["numbers"], 100)
    model = built("linear", SHAPES["numbers"])
    fixed = watched(rows, (1.0, 1.0), (0.5, 0.5))
    measured = watch.Watch(model, fixed, fixed).measure()
    numeric = rows.inputs["numeric"].astype(float)
    logits = keras.ops.convert_to_numpy(model(rows.inputs, training=False)).astype(float)
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    error = (shares - np.eye(2)[fixed.targets]) / 100
    by_hand = np.sqrt(((numeric.T @ error) ** 2).sum() + (error.sum(axis=0) ** 2).sum())
    assert measured["gradient_norm"] == pytest.approx(by_hand, rel=1e-4)


@pytest.mark.parametrize("shape", [s for s in SHAPES if s != "pictures"])
def test_first_and_last_layer_are_parts_of_the_whole(shape):
    name = "cnn" if "kinds" in shape else "text" if "texts" in shape else "mlp"
    rows = make_rows(SHAPES[shape], 50)
    classes = SHAPES[shape].classes
    fixed = watched(rows, np.ones(classes), np.full(classes, 1 / classes))
    watching = watch.Watch(built(name, SHAPES[shape]), fixed, fixed)
    measured = watching.measure()
    assert watching.last == "logits"
    assert measured["gradient_first"] ** 2 + measured["gradient_last"] ** 2 <= measured["gradient_norm"] ** 2 * 1.0001
    assert measured["gradient_last"] > 0
    assert 0 <= measured["dead_units"] < 0.5


def test_a_token_that_comes_twice_counts_once_with_its_sum():
    rows = make_rows(TABLE, 40)
    rows.inputs["categorical"][:] = 3
    fixed = watched(rows)
    model = built("mlp", hidden=[])
    measured = watch.Watch(model, fixed, fixed).measure()
    table, logits = model.get_layer("embedding"), model.get_layer("logits")
    h, vector = 1e-2, table.get_weights()[0]
    difference = []
    for i in range(vector.shape[1]):
        losses = []
        for sign in (1, -1):
            moved = vector.copy()
            moved[3, i] += sign * h
            table.set_weights([moved])
            losses.append(watch.Watch(model, fixed, fixed).measure()["train_loss"])
        difference.append((losses[0] - losses[1]) / (2 * h))
    assert logits is not None
    assert measured["gradient_first"] == pytest.approx(np.linalg.norm(difference), rel=1e-2)


def test_dead_units_are_0_for_every_row_also_in_pictures(monkeypatch):
    monkeypatch.setattr("components.training_data.PICTURES_AT_ONCE", 7)
    model = built("cnn", PICTURES, filters=[4], dense=[4])
    for name, dead in (("image_0_conv_0", 1), ("hidden_0", 3)):
        kernel, bias = model.get_layer(name).get_weights()
        bias[:] = 1.0
        bias[:dead] = -1e3
        model.get_layer(name).set_weights([kernel, bias])
    fixed = watched(make_rows(PICTURES, 30))
    assert watch.Watch(model, fixed, fixed).measure()["dead_units"] == 4 / 8


def test_a_model_without_such_units_has_none_and_one_without_a_graph_is_measured():
    rows = watched(make_rows(TABLE, 20))
    assert watch.Watch(built("linear"), rows, rows).measure()["dead_units"] is None

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(3, activation="relu")

        def call(self, inputs, training=False):
            return self.dense(inputs["numeric"])

    own = Own()
    own(rows.rows.inputs)
    measured = watch.Watch(own, rows, rows).measure()
    assert measured["dead_units"] is None
    assert measured["val_loss"] > 0


def test_norms_that_are_not_finite_are_the_largest_number():
    rows = make_rows(TABLE, 20)
    rows.inputs["numeric"][0, 0] = np.inf
    fixed = watched(rows)
    assert watch.Watch(built("mlp"), fixed, fixed).measure()["gradient_norm"] == LARGEST


def test_change_of_weights():
    before = [np.array([3.0, 0.0], "f4"), np.array([[4.0]], "f4")]
    assert watch.change(before, [np.array([3.0, 0.3], "f4"), np.array([[4.4]], "f4")]) == pytest.approx(0.1)
    assert watch.change(before, before) == 0
    assert watch.change([np.zeros(2, "f4")], [np.ones(2, "f4")]) is None
    assert watch.change(before, [np.array([np.nan, 0], "f4"), before[1]]) is None

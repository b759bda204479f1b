"""Ten trainings that go wrong in known ways: each is named by the right finding, and none may be pushed.

Real models on small synthetic tables, trained by `fit` and judged by `judge`, without TFX. The good training beside them passes it all.
"""

import numpy as np
import pytest

from schemas.config import parse_config
from schemas.findings import Severity, verdict

keras = pytest.importorskip("keras")

from components import metrics, training  # noqa: E402
from components.batches import Feed  # noqa: E402
from components.interfaces import ModelInputs  # noqa: E402
from components.judge_model import judge, training_summary  # noqa: E402
from components.training_data import Rows  # noqa: E402

LABELS = ["0", "1"]
GATES = {"metric_floor": {"auc": 0.6}, "beats_trivial": {}, "overfit": {}}


def table(rows, seed, columns=4, shuffled=False, scale=1.0, linear=True):
    """A class by the sum of the columns, or by their squares, with some noise; the label of an easy, balanced problem."""
    rng = np.random.default_rng(seed)
    numeric = rng.normal(size=(rows, columns))
    signal = numeric[:, :4].sum(axis=1) if linear else (numeric[:, :4] ** 2).sum(axis=1) - 3.36
    target = (signal + 0.3 * rng.normal(size=rows) > 0).astype(int)
    if shuffled:
        rng.shuffle(target)
    inputs = {"numeric": (scale * numeric).astype("f4"), "categorical": np.zeros((rows, 0), np.int64)}
    keys = rng.integers(0, 2**63, rows).astype(np.uint64)
    return Rows(inputs, target.astype(str).astype(object), keys, np.ones(rows, np.int64))


def outcome(rows=1000, damage=lambda model: None, data=None, **train):
    """The record, and severities by code, of a training and its evaluation on 500 fresh rows."""
    settings = {"model": {"mlp": {}}, "epochs": 30, "batch_size": 64, "learning_rate": 0.003, **train}
    config = parse_config(
        {
            "name": "bad",
            "data": {"source": {"csv": "x"}, "label": "y"},
            "train": settings,
            "evaluate": {"metrics": ["auc", "accuracy", "log_loss"], "gates": GATES, "bootstrap": 100},
        }
    )
    train, val, test = (table(n, seed, **(data or {})) for seed, n in enumerate((rows, 300, 500)))
    inputs = ModelInputs(train.inputs["numeric"].shape[1], 0, 1, 2)
    model, *_ = training.build_model(config.train, inputs)
    damage(model)
    record = training.fit(config.train, model, Feed(train, LABELS, 7), val)
    logits = np.nan_to_num(keras.ops.convert_to_numpy(model(test.inputs)).astype(float), nan=0.0)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    evidence = metrics.evaluate(
        test.labels.astype(int), shares, None, {}, config.evaluate.metrics, LABELS, resamples=100, seed=7
    )
    document = record.model_dump()
    findings = judge(evidence.model_copy(update={"training": training_summary(document)}), document, config)
    assert all(f.stage == "judge_model" and (f.remedy or f.severity is Severity.OK) for f in findings)
    return record, findings


def severities(findings):
    worst = {}
    for f in sorted(findings, key=lambda f: f.severity.rank):
        if f.severity is not Severity.OK:
            worst[f.code] = f.severity.value
    return worst


def kill_units(model):
    """A large negative bias: no row wakes a unit of the first hidden layer."""
    _, bias = model.get_layer("hidden_0").weights
    bias.assign(bias - 100.0)


BAD = {
    "learning rate x1000": ({"learning_rate": 3.0}, {"learning_rate_high"}),
    "learning rate x0.001": ({"learning_rate": 3e-6}, {"learning_rate_low"}),
    "one epoch": ({"epochs": 1}, {"too_few_epochs"}),
    "far too wide": (
        {"rows": 200, "data": {"columns": 40}, "model": {"mlp": {"hidden": [2048, 512], "dropout": 0, "l2": 0}}},
        {"too_wide"},
    ),
    "far too narrow": (
        {"rows": 2000, "data": {"linear": False}, "model": {"mlp": {"hidden": [1], "dropout": 0}}},
        {"underfit"},
    ),
    "no regularisation on 200 rows": (
        {"rows": 200, "data": {"columns": 60}, "model": {"mlp": {"hidden": [64, 32], "dropout": 0, "l2": 0}}},
        {"overfit"},
    ),
    "labels shuffled": ({"data": {"shuffled": True}}, {"never_learned"}),
    "dead ReLU": ({"damage": kill_units}, {"dead_units", "never_learned"}),
    "exploding gradients": ({"data": {"scale": 1e5}}, {"exploding_gradients"}),
    "patience 0": (
        {"early_stopping": {"patience": 0}, "reduce_lr": "none", "learning_rate": 0.01, "batch_size": 16},
        {"stopped_early"},
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_each_bad_training_is_named_and_not_pushed(name):
    arguments, named = BAD[name]
    record, findings = outcome(**arguments)
    found = severities(findings)
    assert named <= set(found), (found, record.stopped)
    assert not verdict(findings).ok


@pytest.mark.parametrize("linear", [True, False])
def test_a_good_training_passes_all(linear):
    record, findings = outcome(rows=2000, data={"linear": linear}, epochs=60)
    assert severities(findings) == {}
    assert record.stopped == "early_stopping"

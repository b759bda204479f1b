"""Metrics of amounts against scikit-learn, their intervals, and what gates make of them."""

import numpy as np
import pytest
from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score

from components import amounts, registry
from schemas.config import PluginSpec
from schemas.evidence import TrainingSummary
from schemas.findings import Severity

METRICS = ["rmse", "mae", "r2"]


def made(rows=400, noise=1.0, seed=0, middle=0.0):
    rng = np.random.default_rng(seed)
    targets = middle + rng.gamma(2.0, 5.0, rows)
    return targets, targets + noise * rng.normal(size=rows)


@pytest.mark.parametrize("middle", [0.0, -1e6])
def test_values_are_those_of_scikit_learn(middle):
    targets, predicted = made(middle=middle)
    found = amounts.values(targets, predicted)
    assert found["rmse"] == pytest.approx(mean_squared_error(targets, predicted) ** 0.5, rel=1e-7)
    assert found["mae"] == pytest.approx(mean_absolute_error(targets, predicted), rel=1e-7)
    assert found["r2"] == pytest.approx(r2_score(targets, predicted), rel=1e-7)


def test_the_order_of_rows_changes_no_bit():
    targets, predicted = made(5000, seed=3)
    order = np.random.default_rng(1).permutation(5000)
    assert amounts.values(targets, predicted) == amounts.values(targets[order], predicted[order])


@pytest.mark.parametrize(
    ("targets", "predicted", "expected"),
    [
        ([], [], dict.fromkeys(METRICS)),
        ([1.0, 2.0], [np.nan, 2.0], dict.fromkeys(METRICS)),
        ([3.0, 3.0], [3.0, 4.0], {"rmse": 0.5**0.5, "mae": 0.5, "r2": None}),
        ([1.0, 5.0], [1.0, 5.0], {"rmse": 0.0, "mae": 0.0, "r2": 1.0}),
    ],
)
def test_edges(targets, predicted, expected):
    found = amounts.values(np.array(targets, float), np.array(predicted, float))
    assert found == {k: pytest.approx(v) if v is not None else None for k, v in expected.items()}


def test_intervals_hold_the_truth_as_often_as_they_say():
    held = 0
    for seed in range(120):
        targets, predicted = made(150, 2.0, seed)
        (found,), _, _ = amounts.compared(targets, [predicted], METRICS, 200, (seed, "x"))
        held += found["mae"].low <= 2.0 * (2 / np.pi) ** 0.5 <= found["mae"].high
    assert 106 <= held <= 120  # 95 % of 120 is 114


def evidence(noise, other, rows=2000, metrics=METRICS):
    targets, champion = made(rows, other, 1)
    candidate = targets + noise * np.random.default_rng(9).normal(size=rows)
    half = np.arange(rows) % 2 == 0
    found = amounts.evaluate(targets, candidate, champion, {"a=1": half, "a=0": ~half}, metrics, 300, 7)
    return found.model_copy(update={"champion": "version 1"})


@pytest.mark.parametrize(
    ("noise", "severity", "outcome"),
    [(1.0, Severity.OK, None), (1.3, Severity.BLOCK, "worse"), (0.8, Severity.OK, "better")],
)
@pytest.mark.parametrize("metric", ["rmse", "mae", "r2"])
def test_no_regression_knows_which_way_is_better(noise, severity, outcome, metric):
    gate = registry.build("gates", PluginSpec(name="no_regression", params={"metric": metric, "tolerance": 0.002}), "x")
    (found,) = gate.judge(evidence(noise, 1.0))
    assert found.severity.rank >= severity.rank if severity is Severity.BLOCK else found.severity is not Severity.BLOCK
    assert outcome is None or found.observed["outcome"] == outcome


def test_a_tolerance_is_a_share_of_what_the_champion_has():
    gate = registry.build("gates", PluginSpec(name="no_regression", params={"metric": "mae", "tolerance": 0.5}), "x")
    (found,) = gate.judge(evidence(1.3, 1.0))
    assert found.severity is Severity.OK
    assert "0.39" in found.message or "0.4" in found.message


@pytest.mark.parametrize(
    ("name", "params", "noise", "severity"),
    [
        ("metric_floor", {"rmse": 1.1, "r2": 0.9}, 1.0, Severity.OK),
        ("metric_floor", {"rmse": 0.9}, 1.0, Severity.BLOCK),
        ("beats_trivial", {"metric": "rmse"}, 1.0, Severity.OK),
        ("beats_trivial", {"metric": "mae"}, 9.0, Severity.BLOCK),
        ("beats_trivial", {"metric": "r2"}, 1.0, Severity.OK),
        ("slice_floor", {"mae": 2.0}, 1.0, Severity.OK),
        ("slice_floor", {"mae": 2.0}, 1.5, Severity.BLOCK),
    ],
)
def test_gates_judge_amounts(name, params, noise, severity):
    found = registry.build("gates", PluginSpec(name=name, params=params), "x").judge(evidence(noise, 1.0))
    assert max(found, key=lambda f: f.severity.rank).severity is severity, [f.message for f in found]


def test_the_trivial_model_is_the_best_constant():
    targets, _ = made(3000)
    best = amounts.trivial(targets)
    for constant in np.linspace(targets.min(), targets.max(), 50):
        found = amounts.values(targets, np.full(len(targets), constant))
        assert found["rmse"] >= best["rmse"] - 1e-9
        assert found["mae"] >= best["mae"] - 1e-6
        assert found["r2"] <= 1e-9


def test_overfitting_is_judged_in_widths():
    gate = registry.build("gates", PluginSpec(name="overfit"), "x")
    training = TrainingSummary(epoch=3, train_loss=0.1, val_loss=0.2, train_rows=500, val_rows=200, width=7.0)
    (found,) = gate.judge(evidence(1.0, 1.0).model_copy(update={"training": training}))
    assert found.severity is Severity.BLOCK
    assert found.allowed["noise"] == pytest.approx(0.02)


def test_shapes_must_fit():
    with pytest.raises(ValueError, match="shape"):
        amounts.evaluate(np.zeros(3), np.zeros((3, 1)), None, {}, METRICS, 100, 1)

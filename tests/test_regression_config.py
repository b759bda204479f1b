"""`data.task: regression`: its defaults, and what does not go with it."""

import pytest

from components import registry
from schemas.config import ConfigError, parse_config

PLAIN = {"name": "t", "data": {"source": {"csv": "x-{SPAN}.csv"}, "label": "y", "task": "regression"}}


def config(**changes):
    plain = {**PLAIN, **{k: v for k, v in changes.items() if k != "split"}}
    if "split" in changes:
        plain = {**plain, "data": {**PLAIN["data"], "split": changes["split"]}}
    return parse_config(plain)


def test_defaults_suit_amounts():
    found = config()
    assert found.evaluate.metrics == ["rmse", "mae", "r2"]
    assert [g.name for g in found.evaluate.gates] == ["metric_floor", "no_regression", "serving_ready"]
    assert found.train.class_weights is None
    assert not found.data.split.stratify
    plugins = registry.build_all(found)
    assert set(plugins.gates) == {"metric_floor", "no_regression", "serving_ready"}
    assert not {"class_balance", "label_shift", "label_noise", "missing_by_label", "conflicting_labels"} & set(
        plugins.checks
    )
    assert {"numeric_drift", "label_leak", "outliers"} <= set(plugins.checks)


def test_what_is_written_down_stays():
    found = config(train={"epochs": 3}, evaluate={"metrics": ["mae"], "gates": {"metric_floor": {"mae": 3.0}}})
    assert (found.train.epochs, found.train.class_weights, found.evaluate.metrics) == (3, None, ["mae"])


def test_it_survives_being_written_and_read_again():
    found = config()
    assert parse_config(found.model_dump(mode="json")) == found


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"train": {"class_weights": "balanced"}}, "train.class_weights"),
        ({"train": {"sampling": "balanced"}}, "train.sampling"),
        ({"train": {"label_smoothing": 0.1}}, "train.label_smoothing"),
        ({"train": {"early_stopping": {"monitor": "val_accuracy"}}}, "val_accuracy"),
        ({"evaluate": {"threshold": 0.3}}, "evaluate.threshold"),
        ({"split": {"stratify": True}}, "data.split.stratify"),
        ({"transform": {"augment": {"ops": ["jitter"], "balance": True}}}, "transform.augment.balance"),
        ({"evaluate": {"metrics": ["auc", "rmse"]}}, "auc is not for data.task: regression"),
    ],
)
def test_what_is_for_classes_is_an_error(changes, said):
    with pytest.raises(ConfigError, match=said):
        config(**changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"evaluate": {"gates": {"recall_floor": {"1": 0.5}}}}, "evaluate.gates.recall_floor: is for classes"),
        ({"evaluate": {"gates": {"calibration": {}}}}, "evaluate.gates.calibration: is for classes"),
        ({"evaluate": {"gates": {"no_regression": {}}}}, "name one of rmse, mae, r2"),
        ({"checks": {"class_balance": {}}}, "checks.class_balance: is for classes"),
    ],
)
def test_plugins_for_classes_are_an_error(changes, said):
    with pytest.raises(ConfigError, match=said):
        registry.build_all(config(**changes))


def test_metrics_of_amounts_are_not_for_classes():
    plain = {**PLAIN, "data": {**PLAIN["data"], "task": "classification"}, "evaluate": {"metrics": ["rmse"]}}
    with pytest.raises(ConfigError, match="rmse is not for data"):
        parse_config(plain)

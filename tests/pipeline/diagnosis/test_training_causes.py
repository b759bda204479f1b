"""Causes in the settings, and in how training went."""

import pytest

from pipeline.diagnosis.diagnose import diagnose
from schemas.diagnosis import NAMED
from tests import factories
from tests.pipeline.diagnosis.cases import best, champion, found, retrain, training, with_settings


@pytest.mark.parametrize(
    ("settings", "curves", "cause"),
    [
        (
            {"train__learning_rate": 0.3},
            training(val=(0.6, 0.8, 0.7, 0.9, 0.6, 0.9), train=(0.6,) * 6),
            "learning_rate_high",
        ),
        (
            {"train__learning_rate": 1e-6},
            training(
                train=[0.5 - 0.001 * i for i in range(9)], val=[0.5 - 0.002 * i for i in range(9)], stopped="epochs"
            ),
            "learning_rate_low",
        ),
        ({"train__epochs": 1}, training(train=(0.5,), val=(0.5,), stopped="epochs"), "too_few_epochs"),
        (
            {"train__model": {"name": "mlp", "params": {"hidden": [1]}}},
            training(train=(0.5, 0.48, 0.47), val=(0.5, 0.49, 0.48), parameters=100),
            "model_too_small",
        ),
        (
            {"train__model": {"name": "mlp", "params": {"hidden": [4096, 4096]}}},
            training(train=(0.3, 0.1, 0.05), val=(0.4, 0.38, 0.5), parameters=5_000_000),
            "model_too_large",
        ),
        (
            {"train__model": {"name": "wide_deep", "params": {"dropout": 0.95}}},
            training(train=(0.5, 0.49, 0.49), val=(0.5, 0.49, 0.49)),
            "regularisation",
        ),
        (  # More weights, too: but those would fit train better, not worse.
            {"train__model": {"name": "wide_deep", "params": {"dropout": 0.95, "hidden": [512]}}},
            training(train=(0.5, 0.49, 0.49), val=(0.5, 0.49, 0.49), parameters=500_000),
            "regularisation",
        ),
        ({"train__batch_size": 8192}, training(train=(0.5, 0.48, 0.47), val=(0.5, 0.49, 0.48)), "batch_size"),
    ],
)
def test_a_bad_setting_is_named_and_the_remedy_undoes_it(settings, curves, cause):
    old = with_settings(
        champion(),
        train__learning_rate=0.001,
        train__epochs=50,
        train__batch_size=256,
        train__model={"name": "wide_deep", "params": {"dropout": 0.1}},
    )
    run = with_settings(
        retrain(training=curves, data_digest="old").model_copy(update={"config": old.config}), **settings
    )
    first = diagnose(run, old).causes[0]
    assert first.code == cause
    assert first.score >= NAMED
    path = next(iter(settings)).replace("__", ".")
    assert [o.split("=")[0] for o in first.remedy.overrides] == [path]


def test_a_model_that_learned_little_is_a_symptom_of_whatever_else_was_seen():
    little = training(train=(0.5, 0.5, 0.5), val=(0.5, 0.5, 0.5))
    run = retrain(training=little, findings=[found("outliers", "warn")])
    (first,) = diagnose(run, champion()).causes
    assert (first.code, [s.code for s in first.symptoms]) == ("outliers", ["underfitting"])
    assert diagnose(retrain(training=little), champion()).causes[0].code == "underfitting"


def test_a_setting_without_a_cause_of_its_own_is_named_where_less_was_learned():
    old = with_settings(champion(), train__clip_norm=None)
    worse = training(train=(0.5, 0.48, 0.47), val=(0.5, 0.49, 0.48))
    run = retrain(training=worse).model_copy(update={"config": old.config})
    first = diagnose(with_settings(run, train__clip_norm=1e-6), old).causes[0]
    assert (first.code, first.subjects) == ("config_changed", ("train.clip_norm",))
    assert first.score >= NAMED


def test_a_narrower_window_is_a_change_of_the_configuration():
    old = with_settings(champion(), data__window="all")
    run = with_settings(retrain().model_copy(update={"config": old.config}), data__window={"last_spans": 1})
    named = {c.code: c for c in diagnose(run, old).causes}
    assert named["config_changed"].subjects[0].startswith("data.window")
    assert named["config_changed"].remedy.overrides == ("data.window=all",)


def test_training_that_nothing_stops_any_more_gets_the_reference_s_patience_back():
    stopping = {"monitor": "val_loss", "patience": 9, "min_delta": 0.0}
    old = with_settings(champion(), train__early_stopping=stopping)
    worse = training(train=(0.4, 0.3, 0.2, 0.1, 0.05), val=(0.4, 0.38, 0.4, 0.5, 0.7), stopped="epochs", best_epoch=5)
    run = retrain(training=worse, data_digest="old").model_copy(update={"config": old.config})
    first = diagnose(with_settings(run, train__early_stopping=None), old).causes[0]
    assert first.code == "early_stopping"
    assert first.remedy.overrides == ('train.early_stopping={"monitor": "val_loss", "patience": 9, "min_delta": 0.0}',)
    assert "overfitting" in {s.code for s in first.symptoms}


def test_the_same_inputs_with_other_weights_are_not_deterministic():
    old = champion(digests={"weights": "a"})
    run = retrain(digests={"weights": "b"}, data_digest="old").model_copy(
        update={"config": old.config, "versions": old.versions, "seeds": old.seeds}
    )
    assert best(run, old) == "nondeterminism"
    assert best(run.model_copy(update={"digests": {"weights": "a"}}), old) is None


def test_another_split_explains_test_rows_that_were_trained_on():
    old = with_settings(champion(), data__split={"train": 0.7, "eval": 0.15, "test": 0.15})
    changed = with_settings(
        factories.blocked(findings=[found("trained_test_rows", subject="rows")]).model_copy(
            update={"config": old.config}
        ),
        data__split={"train": 0.6, "eval": 0.15, "test": 0.25},
    )
    first = diagnose(changed, old).causes[0]
    assert (first.code, [s.code for s in first.symptoms]) == ("metric_changed", ["leakage", "config_changed"])
    assert "data.split.test=0.15" in first.remedy.overrides
    assert (
        diagnose(changed, with_settings(old, data__split=changed.config["data"]["split"])).causes[0].code == "leakage"
    )

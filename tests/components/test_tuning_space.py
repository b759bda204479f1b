"""What may be searched with which model, and how values become a configuration."""

import pytest

from components.plugins import names
from components.registry import build_all
from components.tuning_space import Dimension, apply, layers, searchable, space
from schemas.config import ConfigError, PluginSpec, Train, parse_config

WIDE_DEEP, CNN = PluginSpec(name="wide_deep"), PluginSpec(name="cnn")


def refused(search, spec=WIDE_DEEP):
    with pytest.raises(ConfigError) as error:
        space(Train(tune={"search": search}), spec)
    return error.value.problems


@pytest.mark.parametrize(
    ("model", "usual"),
    [
        ("wide_deep", ["learning_rate", "batch_size", "width", "depth", "dropout", "l2"]),
        ("linear", ["learning_rate", "batch_size", "l2"]),
        ("user", ["learning_rate", "batch_size"]),
    ],
)
def test_without_a_search_it_is_what_the_model_has(model, usual):
    assert list(space(Train(tune=True), PluginSpec(name=model))) == usual


def test_every_model_has_a_usual_space_of_values_that_it_takes():
    needed = {"user": {"function": "m:f"}, "pretrained": {"weights": "w.h5"}}
    for name in names("models"):
        spec = PluginSpec(name=name, params=needed.get(name, {}))
        usual = space(Train(tune=True), spec)
        assert space(Train(tune={"search": list(usual)}), spec) == dict(sorted(usual.items()))


def test_convolutions_begin_narrow():
    assert space(Train(tune=True), CNN)["width"] == Dimension(choices=(8, 16, 32))


def test_layers_of_a_network_narrow_and_those_of_convolutions_widen():
    assert layers("hidden", 64, 3) == [64, 32, 16]
    assert layers("hidden", 8, 4) == [8, 4, 4, 4]
    assert layers("filters", 8, 3) == [8, 16, 32]


def test_ranges_and_choices_are_as_written():
    found = space(
        Train(tune={"search": {"learning_rate": {"low": 1e-3, "high": 0.1, "log": True}, "depth": [2, 5]}}), CNN
    )
    assert found == {"depth": Dimension(choices=(2, 5)), "learning_rate": Dimension(low=1e-3, high=0.1, log=True)}


def test_a_users_function_is_tuned_by_its_own_parameters():
    spec = PluginSpec(name="user", params={"function": "m:f", "params": {"units": 8, "act": "relu"}})
    config = Train(model=spec, tune={"search": {"units": [4, 16], "act": ["relu", "tanh"]}})
    assert list(space(config, spec)) == ["act", "units"]
    changed = apply(config, spec, {"units": 16, "learning_rate": 0.1})
    assert changed.model.params == {"function": "m:f", "params": {"units": 16, "act": "relu"}}
    assert changed.learning_rate == 0.1


def test_what_the_model_does_not_have_or_take_is_an_error_each():
    assert refused({"dept": None, "epochs": [1, 2], "dropout": [0.1, 1.5], "width": [0, 8]}) == [
        "train.tune.search.dept: wide_deep has nothing of this name to search. Did you mean 'depth'?",
        "train.tune.search.epochs: wide_deep has nothing of this name to search. Did you mean 'depth'?",
        "train.tune.search.dropout: 1.5 cannot be tried: train.model.wide_deep.dropout: Input should be less than 1, got 1.5.",
        "train.tune.search.width: must be whole numbers above 0, got 0.",
    ] or refused({"epochs": [1, 2]})[0].startswith("train.tune.search.epochs: wide_deep has nothing of this name")
    assert refused({"batch_size": {"low": 0, "high": 64}})[0].startswith(
        "train.tune.search.batch_size: 0 cannot be tried"
    )
    assert refused({"dropout": [0.1, 0.1]})[0].endswith("every value may be given once, got [0.1, 0.1].")
    assert refused({"dropout": [0.1, "x"]})[0].endswith("values must be all numbers or all texts, got [0.1, 'x'].")
    assert "has no range of its own" in refused(["alpha"], PluginSpec(name="pretrained", params={"weights": "w.h5"}))[0]


def test_every_number_of_training_but_those_that_make_a_trial_may_be_searched():
    found = searchable("linear")
    assert {"learning_rate", "batch_size", "l2"} <= set(found)
    assert not {"seed", "threads", "epochs"} & set(found)


def test_values_take_the_place_of_configured_ones_and_nothing_else_changes():
    config = Train(model={"mlp": {"hidden": [48, 24], "dropout": 0.3}}, epochs=9)
    spec = config.model
    assert apply(config, spec, {}) is config
    assert apply(config, spec, {"depth": 3}).model.params == {"hidden": [48, 24, 12], "dropout": 0.3}
    assert apply(config, spec, {"width": 32}).model.params == {"hidden": [32, 16], "dropout": 0.3}
    changed = apply(config, spec, {"l2": 0.5, "batch_size": 64})
    assert changed == config.model_copy(
        update={"batch_size": 64, "model": PluginSpec(name="mlp", params={**spec.params, "l2": 0.5})}
    )
    assert apply(Train(), CNN, {"depth": 2}).model == PluginSpec(name="cnn", params={"filters": [16, 32]})


def test_a_model_written_by_its_first_parameter_alone_is_understood():
    spec = PluginSpec(name="mlp", params=[32])
    assert apply(Train(model=spec), spec, {"dropout": 0.2}).model.params == {"hidden": [32], "dropout": 0.2}


@pytest.mark.parametrize(
    ("tune", "rule"),
    [
        ({"trials": 0}, "train.tune.trials: Input should be greater than or equal to 1, got 0."),
        ({"minutes": 0}, "train.tune.minutes: Input should be greater than 0, got 0."),
        ({"trails": 3}, "train.tune.trails: unknown key. Did you mean 'trials'?"),
    ],
)
def test_mistakes_in_the_section_are_told(tune, rule):
    data = {"source": {"csv": "x"}, "label": "y"}
    with pytest.raises(ConfigError) as error:
        parse_config({"name": "x", "data": data, "train": {"tune": tune}})
    assert rule in error.value.problems


@pytest.mark.parametrize("wrong", [{"low": 2, "high": 1}, {"low": 0, "high": 1, "log": True}])
def test_a_range_ascends_and_is_positive_where_it_is_logarithmic(wrong):
    with pytest.raises(ValueError, match="low"):
        Train(tune={"search": {"l2": wrong}})


def test_it_is_off_unless_asked_for():
    assert Train().tune is None
    assert Train(tune="off").tune is None
    assert Train(tune=True).tune.trials == 20
    assert Train(tune={"search": "dropout"}).tune.search == {"dropout": None}


def test_a_search_that_does_not_fit_is_told_with_all_other_problems_before_anything_runs():
    data, search = {"source": {"csv": "x"}, "label": "y"}, {"search": ["filters"]}
    config = parse_config(
        {"name": "x", "data": data, "train": {"model": "linear", "tune": search, "class_weights": "no"}}
    )
    with pytest.raises(ConfigError) as error:
        build_all(config)
    told = "\n".join(error.value.problems)
    assert "train.tune.search.filters: linear has nothing of this name to search." in told
    assert "train.class_weights: unknown rule 'no'." in told

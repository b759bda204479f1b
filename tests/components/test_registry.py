import subprocess
import sys
from pathlib import Path

import pytest

from components import plugins, registry
from components.checks.missing_shift import Block, MissingShift, Warn
from components.gates.metric_floor import MetricFloor
from components.imputers.constant import Constant
from components.interfaces import ModelFamily
from components.interfaces import plugin as plugin_class
from schemas.config import ConfigError, PluginSpec, parse_config
from schemas.features import ColumnType, Feature, FeatureContract, Kind

ROOT = Path(__file__).parents[2]


@plugin_class
class AnyModel(ModelFamily):
    """Stands in for the real model: these tests are not about models."""

    def build(self, inputs):
        raise NotImplementedError


@pytest.fixture(autouse=True)
def _model_without_keras(monkeypatch):
    load, names = plugins.load, plugins.names
    monkeypatch.setattr(plugins, "names", lambda family: ["wide_deep"] if family == "models" else names(family))
    monkeypatch.setattr(plugins, "load", lambda family, name: AnyModel if name == "wide_deep" else load(family, name))


def config(**sections):
    data = {"source": {"csv": "x-{SPAN}.csv"}, "label": "y", **sections.pop("data", {})}
    return parse_config({"name": "taxi", "data": data, **sections})


def problems(**sections):
    with pytest.raises(ConfigError) as error:
        registry.build_all(config(**sections))
    return error.value.problems


def build(family, name, params=None, where="here"):
    return registry.build(family, PluginSpec(name=name, params={} if params is None else params), where)


def build_problems(*args):
    with pytest.raises(ConfigError) as error:
        build(*args)
    return error.value.problems


def test_defaults():
    built = registry.build_all(config())
    assert list(built.checks) == registry.names("checks")
    assert list(built.gates) == ["metric_floor", "no_regression"]
    assert built.checks["missing_shift"] == MissingShift()
    assert type(built.imputer("fare", "numeric")).__name__ == "Median"
    assert type(built.imputer("company", "categorical")).__name__ == "MostFrequent"
    assert registry.build_all(config(train={"class_weights": False})).class_weights is None


def test_names_are_the_issue_s():
    expected = {"class_balance", "label_shift", "missing_fraction", "missing_shift", "row_count", "unseen_category"}
    assert expected <= {*registry.names("checks")}
    assert registry.names("imputers") == ["constant", "mean", "median", "most_frequent"]


def test_nested_parameters_and_short_forms():
    expected = MissingShift(block=Block(points=10))
    assert build("checks", "missing_shift", {"block": {"points": 10}}) == expected
    assert build("checks", "missing_shift", {"block": 10}) == expected
    assert build("checks", "missing_shift", {"block": None}) == MissingShift()
    off = MissingShift(warn=Warn(points=None, h=None))
    assert build("checks", "missing_shift", {"warn": False}) == build("checks", "missing_shift", {"warn": "off"}) == off
    assert build("imputers", "constant", "unknown") == Constant(value="unknown")
    assert build("imputers", "constant", 0) == Constant(value=0)
    assert build("gates", "metric_floor", {"auc": 0.75, "min_rows": 50}) == MetricFloor(
        overall={"auc": 0.75}, min_rows=50
    )


@pytest.mark.parametrize("off", [False, "off"])
def test_a_check_can_be_turned_off(off):
    built = registry.build_all(config(checks={"row_count": off, "label_shift": None, "class_balance": True}))
    assert {*registry.names("checks")} - {*built.checks} == {"row_count"}


def test_unknown_names():
    assert build_problems("gates", "metric_flor", {}, "evaluate.gates") == [
        "evaluate.gates: unknown gate 'metric_flor'. Did you mean 'metric_floor'?"
    ]
    assert problems(checks={"missing_shft": {}}) == [
        "checks: unknown check 'missing_shft'. Did you mean 'missing_shift'?"
    ]
    with pytest.raises(LookupError):
        registry.load("checks", "_common")


def test_wrong_parameters_all_at_once():
    found = build_problems(
        "checks", "missing_shift", {"block": {"point": 5, "h": "x"}, "warn": {"points": -1}}, "checks"
    )
    assert found == [
        "checks.missing_shift.block.point: unknown parameter. Did you mean 'points'?",
        "checks.missing_shift.warn.points: Input should be greater than or equal to 0, got -1.",
        "checks.missing_shift.block.h: Input should be a valid number, got 'x'.",
    ]


@pytest.mark.parametrize("value", [True, "5", float("nan"), float("inf"), [5]])
def test_numbers_that_are_none(value):
    assert build_problems("checks", "missing_shift", {"block": {"points": value}})


def test_other_parameter_problems():
    assert build_problems("imputers", "median", 3) == ["here.median: takes no parameters, got 3. Write the name alone."]
    assert build_problems("imputers", "median", {"a": 3}) == ["here.median.a: unknown parameter. It takes none."]
    assert build_problems("imputers", "constant") == ["here.constant.value: is required and not given. Add it."]
    assert build_problems("gates", "metric_floor") == [
        "here.metric_floor: at least one floor is needed, like {auc: 0.75}."
    ]
    assert build_problems("gates", "metric_floor", {"acu": 0.7}) == [
        "here.metric_floor.overall.acu: is not a metric (did you mean 'auc'), got 'acu'."
    ]


def test_all_problems_of_all_plug_ins_together():
    found = problems(
        checks={"row_cont": {}, "label_shift": {"warn": {"w": 1}}},
        transform={
            "impute": {"numeric": "most_frequent", "categorical": {"constant": 0}, "fare": {"constant": "none"}}
        },
        train={"class_weights": "balance", "model": "wide"},
        evaluate={"metrics": ["accuracy"], "gates": {"metric_floor": {"per_slice": {"auc": 0.7}}, "beats": {}}},
        data={"features": {"fare": "numeric"}},
    )
    assert found == [
        "checks: unknown check 'row_cont'. Did you mean 'row_count'?",
        "checks.label_shift.warn.w: unknown parameter. Known: l_infinity, v.",
        "evaluate.gates.metric_floor: needs the metric auc, which is not in evaluate.metrics; add it there.",
        "evaluate.gates.metric_floor: has floors per slice, but evaluate.slices is empty; name a column there.",
        "evaluate.gates.beats: unknown gate 'beats'. Known: metric_floor, no_regression.",
        "transform.impute.numeric: most_frequent does not suit numeric features. Use one of: constant, mean, median.",
        "transform.impute.fare: a numeric feature needs a number, got 'none'.",
        "train.class_weights: unknown rule 'balance'. Did you mean 'balanced'?",
        "train.model: unknown model 'wide'. Did you mean 'wide_deep'?",
    ]


def test_what_only_the_data_can_tell():
    built = registry.build_all(config(transform={"impute": {"company": "median", "fair": "median", "fare": "mean"}}))
    contract = FeatureContract(
        label="y",
        label_type=ColumnType.INT,
        features=(
            Feature(name="company", type=ColumnType.STRING, kind=Kind.CATEGORICAL, reason=""),
            Feature(name="fare", type=ColumnType.FLOAT, kind=Kind.NUMERIC, reason=""),
        ),
    )
    assert built.problems(contract) == [
        "transform.impute.company: median does not suit categorical features. Use one of: constant, most_frequent.",
        "transform.impute.fair: is not a feature of the data. Did you mean 'fare'?",
    ]


def test_a_file_with_two_plug_ins_is_its_author_s_mistake(monkeypatch):
    monkeypatch.setattr("components.checks.row_count.Second", type("Second", (MissingShift,), {}), raising=False)
    import components.checks.row_count as module

    module.Second.__module__ = module.__name__
    with pytest.raises(TypeError, match=r"must hold one public Check, got RowCount, Second"):
        registry.load("checks", "row_count")


def test_building_all_imports_neither_tensorflow_nor_scipy():
    code = (
        "import sys\n"
        "from components import registry\n"
        "for family in ('checks', 'gates', 'imputers', 'class_weights', 'models'):\n"
        "    for name in registry.names(family):\n"
        "        registry.load(family, name)\n"
        "print([m for m in ('tensorflow', 'keras', 'tfx', 'apache_beam', 'scipy', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

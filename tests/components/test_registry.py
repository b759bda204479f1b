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
    assert list(built.gates) == ["metric_floor", "no_regression", "serving_ready"]
    assert built.checks["missing_shift"] == MissingShift()
    assert type(built.imputer("fare", "numeric")).__name__ == "Median"
    assert type(built.imputer("company", "categorical")).__name__ == "MostFrequent"
    assert type(built.imputer("paid", "boolean")).__name__ == "MostFrequent"
    assert (built.outlier_rule("fare"), built.augmentation, built.model) == (None, None, None)
    assert registry.build_all(config(train={"class_weights": False})).class_weights is None


def test_names_are_the_issue_s():
    expected = {"class_balance", "label_shift", "missing_fraction", "missing_shift", "row_count", "unseen_category"}
    assert expected <= {*registry.names("checks")}
    imputers = ["conditional_mean", "constant", "group_median", "mean", "median", "most_frequent"]
    assert registry.names("imputers") == imputers
    assert registry.names("outliers") == ["clip_to_domain", "robust_scale", "winsorize"]


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
            "impute": {"numeric": "most_frequent", "categorical": {"constant": 0}, "fare": {"constant": "none"}},
            "outliers": {"numeric": "winsorise", "fare": {"winsorize": {"quantile": 1}}},
            "augment": [{"rotat": 15}, {"rotate": {"degree": 15}}],
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
        "evaluate.gates.beats: unknown gate 'beats'. Known: beats_trivial, calibration, metric_floor, no_regression, overfit, "
        "recall_floor, serving_ready, slice_floor.",
        "transform.impute.numeric: most_frequent does not suit numeric features. "
        "Use one of: conditional_mean, constant, group_median, mean, median.",
        "transform.impute.fare: a numeric feature needs a number, got 'none'.",
        "transform.outliers.numeric: unknown rule 'winsorise'. Did you mean 'winsorize'?",
        "transform.outliers.fare.winsorize.quantile: unknown parameter. Known: lower, upper.",
        "transform.augment.ops.0: unknown augmentation 'rotat'. Did you mean 'rotate'?",
        "transform.augment.ops.1.rotate.degree: unknown parameter. Did you mean 'degrees'?",
        "train.class_weights: unknown rule 'balance'. Did you mean 'balanced'?",
        "train.model: unknown model 'wide'. Did you mean 'wide_deep'?",
    ]


def contract(**kinds):
    """Features by kind; ``name=(kind, more fields)`` for more."""
    stored = {"numeric": ColumnType.FLOAT, "boolean": ColumnType.INT}
    features = []
    for name, said in sorted(kinds.items()):
        kind, more = said if isinstance(said, tuple) else (said, {})
        features.append(
            Feature(name=name, type=stored.get(kind, ColumnType.STRING), kind=Kind(kind), reason="", **more)
        )
    return FeatureContract(label="y", label_type=ColumnType.INT, features=tuple(features))


TABLE = contract(company="categorical", fare="numeric", paid="boolean", said="text")


def misfits(features=TABLE, **transform):
    """What the columns make of a transform section."""
    parsed = config(transform=transform)
    return registry.build_all(parsed).problems(features, parsed.transform.log)


def test_what_only_the_data_can_tell():
    assert misfits(impute={"company": "median", "fair": "median", "fare": "mean", "said": {"constant": "x"}}) == [
        "transform.impute.company: median does not suit categorical features. Use one of: constant, most_frequent.",
        "transform.impute.fair: 'fair' is not a feature of the data. Did you mean 'fare'?",
        "transform.impute.said: text features are not filled. Take the line out.",
    ]


@pytest.mark.parametrize("by", ["company", "paid"])
def test_groups_by_a_feature_that_has_groups(by):
    assert misfits(impute={"fare": {"group_median": by}}) == []
    assert misfits(impute={"numeric": {"group_median": by}}) == []


@pytest.mark.parametrize(
    ("by", "said"),
    [
        ("compny", "'compny' is not a feature of the data. Did you mean 'company'?"),
        ("y", "'y' is not a feature of the data. Known: company, fare, paid, said."),
        ("fare", "fare is numeric; groups need a categorical or boolean feature."),
        ("said", "said is text; groups need a categorical or boolean feature."),
    ],
)
def test_groups_by_what_has_none(by, said):
    expected = [f"transform.impute.fare.by: {said}"]
    assert misfits(impute={"fare": {"group_median": by}}) == expected
    assert misfits(impute={"numeric": {"group_median": by}}) == expected


def test_clipping_to_a_domain_that_is_not_there():
    half = contract(age=("numeric", {"domain": (0.0, None)}), fare="numeric", pay=("numeric", {"domain": (None, None)}))
    found = misfits(half, outliers={"numeric": "clip_to_domain"})
    assert [p.partition(": the feature has no domain in the schema. ")[0] for p in found] == [
        "transform.outliers: fare",
        "transform.outliers: pay",
    ]
    assert all("use winsorize" in p for p in found)
    assert misfits(half, outliers={"age": "clip_to_domain"}) == []
    own = {"fare": "winsorize", "pay": "off"}
    assert misfits(half, outliers={"numeric": "clip_to_domain", **own}) == []


def test_outlier_rules_and_logarithms_are_of_numbers():
    assert misfits(outliers={"company": "winsorize", "paid": "winsorize"}, log=["company", "fares", "fare"]) == [
        "transform.outliers.company: company is categorical, and this needs a numeric feature.",
        "transform.outliers.paid: paid is boolean, and this needs a numeric feature.",
        "transform.log: company is categorical, and this needs a numeric feature.",
        "transform.log: 'fares' is not a feature of the data. Did you mean 'fare'?",
    ]


def test_augmentation_needs_something_to_change():
    ops = [{"rotate": 15}, {"jitter": {}}]
    said = "transform.augment.ops.{}: {} changes {} inputs, and the data have none. Take it out, or add a {} to the inputs."
    assert misfits(augment=ops) == [said.format(0, "rotate", "image", "picture")]
    pictures = contract(eye=("image", {"shape": (8, 8, 1)}))
    assert misfits(pictures, augment=ops) == [said.format(1, "jitter", "numeric", "numeric feature")]
    assert misfits(contract(eye=("image", {"shape": (8, 8, 1)}), fare="numeric"), augment=ops) == []


@pytest.mark.parametrize("value", [0, 1, "0", "1", "Yes", " no ", "true", 1.0])
def test_words_that_fill_a_boolean_feature(value):
    assert misfits(impute={"boolean": {"constant": value}, "paid": {"constant": value}}) == []


@pytest.mark.parametrize(("value", "got"), [(2, "'2'"), ("perhaps", "'perhaps'"), ("", "''"), (0.5, "'0.5'")])
def test_words_that_do_not(value, got):
    said = f": a boolean feature is filled with yes or no, got {got}. Write 1 or 0, or 'yes' or 'no' in quotes."
    assert problems(transform={"impute": {"boolean": {"constant": value}}}) == [f"transform.impute.boolean{said}"]
    assert misfits(impute={"paid": {"constant": value}}) == [f"transform.impute.paid{said}"]


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
        "for family in ('checks', 'gates', 'imputers', 'class_weights', 'models', 'outliers', 'augmentations'):\n"
        "    for name in registry.names(family):\n"
        "        registry.load(family, name)\n"
        "print([m for m in ('tensorflow', 'keras', 'tfx', 'apache_beam', 'scipy', 'pandas') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"

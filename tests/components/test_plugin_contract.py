"""What every plug-in must keep, checked for each file that is found: a new one is tested before its own tests exist."""

import ast
import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from components import registry
from components.interfaces import FAMILIES, CategoricalSummary, DataContext, NumericSummary, RegressionImputer
from schemas.evidence import DataEvidence, FeatureEvidence, SpanEvidence
from schemas.findings import Severity, verdict
from tests.components.evidence import categories, context, feature, model, part, span

ROOT = Path(__file__).parents[2]
ALL = [(family, name) for family in FAMILIES for name in registry.names(family)]
#: Parameters of the plug-ins that cannot have defaults for all of theirs.
REQUIRED = {
    "constant": {"value": 0},
    "explicit": {"classes": {"0": 1.0, "1": 2.5}},
    "group_median": {"by": "company"},
    "metric_floor": {"overall": {"auc": 0.5}},
    "pretrained": {"weights": "backbone.weights.h5"},
    "recall_floor": {"floors": {"1": 0.5}},
    "user": {"function": "models:build"},
}
HEAVY = {
    *("tensorflow", "keras", "tfx", "apache_beam", "tensorflow_model_analysis"),
    *("scipy", "pandas", "sklearn", "threadpoolctl"),
}


def of(family):
    return [pytest.param(name, id=name) for name in registry.names(family)]


def build(family, name):
    return registry.load(family, name)(**REQUIRED.get(name, {}))


@pytest.mark.parametrize(("family", "name"), ALL)
def test_shape(family, name):
    cls = registry.load(family, name)
    assert cls.__name__.lower() == name.replace("_", "")
    assert cls.__doc__
    assert "\n\n" in f"{cls.__doc__}\n\n"
    assert ast.get_docstring(ast.parse(Path(ROOT, "components", family, f"{name}.py").read_text()))
    built = build(family, name)
    for parameter in dataclasses.fields(cls):
        assert f"{parameter.name}:" in cls.__doc__, f"{parameter.name} is not documented"
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(built, parameter.name, None)
    assert built == build(family, name)


@pytest.mark.parametrize(("family", "name"), ALL)
def test_a_test_file_has_its_name(family, name):
    assert Path(ROOT, "tests/components", family, f"test_{name}.py").exists()


@pytest.mark.parametrize(("family", "name"), ALL)
def test_imports_nothing_heavy_and_no_other_family(family, name):
    tree = ast.parse(Path(ROOT, "components", family, f"{name}.py").read_text())
    for node in tree.body:
        modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        modules += [a.name for a in node.names] if isinstance(node, ast.Import) else []
        for module in modules:
            assert module.split(".")[0] not in HEAVY
            assert not any(module.startswith(f"components.{other}") for other in FAMILIES if other != family)


def strange_spans():
    yield SpanEvidence(span=9, rows=0, labels={}, features={})
    yield SpanEvidence(span=9, rows=0, labels={"train": {}, "eval": {}, "test": {}}, features={"a": feature(0, 0)})
    yield span(9, labels={"0": 0, "1": 0}, features={"a": categories({}), "b": categories({"x": 0})})
    yield span(9, labels={"0": 1}, features={"a": feature(1, 1), "b": categories({"x": 1})})
    yield span(9, labels={"0": 70, "1": 30}, features={"a": feature(30, 100, {}), "b": categories({"x": 99, "y": 1})})
    strange = FeatureEvidence(kind="categorical", present=0, missing=0, values={"x": 5})
    yield span(9, labels={"nan": 50, "1": 50}, features={"a": strange, "b": feature(100, 100)})


@pytest.mark.parametrize("name", of("checks"))
def test_checks_never_raise_and_repeat_themselves(name):
    check = build("checks", name)
    for now in strange_spans():
        for then in [None, *(s.model_copy(update={"span": n}) for s in strange_spans() for n in (8, -1))]:
            for class_weights in (True, False):
                seen = context(now, then, class_weights)
                found = check.check(seen)
                assert found == check.check(seen)
                assert verdict(found)
                for f in found:
                    assert f.code == name
                    assert f.span == 9
                    assert f.message.endswith(".")
                    assert bool(f.remedy) is (f.severity is not Severity.OK)
                    numbers = [v for v in {**f.observed, **f.allowed}.values() if isinstance(v, float)]
                    assert all(math.isfinite(v) for v in numbers)


@pytest.mark.parametrize("name", of("checks"))
def test_checks_pass_on_a_healthy_span(name):
    features = {"fare": feature(3, 1000), "company": categories({"a": 600, "b": 400})}
    now, then = (span(n, labels={"0": 770, "1": 230}, features=features) for n in (9, 8))
    found = build("checks", name).check(DataContext(DataEvidence(label="y", spans=[then, now]), then, False))
    assert found, "a pass is a finding too"
    assert {f.severity for f in found} == {Severity.OK}


@pytest.mark.parametrize("name", of("gates"))
@pytest.mark.parametrize(
    "evidence",
    [
        *(model(), model(part()), model(part(auc=None)), model(part(auc=math.nan))),
        *(model(champion="m"), model(part(auc=None, difference=(None, None, None)), champion="m")),
        model(part(auc=math.nan, difference=(math.nan, math.nan, math.nan)), champion="m"),
        model(part(rows=0, labels={}, auc=None), part("a=b", 0, {}, auc=None), champion="m"),
    ],
)
def test_gates_fail_closed(name, evidence):
    gate = build("gates", name)
    found = gate.judge(evidence)
    assert found == gate.judge(evidence)
    assert found
    # Without a champion, `first_run: pass` is a named outcome; any other lack of evidence blocks.
    first_run = name == "no_regression" and evidence.champion is None and evidence.slices
    assert verdict(found).ok is bool(first_run)
    for f in found:
        assert f.code == name
        assert bool(f.remedy) is (f.severity is not Severity.OK)


@pytest.mark.parametrize("name", of("imputers"))
def test_imputers_say_what_they_fill(name):
    imputer = build("imputers", name)
    assert imputer.kinds
    assert {*imputer.kinds} <= {"numeric", "categorical", "boolean"}
    summaries = {
        "numeric": NumericSummary("fare", 300, 100, 2.0, 1.0, 2.0, 1.0, 3.0),
        "categorical": CategoricalSummary("company", 3, 1, {"a": 2, "b": 1}),
        "boolean": CategoricalSummary("paid", 3, 1, {"1": 2, "0": 1}),
    }
    for kind in imputer.kinds:
        assert isinstance(imputer.fill(summaries[kind]), float if kind == "numeric" else str)
    if "boolean" in imputer.kinds:
        assert imputer.fill(summaries["boolean"]) in ("0", "1")


@pytest.mark.parametrize("name", of("imputers"))
def test_imputers_that_predict_give_the_target_no_weight(name):
    imputer = build("imputers", name)
    if isinstance(imputer, RegressionImputer):
        weights = imputer.coefficients(np.array([[1.0, 0.5, 0.0], [0.5, 1.0, 0.2], [0.0, 0.2, 1.0]]), 1)
        assert weights.shape == (3,)
        assert np.isfinite(weights).all()
        assert weights[1] == 0.0
        assert np.array_equal(imputer.coefficients(np.eye(3), 1), np.zeros(3)), "nothing in common, nothing to predict"


@pytest.mark.parametrize("name", of("outliers"))
def test_outlier_rules_give_bounds_and_widths(name):
    rule = build("outliers", name)
    quantiles = {p: -10.0 + 20.0 * p for p in rule.quantiles}
    assert all(0 <= p <= 1 for p in quantiles)
    summary = NumericSummary("fare", 300, 100, 0.5, 5.0, 0.0, -10.0, 10.0, quantiles)
    nothing = NumericSummary("fare", 0, 400, 0.0, 0.0, 0.0, 0.0, 0.0, dict.fromkeys(quantiles, 0.0))
    for seen in (summary, nothing):
        low, high = rule.bounds(seen, (-5.0, 5.0))
        assert low <= high
        assert not math.isnan(low)
        centre, width = rule.scaling(seen) or (0.0, 1.0)
        assert math.isfinite(centre)
        assert width > 0


@pytest.mark.parametrize("name", of("class_weights"))
def test_class_weights_cover_every_class_and_refuse_empty_ones(name):
    rule = build("class_weights", name)
    weights = rule.weights({"0": 700, "1": 300})
    assert {*weights} == {"0", "1"}
    assert all(math.isfinite(w) and w > 0 for w in weights.values())
    assert 700 * weights["0"] + 300 * weights["1"] == pytest.approx(1000)
    assert weights["1"] > weights["0"]
    with pytest.raises(ValueError, match="'rare'"):
        rule.weights({"0": 700, "rare": 0})

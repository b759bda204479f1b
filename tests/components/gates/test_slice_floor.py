import numpy as np
import pytest

from components import registry
from components.gates.no_regression import NoRegression
from components.gates.slice_floor import SliceFloor, widened
from components.metrics import evaluate
from schemas.config import ConfigError, PluginSpec
from tests.components.evidence import BLOCK, OK, model, part


def judge(*slices, champion=None, overall=None, **params):
    return SliceFloor(**params).judge(model(overall or part(auc=0.9), *slices, champion=champion))


def compare(*differences, metric="auc", **params):
    """Findings about the change in slices of 400 rows."""
    slices = [part(f"a={i}", 400, difference=d, **{metric: 0.8}) for i, d in enumerate(differences)]
    return judge(*slices, champion="model 7", overall=part(difference=(0, 0, 0), **{metric: 0.8}), **params)


@pytest.mark.parametrize(("value", "severity"), [(0.6999, BLOCK), (0.7, OK), (0.7001, OK), (None, BLOCK)])
def test_below_on_and_above_the_floor(value, severity):
    found = judge(part("a=b", 300, auc=value), part("a=c", 300, auc=0.8), floors={"auc": 0.7})
    assert [(f.subject, f.severity) for f in found[:2]] == [("auc on a=b", severity), ("auc on a=c", OK)]
    assert ("a=b" in found[0].remedy) is (value is not None and severity is BLOCK)


@pytest.mark.parametrize(("value", "severity"), [(0.4999, OK), (0.5, OK), (0.5001, BLOCK)])
def test_less_loss_is_better(value, severity):
    slices = part("a=b", 300, log_loss=value)
    assert judge(slices, floors={"log_loss": 0.5}, tolerance=None)[0].severity is severity
    # The difference is candidate minus champion: more loss is worse.
    assert compare((0.02, 0.01, 0.03), metric="log_loss", floors={"log_loss": 0.9})[1].severity is BLOCK
    assert compare((-0.02, -0.03, -0.01), metric="log_loss", floors={"log_loss": 0.9})[1].severity is OK


@pytest.mark.parametrize(("rows", "severity"), [(99, OK), (100, BLOCK), (101, BLOCK)])
def test_small_slices_are_reported_and_not_judged(rows, severity):
    found = judge(part("a=b", rows, auc=0.1), part("a=c", 300, auc=0.8), floors={"auc": 0.7})
    assert next(f for f in found if f.subject in ("a=b", "auc on a=b")).severity is severity


@pytest.mark.parametrize(("rare", "severity"), [(0, OK), (9, OK), (10, BLOCK)])
def test_slices_with_hardly_a_row_of_a_class_are_reported_and_not_judged(rare, severity):
    bad = part("a=b", 300, {"0": 300 - rare, "1": rare}, auc=0.1)
    found = judge(bad, part("a=c", 300, auc=0.8), floors={"auc": 0.7})
    assert next(f for f in found if f.subject in ("a=b", "auc on a=b")).severity is severity


def test_nothing_to_judge_blocks():
    for slices in ([], [part("a=b", 99, auc=0.9)]):
        found = judge(*slices, floors={"auc": 0.7})
        assert found[-1].severity is BLOCK
        assert f"None of the {len(slices)} slices" in found[-1].message
    assert SliceFloor().judge(model())[0].severity is BLOCK


@pytest.mark.parametrize(
    ("difference", "severity", "outcome"),
    [
        # With one slice the interval is that of 95 %.
        ((-0.02, -0.04, -0.0001), BLOCK, "worse"),
        ((-0.02, -0.04, 0.0), OK, "cannot tell"),
        ((-0.0051, -0.006, -0.004), BLOCK, "worse"),
        ((-0.0050, -0.006, -0.004), OK, "worse"),
        ((-0.001, -0.005, 0.005), OK, "same"),
        ((0.03, 0.01, 0.05), OK, "not worse"),
    ],
)
def test_below_on_and_above_the_tolerance(difference, severity, outcome):
    (found,) = compare(difference)
    assert found.severity is severity
    assert found.observed["outcome"] == outcome


def test_the_slice_that_is_worse_is_named():
    found = compare((0.0, -0.01, 0.01), (-0.09, -0.12, -0.06), (0.01, -0.01, 0.03))
    assert [f.subject for f in found if f.severity is BLOCK] == ["change of auc on a=1"]
    # 0.05 / 3 one-sided are 2.128 standard errors, and 0.03 are 1.96: 0.0326.
    assert found[1].message == (
        "auc on a=1 (400 test rows): candidate 0.8000, champion 0.9000; candidate minus champion is -0.0900 (95 % interval "
        "-0.1200 to -0.0600); 3 slices are compared, which makes the interval -0.1226 to -0.0574: it is worse, the "
        "tolerance is 0.005."
    )


@pytest.mark.parametrize(("slices", "errors"), [(1, 1.96), (2, 1.96), (5, 2.326), (10, 2.576), (25, 2.878)])
def test_more_slices_need_more_standard_errors(slices, errors):
    low, high = widened(1.0, 1.0 - 1.96, 1.0 + 1.96, slices)
    assert (low, high) == (pytest.approx(1 - errors, abs=1e-3), pytest.approx(1 + errors, abs=1e-3))
    still = (0.0, -0.01, 0.01)
    for factor, severity in ((0.99, OK), (1.01, BLOCK)):
        error = 0.02
        loss = -errors * factor * error
        found = compare((loss, loss - 1.96 * error, loss + 1.96 * error), *[still] * (slices - 1))
        assert found[0].severity is severity


def test_one_slice_alone_has_the_interval_that_all_metrics_have():
    assert compare((0.0, -0.01, 0.01))[0].message == (
        "auc on a=0 (400 test rows): candidate 0.8000, champion 0.9000; candidate minus champion is 0.0000 (95 % interval "
        "-0.0100 to 0.0100); cannot tell, the tolerance is 0.005."
    )


def test_not_measured_blocks_and_no_champion_is_said():
    assert compare((None, None, None))[0].severity is BLOCK
    assert compare((-0.1, None, None))[0].severity is BLOCK
    (found,) = judge(part("a=b", 300, auc=0.8))
    assert (found.severity, found.observed["outcome"]) == (OK, "not compared")


def test_what_is_compared():
    assert SliceFloor().compared == "auc"
    assert SliceFloor(floors={"kappa": 0.5}).compared == "kappa"
    assert SliceFloor(floors={"kappa": 0.5}, metric="accuracy").compared == "accuracy"
    assert SliceFloor().problems(["auc"], ["a"]) == []
    assert len(SliceFloor(floors={"f1": 0.5}).problems(["auc"], [])) == 2
    assert len(SliceFloor(floors={"auc": 0.5}, metric="f1").problems(["auc"], ["a"])) == 1
    assert SliceFloor(floors={"auc": 0.5}, metric="f1", tolerance=None).problems(["auc"], ["a"]) == []


def test_short_form():
    spec = PluginSpec(name="slice_floor", params={"auc": 0.7, "min_rows": 50})
    assert registry.build("gates", spec, "x") == SliceFloor(floors={"auc": 0.7}, min_rows=50)


@pytest.mark.parametrize("params", [{"tolerance": "off"}, {"acu": 0.7}, {"floors": []}, {"auc": "high"}])
def test_wrong_parameters_are_refused(params):
    with pytest.raises(ConfigError, match=r"evaluate\.gates\.slice_floor"):
        registry.build("gates", PluginSpec(name="slice_floor", params=params), "evaluate.gates.slice_floor")


def scored(seed, rows, slices, worse=0.0):
    """Evidence of two models with noise of their own; the candidate's is larger in the first slice by `worse`."""
    random = np.random.default_rng(seed)
    labels = (random.random(rows) < 0.3).astype(int)
    where = np.arange(rows) % slices
    common = random.normal(size=rows) + 1.5 * labels
    noise = random.normal(size=(3, rows)) * 0.7
    scores = common + noise[:2]
    scores[0] += np.where(where == 0, worse * noise[2], 0.0)
    models = [np.stack([1 - p, p], axis=1) for p in 1 / (1 + np.exp(-scores))]
    masks = {f"a={i}": where == i for i in range(slices)}
    return evaluate(labels, *models, masks, ["auc"], ["0", "1"], 200, seed, "model 7")


def test_equal_models_are_hardly_ever_called_better_or_worse():
    evidence = [scored(seed, 600, 4) for seed in range(60)]
    overall = [NoRegression().judge(e)[0] for e in evidence]
    # 5 % of 60 are 3; more than 7 come by chance in 1 of 100 such tests.
    assert sum(f.observed["outcome"] in ("better", "worse") for f in overall) <= 7
    assert not [f.message for f in overall if f.severity is BLOCK]
    slices = [SliceFloor().judge(e) for e in evidence]
    assert sum(any(f.severity is BLOCK for f in found) for found in slices) <= 7


@pytest.mark.parametrize("seed", range(5))
def test_three_standard_errors_in_one_slice_only_are_stopped_by_that_slice(seed):
    for worse in np.arange(0.4, 4.0, 0.2):
        evidence = scored(seed, 1200, 4, worse)
        loss = evidence.slices[1].difference["auc"]
        if loss.value <= -3 * (loss.high - loss.low) / (2 * 1.96):
            break
    blocks = [f.subject for f in SliceFloor().judge(evidence) if f.severity is BLOCK]
    assert blocks == ["change of auc on a=0"]

import pytest

from components.gates.no_regression import NoRegression
from schemas.evidence import ModelEvidence
from tests.components.evidence import BLOCK, OK, WARN, model, part


def judge(difference, metric="auc", **params):
    evidence = model(part(difference=difference, **{metric: 0.8}), champion="model 7")
    return NoRegression(metric=metric, **params).judge(evidence)[0]


@pytest.mark.parametrize(
    ("difference", "severity", "outcome", "says"),
    [
        ((-0.020, -0.030, -0.0051), BLOCK, "worse", "it is worse, the tolerance"),
        ((-0.020, -0.030, -0.0050), WARN, "worse", "it is worse, but maybe by less than matters"),
        ((-0.020, -0.030, -0.0049), WARN, "worse", "it is worse, but maybe by less than matters"),
        ((-0.0051, -0.02, 0.01), WARN, "cannot tell", "it may be worse: cannot tell"),
        ((-0.0050, -0.02, 0.01), OK, "cannot tell", "better or worse, cannot tell"),
        ((0.0, 0.0, 0.0), OK, "same", "the same within noise"),
        ((0.001, -0.005, 0.005), OK, "same", "the same within noise"),
        ((0.001, -0.00501, 0.005), OK, "cannot tell", "cannot tell"),
        ((0.001, -0.005, 0.00501), OK, "cannot tell", "cannot tell"),
        ((-0.002, -0.004, 0.0), OK, "same", "the same within noise"),
        ((-0.002, -0.003, -0.001), OK, "worse", "slightly worse"),
        ((0.01, -0.001, 0.02), OK, "cannot tell", "cannot tell"),
        ((0.01, 0.0, 0.02), OK, "cannot tell", "cannot tell"),
        ((0.01, 0.001, 0.02), OK, "better", "it is better"),
    ],
)
def test_below_on_and_above_the_tolerance(difference, severity, outcome, says):
    found = judge(difference)
    assert found.severity is severity
    assert found.observed["outcome"] == outcome
    assert says in found.message


def test_less_loss_is_better():
    assert judge((0.02, 0.01, 0.03), "log_loss").severity is BLOCK
    assert "it is better" in judge((-0.02, -0.03, -0.01), "log_loss").message
    assert judge((0.02, 0.004, 0.03), "log_loss").severity is WARN


@pytest.mark.parametrize("difference", [None, (None, None, None), (0.1, None, None), (float("nan"), 0.0, 0.0)])
def test_what_could_not_be_measured_blocks(difference):
    found = judge(difference)
    assert found.severity is BLOCK
    assert "could not be measured" in found.message
    assert found.observed["outcome"] == "not compared"


def test_a_metric_that_was_not_evaluated_blocks():
    evidence = model(part(difference=(0, 0, 0), accuracy=0.8), champion="model 7")
    assert NoRegression().judge(evidence)[0].severity is BLOCK
    assert NoRegression().judge(ModelEvidence(slices=[], champion="x", higher_is_better={}))[0].severity is BLOCK


@pytest.mark.parametrize(("rule", "severity"), [("pass", OK), ("block", BLOCK)])
def test_first_run_follows_its_rule(rule, severity):
    (found,) = NoRegression(first_run=rule).judge(model(part(auc=0.8)))
    assert found.severity is severity
    assert f"first_run is {rule}" in found.message
    assert found.observed["outcome"] == "not compared"


def test_message():
    assert judge((-0.3881, -0.41, -0.36)).message == (
        "auc on all 2000 test rows: candidate 0.8000, champion 0.9000; candidate minus champion is -0.3881 "
        "(95 % interval -0.4100 to -0.3600); it is worse, the tolerance is 0.005."
    )


@pytest.mark.parametrize(("rows", "severity"), [(99, OK), (100, BLOCK)])
def test_slices_only_when_asked_for(rows, severity):
    bad, fine = (-0.2, -0.3, -0.1), (0.0, -0.01, 0.01)
    evidence = model(part(difference=fine, auc=0.8), part("a=b", rows, difference=bad, auc=0.7), champion="model 7")
    assert len(NoRegression().judge(evidence)) == 1
    assert NoRegression(slices=True).judge(evidence)[1].severity is severity

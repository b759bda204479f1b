import pytest

from components.gates.metric_floor import MetricFloor
from tests.components.evidence import BLOCK, OK, model, part


def judge(*slices, **params):
    return MetricFloor(**params).judge(model(*slices))


@pytest.mark.parametrize(("value", "severity"), [(0.7499, BLOCK), (0.75, OK), (0.7501, OK)])
def test_below_on_and_above_the_floor(value, severity):
    assert judge(part(auc=value), overall={"auc": 0.75})[0].severity is severity


@pytest.mark.parametrize(("value", "severity"), [(0.4999, OK), (0.5, OK), (0.5001, BLOCK)])
def test_less_loss_is_better(value, severity):
    (found,) = judge(part(log_loss=value), overall={"log_loss": 0.5})
    assert found.severity is severity
    assert "the ceiling is 0.5" in found.message


@pytest.mark.parametrize("value", [None, float("nan"), float("inf")])
def test_undefined_blocks(value):
    (found,) = judge(part(auc=value), overall={"auc": 0.75})
    assert found.severity is BLOCK
    assert "is undefined" in found.message
    assert found.observed == {"value": None, "low": None, "high": None}


def test_not_evaluated_blocks():
    (found,) = judge(part(accuracy=1.0), overall={"auc": 0.75})
    assert found.severity is BLOCK
    assert found.remedy == "Add auc to evaluate.metrics."


def test_no_evidence_blocks():
    assert judge(overall={"auc": 0.75})[0].severity is BLOCK


def test_message_names_metric_slice_value_and_bound():
    found = judge(part(auc=0.9), part("payment_type=Cash", 300, auc=0.7123), per_slice={"auc": 0.75})
    assert [f.subject for f in found] == ["auc on payment_type=Cash"]
    assert found[0].message == "auc on payment_type=Cash (300 test rows): is 0.7123; the floor is 0.75."


@pytest.mark.parametrize(("rows", "severity"), [(99, OK), (100, BLOCK), (101, BLOCK)])
def test_small_slices_are_not_judged(rows, severity):
    found = judge(part(auc=0.9), part("a=b", rows, auc=0.1), per_slice={"auc": 0.75})
    assert found[0].severity is severity
    assert ("too few rows to judge" in found[0].message) is (severity is OK)


def test_a_slice_of_one_class_is_not_judged_but_nan_outputs_block():
    one_class = part("a=b", 500, {"0": 500, "1": 0}, auc=None)
    both = part("a=b", 500, auc=None)
    assert judge(part(auc=0.9), one_class, per_slice={"auc": 0.75})[0].severity is OK
    assert judge(part(auc=0.9), both, per_slice={"auc": 0.75})[0].severity is BLOCK


def test_floors_per_slice_without_slices_block():
    assert judge(part(auc=0.9), per_slice={"auc": 0.75})[0].severity is BLOCK

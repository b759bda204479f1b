import pytest

from components import registry
from components.gates.recall_floor import RecallFloor
from schemas.config import ConfigError, PluginSpec
from schemas.evidence import MetricValue
from tests.components.evidence import BLOCK, OK, WARN, model, part

LABELS = {"0": 730, "3": 30, "4": 20}


def judge(recall, labels=LABELS, **params):
    recalls = {v: MetricValue(value=recall, low=0.1, high=0.9) for v in labels}
    overall = part(labels=labels, auc=0.9).model_copy(update={"recalls": recalls})
    return RecallFloor(**{"floors": {"4": 0.7}, **params}).judge(model(overall))


@pytest.mark.parametrize(("recall", "severity"), [(0.6999, BLOCK), (0.7, OK), (0.7001, OK)])
def test_below_on_and_above_the_floor(recall, severity):
    (found,) = judge(recall)
    assert found.severity is severity
    assert found.subject == "recall of 4"


@pytest.mark.parametrize(("rows", "severity"), [(0, BLOCK), (1, WARN), (19, WARN), (20, BLOCK), (21, BLOCK)])
def test_few_rows_are_reported_and_not_judged_and_none_block(rows, severity):
    (found,) = judge(0.1, {**LABELS, "4": rows})
    assert found.severity is severity
    assert ("too few rows to judge (20 are needed)" in found.message) is (severity is WARN)
    assert found.observed["rows"] == rows


def test_a_good_recall_on_few_rows_is_no_pass():
    assert judge(1.0, {**LABELS, "4": 19})[0].severity is WARN


@pytest.mark.parametrize("recall", [None, float("nan")])
def test_undefined_blocks(recall):
    (found,) = judge(recall)
    assert found.severity is BLOCK
    assert "is undefined" in found.message


def test_a_class_that_is_not_there_blocks_and_says_which_are():
    (found,) = judge(0.9, floors={"5": 0.7})
    assert found.severity is BLOCK
    assert found.message == "recall of 5: is no label value of the test rows; there are 0, 3, 4."


def test_message_has_the_count_the_interval_and_the_bound():
    (found,) = judge(0.65)
    assert (
        found.message
        == "recall of 4 on its 20 test rows: is 0.6500 (95 % interval 0.1000 to 0.9000); the floor is 0.7."
    )


def test_one_finding_a_class():
    found = judge(0.6, floors={"0": 0.5, "3": 0.7, "4": 0.6})
    assert [(f.subject, f.severity) for f in found] == [
        ("recall of 0", OK),
        ("recall of 3", BLOCK),
        ("recall of 4", OK),
    ]


def test_no_evidence_blocks():
    assert [f.severity for f in RecallFloor(floors={"3": 0.7, "4": 0.7}).judge(model())] == [BLOCK, BLOCK]


@pytest.mark.parametrize(
    "params", [{"3": 0.7, "4": 0.6}, {3: 0.7, 4: 0.6}, {"floors": {3: 0.7, "4": 0.6}}, {"floors": {"3": 0.7}, 4.0: 0.6}]
)
def test_short_form_and_numbers_as_label_values(params):
    built = registry.build("gates", PluginSpec(name="recall_floor", params=params), "evaluate.gates.recall_floor")
    assert built == RecallFloor(floors={"3": 0.7, "4": 0.6})


@pytest.mark.parametrize("params", [{}, {"3": 1.2}, {"3": "high"}, {"floors": []}, {"min_rows": 5}])
def test_wrong_parameters_are_refused(params):
    with pytest.raises(ConfigError, match=r"evaluate\.gates\.recall_floor"):
        registry.build("gates", PluginSpec(name="recall_floor", params=params), "evaluate.gates.recall_floor")

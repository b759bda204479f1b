import pytest

from components import registry
from components.gates.overfit import Overfit
from schemas.config import ConfigError, PluginSpec
from schemas.evidence import MetricValue, TrainingSummary
from tests.components.evidence import BLOCK, OK, WARN, model, part


def judge(train, val, width=None, **params):
    overall = part(log_loss=0.5)
    if width is not None:
        overall.candidate["log_loss"] = MetricValue(value=0.5, low=0.5 - width, high=0.5 + width)
    evidence = model(overall).model_copy(update={"training": TrainingSummary(epoch=3, train_loss=train, val_loss=val)})
    (found,) = Overfit(**params).judge(evidence)
    return found


@pytest.mark.parametrize(
    ("val", "severity"),
    [(0.4, OK), (0.5, OK), (0.5499, OK), (0.5501, WARN), (0.6249, WARN), (0.625, WARN), (0.6251, BLOCK), (2.0, BLOCK)],
)
def test_below_on_and_above_the_limits(val, severity):
    assert judge(0.5, val).severity is severity


@pytest.mark.parametrize(("val", "severity"), [(0.5625, OK), (0.5626, WARN)])
def test_on_the_limit_of_the_warning(val, severity):
    assert judge(0.5, val, warn=0.125).severity is severity


@pytest.mark.parametrize(("val", "severity"), [(0.0009, OK), (0.02, OK), (0.0211, BLOCK)])
def test_a_train_loss_close_to_nothing_is_no_fault_by_itself(val, severity):
    assert judge(0.0001, val).severity is severity
    assert judge(0.0, val).severity is severity


@pytest.mark.parametrize(("width", "severity"), [(0.2501, OK), (0.25, OK), (0.2499, BLOCK)])
def test_a_gap_within_the_noise_of_the_loss_is_none(width, severity):
    found = judge(0.5, 0.75, width)
    assert found.severity is severity
    assert ("may be noise" in found.message) is (severity is OK)


@pytest.mark.parametrize("losses", [(None, 0.5), (0.5, None), (float("nan"), 0.5), (0.5, float("inf"))])
def test_unknown_losses_block(losses):
    found = judge(*losses)
    assert found.severity is BLOCK
    assert "not known" in found.message
    assert Overfit().judge(model(part(log_loss=0.5)))[0].severity is BLOCK


def test_message_has_losses_gap_and_limits():
    found = judge(0.4, 0.6)
    assert found.message == (
        "Training: after epoch 3, loss is 0.4000 on train and 0.6000 on eval, a gap of +0.2000, +50.0% of it; "
        "more than 10% warns and 25% blocks."
    )
    assert found.observed == {
        "train_loss": 0.4,
        "val_loss": 0.6,
        "gap": pytest.approx(0.2),
        "relative": pytest.approx(0.5),
    }


def by_accuracy(train, val, rows=10_000, **params):
    summary = TrainingSummary(
        epoch=3, train_loss=0.5, val_loss=0.5, train_accuracy=train, val_accuracy=val, train_rows=rows, val_rows=rows
    )
    evidence = model(part(log_loss=0.5)).model_copy(update={"training": summary})
    (found,) = Overfit(**params).judge(evidence)
    return found


@pytest.mark.parametrize(
    ("val", "severity"), [(0.99, OK), (0.9, OK), (0.801, OK), (0.799, BLOCK), (0.5, BLOCK), (None, OK)]
)
def test_a_gap_in_accuracy_blocks_whatever_the_loss(val, severity):
    assert by_accuracy(0.9, val).severity is severity
    assert by_accuracy(0.9, val, accuracy=None).severity is OK


def test_a_gap_in_accuracy_within_noise_is_none():
    # By hand, with 50 rows each: 1.96 * sqrt(0.9 * 0.1 / 50 + 0.75 * 0.25 / 50) = 0.146.
    assert by_accuracy(0.9, 0.755, 50).severity is OK
    assert "up to 14.5% may be noise" in by_accuracy(0.9, 0.755, 50).message
    assert by_accuracy(0.9, 0.75, 50).severity is BLOCK
    assert "a gap of more than 10% blocks." in by_accuracy(0.9, 0.7).message


def test_levels_can_be_turned_off():
    assert judge(0.5, 0.7, block=None).severity is WARN
    assert judge(0.5, 0.6, warn=None).severity is OK
    assert judge(0.5, 0.7, warn=None).severity is BLOCK


@pytest.mark.parametrize(
    "params", [{"warn": "off", "block": "off", "accuracy": "off"}, {"warn": 0.3}, {"block": -1}, {"smallest": "off"}]
)
def test_wrong_parameters_are_refused(params):
    with pytest.raises(ConfigError, match=r"evaluate\.gates\.overfit"):
        registry.build("gates", PluginSpec(name="overfit", params=params), "evaluate.gates.overfit")

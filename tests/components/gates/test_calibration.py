import numpy as np
import pytest

from components import registry
from components.gates.calibration import Calibration
from components.metrics import evaluate
from schemas.config import ConfigError, PluginSpec
from schemas.evidence import MetricValue
from tests.components.evidence import BLOCK, OK, WARN, model, part

NAME = "calibration_error"


def judge(value, low=None, high=None, rows=2000, difference=None, **params):
    overall = part(rows=rows, difference=difference, **{NAME: value})
    overall.candidate[NAME] = MetricValue(value=value, low=low, high=high)
    if difference is not None and value is not None and difference[0] is not None:
        overall.champion[NAME] = MetricValue(value=value - difference[0])
    return Calibration(**params).judge(model(overall, champion=None if difference is None else "model 7"))


@pytest.mark.parametrize(
    ("value", "low", "severity"),
    [(0.0999, 0.09, OK), (0.1, 0.09, OK), (0.11, 0.1, WARN), (0.12, 0.1001, BLOCK), (0.12, None, WARN)],
)
def test_below_on_and_above_the_limit(value, low, severity):
    found = judge(value, low, 0.2)[0]
    assert found.severity is severity
    assert found.subject == "calibration_error on overall"


def test_with_few_rows_a_calibrated_model_has_some_too():
    # 100 rows, a quarter of the class: 4.49 * sqrt(0.25 * 0.75) / sqrt(100) = 0.195.
    found = judge(0.19, 0.12, 0.3, rows=100)[0]
    assert found.severity is OK
    assert "a calibrated model may have 0.1945 with so few rows" in found.message
    assert judge(0.2, 0.12, 0.3, rows=100)[0].severity is BLOCK


@pytest.mark.parametrize(
    ("difference", "severity", "outcome"),
    [
        ((0.05, 0.0201, 0.08), BLOCK, "worse"),
        ((0.05, 0.0200, 0.08), WARN, "worse"),
        ((0.0201, -0.01, 0.05), WARN, "cannot tell"),
        ((0.0200, -0.01, 0.05), OK, "cannot tell"),
        ((0.001, -0.01, 0.012), OK, "same"),
        ((-0.03, -0.05, -0.01), OK, "better"),
    ],
)
def test_against_the_champion_less_is_better(difference, severity, outcome):
    found = judge(0.09, 0.07, 0.1, difference=difference)
    assert [f.subject for f in found] == ["calibration_error on overall", "change of calibration_error on overall"]
    assert found[1].severity is severity
    assert found[1].observed["outcome"] == outcome


def test_two_models_within_the_noise_of_calibration_are_neither_better_nor_worse():
    # 100 rows, a quarter of the class: 0.1945.
    for value, difference in ((0.19, (0.1, 0.05, 0.15)), (0.09, (-0.1, -0.15, -0.05))):
        found = judge(value, 0.05, 0.3, rows=100, difference=difference)[1]
        assert (found.severity, found.observed["outcome"]) == (OK, "cannot tell")
    assert judge(0.2, 0.1, 0.3, rows=100, difference=(0.1, 0.05, 0.15))[1].severity is BLOCK


def test_without_a_champion_the_limit_alone_decides():
    assert [f.severity for f in judge(0.05, 0.03, 0.07)] == [OK, OK]
    assert "no model is served yet" in judge(0.05)[1].message


@pytest.mark.parametrize("value", [None, float("nan")])
def test_undefined_blocks(value):
    assert judge(value)[0].severity is BLOCK
    assert judge(0.05, 0.03, 0.07, difference=(None, None, None))[1].severity is BLOCK


def test_message():
    assert judge(0.1532, 0.13, 0.18)[0].message == (
        "calibration_error on all 2000 test rows: is 0.1532 (95 % interval 0.1300 to 0.1800); the limit is 0.1."
    )


def test_levels_can_be_turned_off_and_problems_are_known_before():
    assert [f.subject for f in judge(0.5, 0.4, 0.6, limit=None)] == ["change of calibration_error on overall"]
    assert [f.subject for f in judge(0.5, 0.4, 0.6, tolerance=None)] == ["calibration_error on overall"]
    assert len(Calibration().problems(["auc"], [])) == 1
    assert Calibration().problems([NAME], []) == []
    with pytest.raises(ConfigError, match="nothing to judge"):
        registry.build("gates", PluginSpec(name="calibration", params={"limit": "off", "tolerance": "off"}), "x")


def judged(seed, rows, shift):
    """A calibrated champion, and a candidate whose log odds are off by `shift`."""
    random = np.random.default_rng(seed)
    odds = random.normal(-1, 1.2, rows)
    labels = (random.random(rows) < 1 / (1 + np.exp(-odds))).astype(int)
    p, q = (1 / (1 + np.exp(-(odds + d + random.normal(0, 0.1, rows)))) for d in (shift, 0.0))
    models = [np.stack([1 - x, x], axis=1) for x in (p, q)]
    return Calibration().judge(evaluate(labels, *models, {}, [NAME], ["0", "1"], 200, seed))


@pytest.mark.parametrize("rows", [100, 1000])
def test_calibrated_models_pass(rows):
    found = [f for seed in range(60) for f in judged(seed, rows, 0.0)]
    assert not [f.message for f in found if f.severity is BLOCK]
    called = sum(f.observed.get("outcome") in ("better", "worse") for f in found)
    assert called <= 6, "5 % of 60 are 3"


def test_the_shift_that_balanced_class_weights_cause_is_found():
    # Weights of 1 to 3 move the log odds by log 3 = 1.1.
    for seed in range(10):
        assert [f.severity for f in judged(seed, 2000, 1.1)] == [BLOCK, BLOCK]

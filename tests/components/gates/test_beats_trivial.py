import math

import numpy as np
import pytest

from components import metric_definitions
from components.gates.beats_trivial import BeatsTrivial, trivial
from schemas.evidence import MetricValue
from tests.components.evidence import BLOCK, OK, WARN, model, part


def judge(value, low=None, high=None, metric="auc", labels=None, others=(), **params):
    overall = part(labels=labels, **{metric: value})
    overall.candidate[metric] = MetricValue(value=value, low=low, high=high)
    return BeatsTrivial(metric=metric, **params).judge(model(overall, *others))


@pytest.mark.parametrize(
    ("value", "low", "severity"),
    [(0.5199, 0.51, BLOCK), (0.52, 0.51, OK), (0.6, 0.58, OK), (0.6, 0.5, WARN), (0.6, 0.4, WARN), (0.3, 0.2, BLOCK)],
)
def test_below_on_and_above_the_margin_and_where_the_interval_cannot_tell(value, low, severity):
    (found,) = judge(value, low, 0.9)
    assert found.severity is severity
    assert found.observed["trivial"] == 0.5


@pytest.mark.parametrize(("value", "high", "severity"), [(0.5, 0.55, OK), (0.5, 0.57, WARN), (0.56, 0.561, BLOCK)])
def test_less_loss_is_better(value, high, severity):
    # Entropy of shares 0.75 and 0.25: 0.5623.
    (found,) = judge(value, 0.4, high, metric="log_loss")
    assert found.severity is severity
    assert "a model that only knows the shares of the classes 0.5623" in found.message


def test_without_an_interval_it_cannot_tell():
    assert judge(0.9)[0].severity is WARN


@pytest.mark.parametrize("value", [None, math.nan])
def test_undefined_blocks(value):
    assert judge(value)[0].severity is BLOCK


def test_one_class_blocks_since_nothing_can_be_told():
    assert judge(0.9, 0.8, 1.0, labels={"0": 500, "1": 0})[0].severity is BLOCK


def test_slices_are_judged_when_asked_for():
    bad, small = part("a=b", 500, auc=0.5), part("a=c", 99, auc=0.5)
    assert [f.subject for f in judge(0.9, 0.8, 1.0, others=(bad,))] == ["auc on overall"]
    found = judge(0.9, 0.8, 1.0, others=(bad, small), slices=True)
    assert [f.severity for f in found] == [OK, BLOCK, OK]
    assert "too few rows to judge" in found[2].message


def test_problems_are_known_before_anything_runs():
    assert BeatsTrivial().problems(["auc"], []) == []
    assert len(BeatsTrivial(metric="kappa", slices=True).problems(["auc"], [])) == 2
    (found,) = BeatsTrivial(metric="calibration_error").problems(["calibration_error"], [])
    assert "which is 0 for a model that only knows the shares" in found


@pytest.mark.parametrize("name", metric_definitions.METRICS)
@pytest.mark.parametrize("counts", [(730, 270), (300, 700), (73, 7, 15, 3, 2)])
def test_the_trivial_model_is_what_its_metric_says(name, counts):
    labels = np.repeat(np.arange(len(counts)), counts)
    shares = np.array(counts) / sum(counts)
    measured = metric_definitions.METRICS[name](labels, np.tile(shares, (len(labels), 1)))
    assert trivial(name, {str(i): n for i, n in enumerate(counts)}) == pytest.approx(measured, abs=1e-9)

"""serving_ready: below, on and above every bound; what gave no answer blocks."""

import math

import pytest

from components.gates.serving_ready import ServingReady
from schemas.evidence import ServingEvidence
from tests.components.evidence import BLOCK, OK, model, part


def judge(gate=None, **serving):
    good = {
        "rows": 200,
        "difference": 1e-7,
        "latency_ms": 1.0,
        "latency_ms_p95": 2.0,
        "load_seconds": 1.0,
        "size_mb": 0.4,
    }
    evidence = model(part(auc=0.9)).model_copy(update={"serving": ServingEvidence(**{**good, **serving})})
    return {f.subject: f for f in (gate or ServingReady()).judge(evidence)}


def test_a_model_that_answers_rightly_and_in_time_passes():
    found = judge()
    assert {s: f.severity for s, f in found.items()} == {"answers": OK, "latency_ms": OK, "size_mb": OK}
    assert "differ from the evaluation by 1e-07 at most" in found["answers"].message


@pytest.mark.parametrize(
    ("name", "subject", "limit", "beyond"),
    [
        ("difference", "answers", 1e-5, 1.01e-5),
        ("latency_ms_p95", "latency_ms", 1000.0, 1000.1),
        ("size_mb", "size_mb", 2000.0, 2000.1),
    ],
)
def test_bounds(name, subject, limit, beyond):
    assert judge(**{name: limit})[subject].severity is OK
    for value in (beyond, math.nan, math.inf):
        assert judge(**{name: value})[subject].severity is BLOCK


def test_one_that_cannot_be_loaded_blocks_with_the_reason():
    found = judge(error="ValueError: no op named X")
    assert [*found] == ["answers"]
    assert found["answers"].severity is BLOCK
    assert "no op named X" in found["answers"].message


def test_no_evidence_blocks():
    (found,) = ServingReady().judge(model(part(auc=0.9)))
    assert found.severity is BLOCK


def test_budgets_can_be_off():
    assert [*judge(ServingReady(latency_ms="off", size_mb="off"))] == ["answers"]

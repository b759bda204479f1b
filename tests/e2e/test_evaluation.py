"""Evaluation through the command: a threshold chosen on eval and applied to test, slices by pairs, a model asked in a fresh process."""

import json
from pathlib import Path

import numpy as np
import pytest

from schemas.run_record import RunRecord
from tests.e2e.conftest import make_project, read_rows, retrain

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def chosen(tmp_path_factory, taxi):
    """A run with `threshold: auto` and a pair of slices."""
    project = make_project(tmp_path_factory.mktemp("chosen"), taxi)
    words = ("evaluate.threshold=auto", "evaluate.slices=[payment_type, [payment_type, trip_start_hour]]")
    result = project.run("--span", 8, *(w for word in words for w in ("--override", word)))
    assert result.code == 0, result.err
    return project, result, RunRecord.model_validate(result.json)


def test_the_threshold_is_in_the_record_and_in_the_model_and_in_predictions(chosen, tmp_path):
    project, _, record = chosen
    threshold = record.evaluation.threshold
    assert threshold == record.training.threshold != 0.5
    extra = Path(record.pushed.path) / "assets.extra" / "retrain.json"
    assert json.loads(extra.read_text())["threshold"] == threshold
    done = retrain("predict", project.config, "--input", project.span(8), "--output", tmp_path / "out.csv")
    assert done.code == 0, done.err
    lines = read_rows(tmp_path / "out.csv")
    assert [line["prediction"] for line in lines] == [
        str(int(float(line["probability_1"]) > threshold)) for line in lines
    ]
    assert any(0.5 < float(line["probability_1"]) < threshold for line in lines)


def test_tfma_has_the_same_slices_and_the_same_accuracy(chosen):
    import tensorflow_model_analysis as tfma

    _, result, record = chosen
    written = tfma.load_eval_result(str(result.artifact("evaluator", "evaluation")))
    by_slice = {key: by[""][""] for key, by in written.slicing_metrics}
    assert len(by_slice) == len(record.evaluation.slices)
    parts = {s.slice: s for s in record.evaluation.slices}
    pair = parts["payment_type=Cash, trip_start_hour=18"]
    for key, part in (((), record.evaluation.overall), ((("payment_type", "Cash"), ("trip_start_hour", "18")), pair)):
        assert by_slice[key]["example_count"]["doubleValue"] == part.rows
        assert by_slice[key]["binary_accuracy"]["doubleValue"] == pytest.approx(part.candidate["accuracy"].value)
    of_pairs = [s for name, s in parts.items() if "trip_start_hour" in name]
    assert sum(s.rows for s in of_pairs) == record.evaluation.overall.rows
    assert len(of_pairs) <= 50


def test_a_fresh_process_answers_as_the_evaluation_did(chosen):
    _, _, record = chosen
    serving = record.evaluation.serving
    assert (serving.error, serving.rows) == (None, 200)
    assert serving.difference <= 1e-6
    assert np.isfinite([serving.latency_ms, serving.latency_ms_p95, serving.load_seconds, serving.size_mb]).all()
    found = {(f.code, f.subject): f.severity.value for f in record.findings if f.stage == "judge_model"}
    assert found[("serving_ready", "answers")] == found[("evaluator_blessing", "TFMA")] == "ok"


def test_it_is_shown(chosen):
    shown = retrain("show", "latest", "metrics", "--config", chosen[0].config)
    assert "payment_type=Cash, trip_start_hour=18" in shown.out
    assert "A row is taken for the second class beyond a probability of" in " ".join(shown.out.split())
    assert "In a fresh process: 200 test rows" in " ".join(shown.out.split())

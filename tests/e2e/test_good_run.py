"""A good retrain: pushed, explained, repeatable byte for byte, and servable."""

import csv
import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from schemas.run_record import RunRecord
from tests.e2e.conftest import make_project, read_rows, retrain, shuffled, write_rows

pytestmark = pytest.mark.e2e


def record_of(result):
    return RunRecord.model_validate(result.json)


def test_is_pushed_with_a_good_model_and_a_full_record(pushed):
    project, result = pushed
    record = record_of(result)
    assert record.status.value == "pushed"
    assert record.evaluation.overall.candidate["auc"].value >= 0.92
    assert {s.name: s.state.value for s in record.stages} == dict.fromkeys([s.name for s in record.stages], "done")
    assert set(record.digests) == {"examples", "transform", "weights", "metrics"}
    assert record.training.epochs
    assert record.training.best_epoch <= len(record.training.epochs)
    assert record.window == [5, 6, 7, 8]
    assert project.versions() == ["1"]
    assert (project.workspace / "runs" / record.run_id / "report.html").exists()


def test_ends_with_the_verdict_in_sentences(pushed):
    assert "Pushed version 1: AUC on test 0.9" in pushed[1].err
    assert "there was no champion" in pushed[1].err


def test_framework_output_is_in_the_log_and_not_on_the_screen(pushed):
    project, result = pushed
    log = (project.workspace / "runs" / record_of(result).run_id / "log.txt").read_text(
        encoding="utf-8", errors="replace"
    )
    assert "tensorflow" in log.lower()
    assert "tensorflow" not in result.err.lower().replace("loading tensorflow and tfx", "")


def test_class_shares_are_the_same_in_every_split(pushed):
    labels = record_of(pushed[1]).data.labels
    shares = {split: counts["1"] / sum(counts.values()) for split, counts in labels.items()}
    assert max(shares.values()) - min(shares.values()) < 0.002


def test_learned_values_come_from_train_alone(pushed):
    record = record_of(pushed[1])
    fare = next(f for f in record.learned if f.name == "fare")
    assert fare.imputer == "median"
    assert fare.present + fare.missing == sum(record.data.labels["train"].values())
    company = next(f for f in record.learned if f.name == "company")
    assert (company.imputer, company.fill) == ("constant", "unknown")
    assert company.missing > 0


def test_predict_gives_the_scores_that_the_evaluator_saw(pushed, tmp_path):
    project, result = pushed
    record = record_of(result)
    scores = {}
    for span in record.window:
        done = retrain("predict", project.config, "--input", project.span(span), "--output", tmp_path / "out.csv")
        assert done.code == 0, done.err
        for row, line in zip(read_rows(project.span(span)), read_rows(tmp_path / "out.csv"), strict=True):
            scores.setdefault(json.dumps(row, sort_keys=True), float(line["probability_1"]))
    evaluation = next(s for s in record.stages if s.name == "evaluator").artifacts["evaluation"]
    seen = [
        pq.read_table(f) for f in sorted((__import__("pathlib").Path(evaluation) / "predictions").glob("*.parquet"))
    ]
    evaluated = np.sort(np.concatenate([np.array(t["candidate"].to_pylist())[:, 1] for t in seen]))
    predicted = np.sort(np.array(list(scores.values())))
    nearest = predicted[np.clip(np.searchsorted(predicted, evaluated), 1, len(predicted) - 1)]
    before = predicted[np.clip(np.searchsorted(predicted, evaluated) - 1, 0, len(predicted) - 1)]
    assert len(evaluated) == record.evaluation.overall.rows
    assert np.minimum(abs(nearest - evaluated), abs(before - evaluated)).max() <= 1e-6


def test_predict_needs_no_label_and_keeps_the_order(pushed, tmp_path):
    project, _ = pushed
    rows = read_rows(project.span(8))[:50]
    write_rows(tmp_path / "with.csv", rows)
    write_rows(
        tmp_path / "without.csv",
        [{k: v for k, v in r.items() if k not in ("big_tipper", "tips")} for r in reversed(rows)],
    )
    for name in ("with", "without"):
        done = retrain(
            "predict", project.config, "--input", tmp_path / f"{name}.csv", "--output", tmp_path / f"{name}.out"
        )
        assert done.code == 0, done.err
    with open(tmp_path / "with.out") as a, open(tmp_path / "without.out") as b:
        assert list(csv.reader(a))[1:] == list(csv.reader(b))[:0:-1]


def test_tfma_agrees_with_our_metrics(pushed):
    import tensorflow_model_analysis as tfma

    record = record_of(pushed[1])
    evaluation = next(s for s in record.stages if s.name == "evaluator").artifacts["evaluation"]
    metrics = tfma.load_eval_result(evaluation).get_metrics_for_slice()
    assert metrics["example_count"]["doubleValue"] == record.evaluation.overall.rows
    assert metrics["auc"]["doubleValue"] == pytest.approx(record.evaluation.overall.candidate["auc"].value, abs=2e-3)


def test_other_row_order_other_files_and_two_workers_give_the_same_digests(pushed, taxi, tmp_path):
    project = make_project(tmp_path / "other", taxi)
    for span in range(5, 9):
        rows = shuffled(read_rows(project.span(span)), span)
        write_rows(project.span(span), rows[:300])
        write_rows(project.span(span).with_name("more.csv"), rows[300:])
    result = project.run("--span", 8, "--override", "beam.workers=2", "--override", "beam.mode=multi_threading")
    assert result.code == 0, result.err
    assert record_of(result).digests == record_of(pushed[1]).digests


def test_replay_is_identical(pushed):
    result = retrain("replay", "latest", "--config", pushed[0].config, "--json")
    assert result.code == 0, result.err
    assert result.json["identical"] is True
    assert len(result.json["digests"]) == 4


def test_the_beam_runner_does_the_same(taxi, tmp_path, pushed):
    project = make_project(tmp_path / "beam", taxi)
    result = project.run("--span", 8, "--override", "runner=beam")
    assert result.code == 0, result.err
    assert record_of(result).digests == record_of(pushed[1]).digests

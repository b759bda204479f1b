"""The fault suite's order, its file of answers, its faults and its tables."""

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.diagnosis.cases import CLEAN_EVERY, KNOWN, UNSEEN, Answer, in_order, load
from benchmarks.diagnosis.datasets import DATASETS
from benchmarks.diagnosis.injection import FAULTS
from benchmarks.diagnosis.inspected import TRAINED, inspected
from benchmarks.diagnosis.page import blocked_page, page, without_effect
from pipeline.diagnosis.diagnose import all_causes

ROOT = Path(__file__).parents[2]


def test_injection_and_diagnosis_share_no_code():
    for name in ("datasets", "injection", "cases", "unseen_datasets", "unseen_faults", "unseen_pictures"):
        text = (ROOT / "benchmarks" / "diagnosis" / f"{name}.py").read_text(encoding="utf-8")
        assert not re.search(r"^(from|import) (pipeline|components|schemas)", text, re.MULTILINE)
    for path in (ROOT / "pipeline" / "diagnosis").rglob("*.py"):
        assert "benchmarks" not in path.read_text(encoding="utf-8")


def test_there_are_enough_faults_and_every_right_answer_is_a_cause():
    assert len(FAULTS) >= 30
    assert len(DATASETS) >= 4
    for suite in (KNOWN, UNSEEN):
        assert {code for f in suite.faults for code in f.right} <= set(all_causes())
        assert all(any(f.fits(d) for d in suite.datasets) for f in suite.faults)
    assert not {d.name for d in KNOWN.datasets} & {d.name for d in UNSEEN.datasets}


def test_every_fault_comes_once_before_any_comes_twice_and_all_come_in_both_severities():
    cases = in_order("", "", 0, 5)
    assert len({c.name for c in cases}) == len(cases)
    early = cases[: len(FAULTS) * (CLEAN_EVERY + 1) // CLEAN_EVERY]
    assert {c.fault.name for c in early if c.fault} == {f.name for f in FAULTS}
    for fault in FAULTS:
        fitting = [d for d in DATASETS if fault.fits(d)]
        mine = {(c.dataset.name, c.severity) for c in cases if c.fault is fault}
        assert mine == {(d.name, s) for d in fitting for s in ("severe", "mild")}
    assert sum(c.fault is None for c in cases) == 5 * len(DATASETS)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda f: f.name)
@pytest.mark.parametrize("severity", ["mild", "severe"])
def test_a_drawn_strength_is_near_the_listed_one_and_a_share_stays_one(fault, severity):
    listed = fault.drawn(severity, 0, np.random.default_rng(0))
    drawn = [fault.drawn(severity, 2, np.random.default_rng(i)) for i in range(20)]
    assert all(abs(v / listed - 1) <= 0.15 + 1e-9 for v in drawn)
    if listed < 1:
        assert max(drawn) < 1


def test_a_file_that_was_appended_to_has_the_last_answer_of_a_case(tmp_path):
    file = tmp_path / "answers.jsonl"
    assert load(file) == []
    first = Answer("taxi / missing / mild / 0", ["missing_values"], 3, [("outliers", 0.6), ("missing_values", 0.3)])
    second = Answer("taxi / missing / mild / 0", ["missing_values"], 3, [("missing_values", 0.9)])
    file.write_text(first.line() + "\n" + second.line() + "\n", encoding="utf-8")
    assert load(file) == [second]
    assert (first.place, second.place, first.named) == (2, 1, True)


def test_the_page_counts_what_was_run_and_lists_what_was_missed():
    wrong = Answer("taxi / missing / mild / 0", ["missing_values"], 3, [("outliers", 0.6), ("missing_values", 0.3)])
    right = Answer(
        "taxi / missing / severe / 0", ["missing_values"], 3, [("missing_values", 0.9)], metric=0.7, repaired=0.9
    )
    calm = [Answer(f"taxi / clean / clean / {i}", [], 0, metric=0.9 + 0.001 * i) for i in range(3)]
    named = Answer("taxi / clean / clean / 9", [], 0, [("outliers", 0.7)], metric=0.9)
    text = page([wrong, right, *calm, named], 99)
    assert "6 of the 99 cases" in text
    assert "| severe | 1 | 1 (100%) | 1 (100%) | 0 |" in text
    assert "| mild | 1 | 0 (0%) | 1 (100%) | 1 |" in text
    assert "| clean | 4 | | | 1 |" in text
    assert "| taxi | 4 | 0.901 ± 0.001 | 1 | 1 | 1 | 1 |" in text
    missed = text[text.index("| not right") :]
    assert "taxi / missing / mild / 0" in missed
    assert "taxi / clean / clean / 9" in missed
    assert "severe" not in missed


def test_faults_that_did_nothing_are_counted_apart_and_experiments_as_well():
    calm = [Answer(f"taxi / clean / clean / {i}", [], 0, metric=0.9 + 0.001 * i) for i in range(3)]
    idle = Answer("taxi / wide / mild / 0", ["model_too_large"], 0, metric=0.899)
    stopped = Answer("taxi / missing / mild / 0", ["missing_values"], 3, [("missing_values", 0.9)])
    worse = Answer(
        "taxi / penalty / mild / 0", ["regularisation"], 4, [("batch_size", 0.5), ("regularisation", 0.4)], metric=0.8
    )
    worse.proved, worse.experiments = [("regularisation", 0.8)], [("settings_of_before", "restored")]
    assert without_effect([idle, stopped, worse, *calm]) == {idle.name}
    text = page([idle, stopped, worse, *calm], 9)
    assert "| mild | 3 | 1 (33%) | 2 (67%) | 1 |" in text
    assert "| mild, with an effect | 2 | 1 (50%) | 2 (100%) | 1 |" in text
    assert "| mild, without | 1 | 0 (0%) | 0 (0%) | 0 |" in text
    assert "| mild | 1 | 1.0 | 0 | 1 |" in text


def test_answers_with_experiments_are_read_as_they_were_written(tmp_path):
    said = Answer("taxi / wide / mild / 0", ["model_too_large"], 0, [("a", 0.5)])
    said.proved, said.experiments = [("b", 0.9)], [("other_seed", "unchanged")]
    (tmp_path / "answers.jsonl").write_text(said.line() + "\n", encoding="utf-8")
    assert load(tmp_path / "answers.jsonl") == [said]


def test_faults_that_go_no_further_than_to_the_checks_are_counted_by_whether_these_stop_them():
    right = Answer("taxi / missing / mild / 2", ["missing_values"], 3, [("missing_values", 0.9)])
    wrong = Answer("taxi / cents / mild / 2", ["unit_change"], 3, [("outliers", 0.9)])
    text = blocked_page([right, wrong, Answer("eyes / wrong labels / mild / 2", ["label_noise"], 0, outcome=TRAINED)])
    assert (
        "3 faults of the data; 2 are stopped before training. The others would be trained on: eyes / wrong labels / mild / 2."
        in text
    )
    assert "| mild | 2 | 1 (50%) | 1 (50%) | 1 |" in text
    assert "| taxi / cents / mild / 2 | 3 |" in text


@pytest.mark.parametrize(
    "dataset", [d for d in UNSEEN.datasets if d.name in ("wine", "energy", "wards", "queue")], ids=lambda d: d.name
)
def test_every_unseen_fault_changes_rows_and_keeps_them_readable(dataset, tmp_path):
    dataset.make(tmp_path)
    before = dataset.rows(tmp_path, dataset.retrain)
    for case in in_order(dataset.name, "", 0, 0, UNSEEN):
        after = case.fault.spoil(dataset, [dict(r) for r in before], np.random.default_rng(0), case.fault.mild)
        whole = all("." not in r[dataset.numeric[0]] for r in before)
        assert after != before or (whole and case.fault.name == "decimal comma"), case.name
        assert len(after) >= 20, case.name
        assert len({tuple(r) for r in after}) == 1, case.name


@pytest.mark.slow
def test_a_fault_goes_through_the_real_checks(tmp_path):
    (case,) = [c for c in in_order("cancer", "cut off", 0, 0) if c.severity == "severe"]
    (said,) = inspected([case], tmp_path)
    assert (said.exit_code, said.place) == (3, 1)

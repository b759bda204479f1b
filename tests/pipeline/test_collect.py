"""From events and artifacts to a record: stages, findings as they were judged, and what Transform learned."""

import json
from pathlib import Path

import pytest

from components.rollback import roll_back
from components.served import push
from pipeline.collect import collect, stages_of
from pipeline.job import STAGES, Event, stages_for
from pipeline.wording import reused
from schemas.findings import Finding, Severity
from schemas.run_record import LearnedFeature, StageState, Status
from tests import factories

AUGMENTING = {"transform": {"augment": {"ops": [{"op": {"name": "rotate", "params": {}}}]}}}
TUNING = {**AUGMENTING, "train": {"tune": {"trials": 3}}}
UNTUNED = tuple(s for s in STAGES if s != "tuner")
PLAIN = tuple(s for s in UNTUNED if s not in ("augment", "augmentation_ok"))


def finding(code, severity="ok", stage="inspect_data"):
    return Finding(
        code=code,
        severity=Severity(severity),
        subject="all",
        message=f"{code} is said.",
        remedy="" if severity == "ok" else "Look.",
        stage=stage,
    )


class Run:
    """A run that leaves documents in a folder, and events."""

    def __init__(self, folder):
        self.folder, self.events = folder, []

    def done(self, stage, state="done", **documents):
        """A stage that ended; each output with its document."""
        artifacts = {}
        for output, document in documents.items():
            uri = self.folder / stage / output
            uri.mkdir(parents=True)
            (uri / "document.json").write_text(json.dumps(document))
            artifacts[output] = str(uri)
        self.events.append(Event(kind="stage", stage=stage, state="running"))
        self.events.append(Event(kind="stage", stage=stage, state=state, seconds=1.0, artifacts=artifacts))

    def learned(self, *features):
        """Transform, with the asset of what it learned."""
        graph = self.folder / "transform" / "transform_graph"
        assets = graph / "transform_fn" / "assets"
        assets.mkdir(parents=True)
        head = json.dumps([f.model_dump(mode="json") for f in features])
        (assets / "learned").write_bytes(head.encode() + b"\n0:?\n")
        self.events.append(
            Event(kind="stage", stage="transform", state="done", artifacts={"transform_graph": str(graph)})
        )

    def blocked(self, stage, *findings):
        self.events.append(Event(kind="stage", stage=stage, state="blocked"))
        self.events.append(Event(kind="error", stage=stage, problem="blocked", message="No.", findings=list(findings)))

    def record(self, config=AUGMENTING):
        started = factories.record(status=Status.RUNNING, config=config, findings=[], learned=[], stages=[])
        return collect(started, self.events, self.folder / "serving")


def plain(*findings):
    return [f.model_dump(mode="json") for f in findings]


def codes(record):
    return [(f.code, f.severity.value) for f in record.findings]


def evidence():
    return factories.data().model_dump(mode="json")


@pytest.fixture
def run(tmp_path):
    """A run whose data passed with an accepted finding, and that learned a misleading fill."""
    made = Run(tmp_path)
    found = [finding("missing_shift"), finding("row_count", "block")]
    made.done("inspect_data", findings={"evidence": evidence(), "findings": plain(*found)})
    judged = [found[0], finding("row_count", "warn")]
    made.done("require_ok", accepted={"evidence": evidence(), "judged": plain(*judged)})
    fill = finding("misleading_fill", "warn", "transform")
    made.learned(
        LearnedFeature(name="fare", kind="numeric", imputer="constant", fill=0, present=9, missing=1, findings=[fill])
    )
    return made


DATA = [("missing_shift", "ok"), ("row_count", "warn"), ("misleading_fill", "warn")]
ONE_SIDED = finding("augmentation_one_sided", "block", "augment")
AUDIT = {"audit": {}, "findings": plain(ONE_SIDED, finding("augmentation_destroys", stage="augment"))}


def test_stages_of_augmentation_are_there_only_with_augmentation(run):
    assert stages_for(AUGMENTING) == UNTUNED
    assert stages_for(TUNING) == STAGES
    for config in ({}, {"transform": None}, {"transform": {"augment": None}}):
        assert stages_for(config) == PLAIN
    assert [s.name for s in run.record().stages] == [*UNTUNED]
    assert [s.name for s in run.record(config={}).stages] == [*PLAIN]


def test_a_stage_that_never_said_how_it_ended_has_failed():
    events = [
        Event(kind="stage", stage="ingest", state="done", seconds=2.0),
        Event(kind="stage", stage="augment", state="running"),
        Event(kind="stage", stage="somewhere else", state="done"),
    ]
    found = stages_of(events)
    assert {n: s.state for n, s in found.items() if s.state is not StageState.PENDING} == {
        "ingest": StageState.DONE,
        "augment": StageState.FAILED,
    }
    assert "augment" not in stages_of(events, PLAIN)


def test_spans_that_were_reused_are_told_of_a_stage_that_ran_and_not_of_a_cached_one(run):
    run.done("statistics", statistics={"reused": [5, 6]})
    (run.folder / "inspect_data" / "findings" / "document.json").write_text(
        json.dumps({"evidence": evidence(), "findings": [], "reused": [5]})
    )
    record = run.record()
    assert {s.name: s.spans_reused for s in record.stages if s.spans_reused} == {
        "statistics": [5, 6],
        "inspect_data": [5],
    }
    assert reused(record) == ["statistics of spans 5 to 6", "counts of span 5"]
    run.events.append(run.events[-1].model_copy(update={"state": "cached"}))
    assert reused(run.record()) == ["statistics", "counts of span 5"]


def test_blocked_by_augmentation_the_data_stay_as_judged(run):
    run.done("augment", audit=AUDIT)
    judged = finding("augmentation_destroys", "warn", "augment")
    run.blocked("augmentation_ok", ONE_SIDED, judged)
    record = run.record()
    assert codes(record) == [*DATA, ("augmentation_one_sided", "block"), ("augmentation_destroys", "warn")]
    assert (record.status, record.exit_code, record.failed_stage) == (Status.BLOCKED, 3, None)
    states = {s.name: s.state for s in record.stages}
    assert (states["augment"], states["augmentation_ok"]) == (StageState.DONE, StageState.BLOCKED)
    assert states["trainer"] is StageState.PENDING
    assert Path(next(s for s in record.stages if s.name == "augment").artifacts["audit"]).is_dir()


def test_augmentation_that_passed_is_told_as_judged(run):
    run.done("augment", audit=AUDIT)
    run.done("augmentation_ok", accepted={"audit": {}, "judged": plain(finding("augmentation_one_sided", "warn"))})
    assert codes(run.record()) == [*DATA, ("augmentation_one_sided", "warn")]


def test_augmentation_that_was_not_judged_yet_is_told_as_found(run):
    run.done("augment", audit=AUDIT)
    assert codes(run.record()) == [*DATA, ("augmentation_one_sided", "block"), ("augmentation_destroys", "ok")]


def test_blocked_by_the_data_nothing_was_learned(tmp_path):
    made = Run(tmp_path)
    made.done("inspect_data", findings={"evidence": evidence(), "findings": plain(finding("row_count", "block"))})
    made.blocked("require_ok", finding("row_count", "block"))
    record = made.record()
    assert codes(record) == [("row_count", "block")]
    assert record.learned == []
    assert record.status is Status.BLOCKED


def test_a_graph_that_was_cleared_away_is_no_failure(run):
    (run.folder / "transform/transform_graph/transform_fn/assets/learned").unlink()
    assert run.record().learned == []
    assert codes(run.record()) == DATA[:2]


def test_what_was_learned_is_in_the_record(run):
    (feature,) = run.record().learned
    assert (feature.name, feature.fill, feature.findings[0].code) == ("fare", 0, "misleading_fill")


def test_a_model_that_was_rolled_back_is_not_blessed_and_says_why(run):
    run.done("judge_model", gates={"evidence": factories.evaluation().model_dump(mode="json"), "findings": []})
    withheld = finding("rolled_back", "block", "pusher")
    run.done("pusher", pushed_model={"pushed": None, "findings": plain(withheld)})
    run.events.append(Event(kind="end"))
    record = run.record()
    assert (record.status, record.exit_code) == (Status.NOT_BLESSED, 4)
    assert codes(record) == [*DATA, ("rolled_back", "block")]


def test_a_champion_is_called_by_the_version_that_is_served(run):
    model = run.folder / "model"
    model.mkdir()
    (model / "saved_model.pb").write_text("graph")
    for digest in ("one", "two"):
        push(str(model), str(run.folder / "serving"), digest, "run")
    note = {"id": "x", "when": "2026-11-25T01:50:00+00:00", "who": "ada", "reason": None}
    roll_back(str(run.folder / "serving"), 1, note)
    evaluation = factories.evaluation().model_copy(update={"champion": "one"})
    run.done("judge_model", gates={"evidence": evaluation.model_dump(mode="json"), "findings": []})
    record = run.record()
    assert record.champion == record.evaluation.champion == "version 3, a copy of version 1"

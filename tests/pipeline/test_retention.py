"""`retrain gc`: what goes, what stays whatever the numbers, and that a killed one leaves nothing that looks whole."""

import json
import os

import pytest

from components.rollback import roll_back
from components.served import push, versions
from pipeline.cli import main
from pipeline.retention import carry_out, plan
from pipeline.workspace import Workspace
from schemas.config import Retention
from schemas.run_record import Stage, StageState
from tests import factories

CONFIG = 'name: taxi\ndata: {source: {csv: "span-{SPAN}/*.csv"}, label: y}\n'


@pytest.fixture
def workspace(tmp_path):
    """Six runs on six spans: each made examples of its own and a version, the last two share a cached artifact."""
    (tmp_path / "retrain.yaml").write_text(CONFIG)
    place = Workspace.for_config(tmp_path / "retrain.yaml")
    serving = place.serving("taxi")
    for i in range(1, 7):
        run = f"2026110{i}-030000-s{i}-aaaa"
        made = place.artifacts / "taxi" / "ingest" / "examples" / str(min(i, 5))
        accepted = place.artifacts / "taxi" / "require_ok" / "accepted" / str(i)
        for folder in (made, accepted, place.run_folder(run)):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "file").write_bytes(b"x" * 1000)
        model = tmp_path / "model"
        model.mkdir(exist_ok=True)
        (model / "saved_model.pb").write_text(str(i))
        push(str(model), str(serving), f"digest {i}", run)
        stages = [Stage(name="ingest", state=StageState.DONE, seconds=1.0, artifacts={"examples": str(made)})]
        place.save_record(factories.pushed(run_id=run, stages=stages, window=[i]))
    return place


def names(folder):
    return sorted(p.name for p in folder.iterdir())


def tidy(workspace, runs, kept):
    found = plan(workspace, "taxi", workspace.serving("taxi"), Retention(runs=runs, versions=kept))
    carry_out(found)
    return found


def test_the_newest_stay_with_what_their_records_point_to(workspace):
    found = tidy(workspace, 2, 1)
    assert [i[:8] for i in workspace.run_ids()] == ["20261106", "20261105"]
    assert names(workspace.artifacts / "taxi" / "ingest" / "examples") == ["5"]
    assert list(versions(str(workspace.serving("taxi")))) == [6]
    assert found.versions == {6: "served"}
    assert all(os.path.exists(a) for r in workspace.records() for s in r.stages for a in s.artifacts.values())


def test_the_run_that_made_a_kept_version_stays_with_its_artifacts(workspace):
    tidy(workspace, 1, 4)
    assert [i[:8] for i in workspace.run_ids()] == ["20261106", "20261105", "20261104", "20261103"]
    assert names(workspace.artifacts / "taxi" / "ingest" / "examples") == ["3", "4", "5"]


def test_what_later_runs_look_up_stays(workspace):
    tidy(workspace, 1, 1)
    assert names(workspace.artifacts / "taxi" / "require_ok" / "accepted") == list("123456")


def test_a_model_that_was_rolled_back_stays_withdrawn(workspace):
    serving = str(workspace.serving("taxi"))
    note = {"id": "back", "when": "2026-11-07T00:00:00+00:00", "who": "me", "reason": None}
    roll_back(serving, 5, note)
    model = workspace.root.parent / "model"
    push(str(model), serving, "digest 8", "20261108-030000-s8-aaaa")
    tidy(workspace, 1, 1)
    assert list(versions(serving)) == [7, 8]


def test_what_is_remembered_of_a_span_goes_with_the_last_run_that_used_it(workspace):
    for span in (5, 6, 40):
        folder = workspace.remembered("taxi") / str(span)
        folder.mkdir(parents=True)
        (folder / "a").write_text("counts")
    tidy(workspace, 1, 1)
    assert names(workspace.remembered("taxi")) == ["6"]


def test_other_pipelines_and_running_runs_are_left_alone(workspace):
    other = workspace.artifacts / "other" / "ingest" / "examples" / "1"
    other.mkdir(parents=True)
    strange = factories.pushed(run_id="20261101-040000-s1-bbbb", name="other")
    workspace.run_folder(strange.run_id).mkdir()
    workspace.save_record(strange)
    tidy(workspace, 1, 1)
    assert other.exists()
    assert strange.run_id in workspace.run_ids()


def test_a_record_that_cannot_be_read_saves_all_artifacts(workspace):
    (workspace.runs / "20261101-030000-s1-aaaa" / "run.json").write_text("{")
    found = tidy(workspace, 1, 1)
    assert not [d for d in found.doomed if d.kind == "artifact"]
    assert names(workspace.artifacts / "taxi" / "ingest" / "examples") == list("12345")
    assert "20261101-030000-s1-aaaa" in workspace.run_ids()


def test_a_killed_one_leaves_nothing_that_looks_whole_and_the_next_one_ends_it(workspace, monkeypatch):
    found = plan(workspace, "taxi", workspace.serving("taxi"), Retention(runs=1, versions=1))
    with monkeypatch.context() as patched:
        patched.setattr("pipeline.retention.shutil.rmtree", lambda path: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            carry_out(found)
    assert len(workspace.run_ids()) == 1
    assert list(versions(str(workspace.serving("taxi")))) == [6]
    assert tidy(workspace, 1, 1).doomed
    assert not list(workspace.root.rglob(".gc-*"))


def test_dry_run_removes_nothing_and_says_what_would_go(workspace, capsys):
    before = sorted(workspace.root.rglob("*"))
    words = ["gc", str(workspace.root.parent / "retrain.yaml"), "--keep-runs", "2", "--keep-versions", "1"]
    assert main([*words, "--dry-run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [p for p in sorted(workspace.root.rglob("*")) if "locks" not in str(p)] == [
        p for p in before if "locks" not in str(p)
    ]
    assert {r["kind"] for r in told["removed"]} == {"run", "version", "artifact"}
    assert told["bytes"] > 4000
    assert main(words) == 0
    said = capsys.readouterr().out
    assert said.startswith("Removed 5 versions, 4 runs, 4 artifacts: ")
    assert said.endswith("2 runs and 1 version stay.\n")
    assert main(words) == 0
    assert capsys.readouterr().out == "Nothing to remove; 2 runs and 1 version stay.\n"


def test_it_waits_for_nobody(workspace, capsys):
    with workspace.lock("20261106-030000-s6-aaaa"):
        assert main(["gc", str(workspace.root.parent / "retrain.yaml")]) == 5

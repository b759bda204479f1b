"""Workspace: paths, records that survive, runs that are found, and one run at a time."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from pipeline.errors import LockHeld, UsageError
from pipeline.workspace import BadRecord, Workspace, new_run_id
from schemas.run_record import Epoch, RunRecord, Status
from tests import factories

ROOT = Path(__file__).resolve().parents[2]
HOLD = """
import sys, time
from pathlib import Path
from pipeline.workspace import Workspace
lock = Workspace(Path(sys.argv[1])).lock("the-run")
print("held", flush=True)
time.sleep(60)
"""
PARENT = """
import subprocess, sys, time
from pathlib import Path
from pipeline.workspace import Workspace
lock = Workspace(Path(sys.argv[1])).lock("the-run", inheritable=True)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], close_fds=False)
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / ".retrain")


def start(code: str, workspace: Workspace) -> tuple[subprocess.Popen[str], str]:
    """A real process, and the first line that it writes."""
    command = [sys.executable, "-c", code, str(workspace.root)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def free_within(workspace: Workspace, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while workspace.lock_holder() is not None and time.monotonic() < until:
        time.sleep(0.02)
    return workspace.lock_holder() is None


def test_the_workspace_is_beside_the_configuration_unless_told(tmp_path: Path) -> None:
    config = tmp_path / "taxi.yaml"
    assert Workspace.for_config(config).root == tmp_path / ".retrain"
    assert Workspace.for_config(config, tmp_path / "w").root == tmp_path / "w"


def test_paths(tmp_path: Path) -> None:
    w = Workspace(tmp_path)
    paths = [w.artifacts, w.metadata, w.record_path("r"), w.report_path("r"), w.log_path("r"), w.events_path("r")]
    names = [
        "artifacts",
        "metadata.db",
        *(f"runs/r/{n}" for n in ("run.json", "report.html", "log.txt", "events.jsonl")),
    ]
    assert [str(p.relative_to(tmp_path)) for p in paths] == names
    assert w.serving("taxi") == tmp_path / "serving" / "taxi"
    assert w.serving("taxi", "/srv/models") == Path("/srv/models/taxi")


def test_run_ids_sort_by_time_and_differ() -> None:
    now = datetime(2026, 11, 24, 4, 31, 40, tzinfo=timezone.utc)
    first, second = new_run_id(now, 8), new_run_id(now + timedelta(seconds=1), 1)
    assert first.startswith("20261124-043140-s8-")
    assert first < second
    assert new_run_id(now, None).startswith("20261124-043140-")
    assert len({new_run_id(now, 8) for _ in range(20)}) > 1


def test_run_ids_are_in_utc() -> None:
    east = timezone(timedelta(hours=3))
    assert new_run_id(datetime(2026, 11, 24, 1, 0, tzinfo=east), 8).startswith("20261123-220000-")


@pytest.mark.parametrize("make", factories.ENDINGS.values(), ids=[s.value for s in factories.ENDINGS])
def test_a_record_comes_back_as_it_was(workspace: Workspace, make: type[RunRecord]) -> None:
    record = make()
    workspace.save_record(record)
    assert workspace.load_record(record.run_id) == record


def test_a_diverged_run_comes_back_and_is_valid_json(workspace: Workspace) -> None:
    training = factories.training()
    training.epochs.append(Epoch(epoch=15, loss=float("nan"), val_loss=float("inf")))
    path = workspace.save_record(factories.record(training=training))
    json.loads(path.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    loaded = workspace.load_record(factories.record().run_id).training
    assert loaded is not None
    assert loaded.epochs[-1].loss != loaded.epochs[-1].loss
    assert loaded.epochs[-1].val_loss == float("inf")


def test_a_save_that_fails_leaves_the_old_record_and_no_rest(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = factories.record()
    path = workspace.save_record(record)
    before = path.read_bytes()

    def full_disk(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        workspace.save_record(factories.failed())
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == ["run.json"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "not valid JSON"),
        ('{"record_version": 2}', "record version 2"),
        ("[]", "record version None"),
        ('{"record_version": 1}', "run_id: Field required"),
        (None, "has no run.json"),
    ],
)
def test_an_unreadable_record_is_listed_as_a_problem(workspace: Workspace, text: str | None, problem: str) -> None:
    good = factories.record()
    workspace.save_record(good)
    folder = workspace.run_folder("20260101-000000-s1-0000")
    folder.mkdir()
    if text is not None:
        (folder / "run.json").write_text(text)
    newest, bad = workspace.records()
    assert newest == good
    assert isinstance(bad, BadRecord)
    assert problem in bad.problem
    with pytest.raises(UsageError, match="20260101-000000-s1-0000"):
        workspace.load_record(folder.name)


def test_records_are_newest_first_and_can_be_limited_and_filtered(workspace: Workspace) -> None:
    for run_id, name in (("20260101-a", "taxi"), ("20260103-c", "digits"), ("20260102-b", "taxi")):
        workspace.save_record(factories.record(run_id=run_id, name=name))
    assert [r.run_id for r in workspace.records()] == ["20260103-c", "20260102-b", "20260101-a"]
    assert [r.run_id for r in workspace.records(limit=1, name="taxi")] == ["20260102-b"]
    assert workspace.find("latest") == "20260103-c"
    assert workspace.find("latest", name="taxi") == "20260102-b"


def test_no_workspace_means_no_runs(workspace: Workspace) -> None:
    assert workspace.records() == []
    with pytest.raises(UsageError, match="no runs in"):
        workspace.find("latest")


def test_find_by_id_and_unique_prefix(workspace: Workspace) -> None:
    for run_id in ("20260101-a", "20260101-ab", "20260102-c"):
        workspace.save_record(factories.record(run_id=run_id))
    assert workspace.find("20260102") == "20260102-c"
    # A whole id is meant even when it is the beginning of another one.
    assert workspace.find("20260101-a") == "20260101-a"


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ("2026", ["3 runs begin with it", "20260102-c", "20260101-ab", "20260101-a"]),
        ("20260102-d", ["no such run", "20260102-c"]),
        ("", ["no such run"]),
        ("../..", ["no such run"]),
    ],
)
def test_what_is_not_found_or_ambiguous_says_what_there_is(workspace: Workspace, run: str, words: list[str]) -> None:
    for run_id in ("20260101-a", "20260101-ab", "20260102-c"):
        workspace.save_record(factories.record(run_id=run_id))
    with pytest.raises(UsageError) as caught:
        workspace.find(run)
    assert all(word in caught.value.problems[0] for word in words)


def test_a_second_process_is_told_who_holds_the_lock_at_once(workspace: Workspace) -> None:
    process, _ = start(HOLD, workspace)
    try:
        began = time.monotonic()
        with pytest.raises(LockHeld) as caught:
            workspace.lock("mine")
        assert time.monotonic() - began < 1
        assert (caught.value.pid, caught.value.run_id) == (process.pid, "the-run")
        assert caught.value.since is not None
        assert "the-run" in str(caught.value)
    finally:
        process.kill()
        process.wait()


def test_a_killed_process_loses_the_lock(workspace: Workspace) -> None:
    process, _ = start(HOLD, workspace)
    assert workspace.lock_holder() is not None
    process.send_signal(signal.SIGKILL)
    process.wait()
    with workspace.lock("mine"):
        note = workspace.lock_holder()
        assert note is not None
        assert note.run_id == "mine"
    assert workspace.lock_holder() is None


def test_an_inherited_lock_is_held_until_the_child_is_gone(workspace: Workspace) -> None:
    process, line = start(PARENT, workspace)
    child = int(line)
    try:
        process.send_signal(signal.SIGKILL)
        process.wait()
        with pytest.raises(LockHeld):
            workspace.lock("mine")
    finally:
        os.kill(child, signal.SIGKILL)
    assert free_within(workspace, 5)


def test_releasing_twice_is_fine_and_looking_does_not_disturb(workspace: Workspace) -> None:
    assert workspace.lock_holder() is None
    lock = workspace.lock("a")
    lock.release()
    lock.release()
    assert workspace.lock_holder() is None
    workspace.lock("b").release()


def test_a_run_that_runs_without_the_lock_was_interrupted(workspace: Workspace) -> None:
    record = factories.interrupted(status=Status.RUNNING, exit_code=0)
    workspace.save_record(record)
    found = workspace.load_record(record.run_id)
    assert (found.status, found.exit_code) == (Status.INTERRUPTED, 1)
    with workspace.lock(record.run_id):
        assert workspace.load_record(record.run_id).status is Status.RUNNING
    with workspace.lock("another"):
        assert workspace.load_record(record.run_id).status is Status.INTERRUPTED


@pytest.mark.parametrize("back", [timedelta(0), timedelta(hours=1), timedelta(days=400)])
def test_a_clock_that_was_put_back_does_not_put_the_newest_run_first(back):
    now = datetime(2026, 11, 24, 4, 31, 40, tzinfo=timezone.utc)
    newest = new_run_id(now, 8)
    for _ in range(3):
        later = new_run_id(now - back, 9, newest)
        assert later > newest
        newest = later
    assert new_run_id(now + timedelta(days=1), 9, newest).startswith("20261125-043140-s9-")
    assert new_run_id(now, 9, "made by hand").startswith("20261124-043140-s9-")

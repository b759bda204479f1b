"""The fault campaign: one workspace lives through one accident after another. After each, nothing is lost or half there, the served
model answers, the next run succeeds without a hand on it, and the record says what happened.

`make test` runs some of the cases, `make test-faults` all of them.
"""

import contextlib
import csv
import json
import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from components.served import identity, manifest, versions
from pipeline.workspace import Workspace
from schemas.run_record import RunRecord, Status
from tests.e2e.conftest import ROOT, Project, environment, make_project, retrain
from tests.e2e.test_bad_runs import RETRAIN, worker_gone

pytestmark = pytest.mark.e2e

STAGES = (
    *("ingest", "statistics", "schema", "example_validator", "inspect_data", "require_ok", "transform", "trainer"),
    *("evaluator", "judge_model", "pusher"),
)
#: A model of few epochs is what it is: here no gate decides.
ANY_MODEL = "evaluate.gates={metric_floor: {auc: 0.0}}"
SHORT = {("trainer", "worker"), ("pusher", "parent")}
DRAWN = random.Random(7)
#: Shares of the time that an undisturbed run takes, so that all of a run is met on any machine.
MOMENTS = [round(DRAWN.uniform(0.01, 0.99), 3) for _ in range(25)]


def always(*values):
    """A case that `make test` runs, too."""
    return pytest.param(*values)


def campaign(*values):
    """A case of the whole campaign only."""
    return pytest.param(*values, marks=pytest.mark.faults)


class World:
    """A project whose first model is served, and what must never be lost of it."""

    def __init__(self, project: Project):
        self.project, self.seed, self.seconds = project, 100, 0.0
        self.place = Workspace(project.workspace)
        self.serving = self.place.serving("taxi")

    def words(self, *more):
        """Small runs, each of which has something to train: a seed of its own."""
        settings = (
            f"train.seed={self.seed}",
            "train.epochs=60",
            "train.learning_rate=0.01",
            "evaluate.bootstrap=100",
            "data.window.last_spans=1",
            ANY_MODEL,
        )
        return ["--span", "8", *(w for s in settings for w in ("--override", s)), *more]

    def next(self):
        self.seed += 1

    def start(self, *more):
        return subprocess.Popen(
            [*RETRAIN, "run", str(self.project.config), *self.words(*more)],
            cwd=ROOT,
            env=environment(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def run(self, *more):
        return self.project.run(*self.words(*more))

    def newest(self) -> RunRecord:
        (record,) = self.place.records(1)
        assert isinstance(record, RunRecord), record
        return record

    def snapshot(self):
        """Digests of all versions, and the ids of all runs."""
        return {n: content(folder) for n, folder in versions(str(self.serving)).items()}, self.place.run_ids()

    def check(self, before):
        """Versions and records of before are as they were; a version that came is whole."""
        old_versions, old_runs = before
        now = {n: content(folder) for n, folder in versions(str(self.serving)).items()}
        assert {n: now.get(n) for n in old_versions} == old_versions
        assert set(old_runs) <= set(self.place.run_ids())
        assert all(isinstance(r, RunRecord) for r in self.place.records()), self.place.records()
        for folder in versions(str(self.serving)).values():
            assert manifest(folder)["digest"] == identity(folder)
            assert Path(folder, "variables", "variables.index").exists()

    def recover(self):
        """The next run, as a scheduler would start it: it succeeds by itself."""
        done = self.run()
        assert done.code == 0, done.err
        assert done.json["status"] in ("pushed", "nothing_new")
        assert not [p.name for p in self.serving.iterdir() if not p.name.isdigit()]
        assert not list((self.place.root / "tmp").glob("*"))
        return done


def content(folder):
    """Names and bytes of a version; its card comes after the push and may be added."""
    found = {}
    for path in sorted(Path(folder).rglob("*")):
        if path.is_file() and path.name != "model_card.md":
            found[str(path.relative_to(folder))] = hash(path.read_bytes())
    return found


@pytest.fixture(scope="module")
def world(tmp_path_factory, taxi):
    made = World(make_project(tmp_path_factory.mktemp("campaign") / "p", taxi, spans=[8]))
    began = time.monotonic()
    first = made.run()
    made.seconds = time.monotonic() - began
    assert first.code == 0, first.err
    return made


@pytest.fixture
def fresh(world):
    """The same world, with something new to do."""
    world.next()
    return world


def wait_until(world, known, stage, seconds=300):
    """Waits until a new run reports the stage as begun."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for run in set(world.place.run_ids()) - set(known):
            path = world.place.events_path(run)
            with contextlib.suppress(OSError, ValueError):
                events = [json.loads(line) for line in path.read_text().splitlines() if line.endswith("}")]
                if any(e["kind"] == "stage" and e["stage"] == stage for e in events):
                    return
        time.sleep(0.01)
    raise TimeoutError(stage)


def worker_of(process):
    """The worker process of a run."""
    for _ in range(200):
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if children:
            return int(children[0])
        time.sleep(0.02)
    raise TimeoutError("no worker")


def end(world, process):
    """Waits until nothing of a run is at work any more: the worker holds the lock until it is gone."""
    process.wait(timeout=300)
    assert worker_gone(world.project)
    for _ in range(400):
        if world.place.lock_holder() is None:
            return
        time.sleep(0.05)
    raise TimeoutError("the lock is still held")


@pytest.mark.parametrize(
    ("stage", "who"),
    [
        always(stage, who) if (stage, who) in SHORT else campaign(stage, who)
        for stage in STAGES
        for who in ("parent", "worker")
    ],
)
def test_killed_in_a_stage(fresh, stage, who):
    before = fresh.snapshot()
    process = fresh.start("--no-cache")
    wait_until(fresh, before[1], stage)
    time.sleep(random.Random(stage + who).uniform(0, 0.2))
    with contextlib.suppress(ProcessLookupError, FileNotFoundError):
        os.kill(process.pid if who == "parent" else worker_of(process), signal.SIGKILL)
    end(fresh, process)
    fresh.check(before)
    told = fresh.newest()
    assert told.status in (Status.INTERRUPTED, Status.FAILED, Status.PUSHED)
    if told.status is Status.FAILED:
        assert "SIGKILL" in told.error
    fresh.recover()
    fresh.check(before)


@pytest.mark.parametrize("moment", [always(MOMENTS[0]), *map(campaign, MOMENTS[1:])])
def test_killed_at_a_random_moment(fresh, moment):
    before = fresh.snapshot()
    process = fresh.start("--no-cache")
    time.sleep(moment * fresh.seconds)
    process.kill()
    end(fresh, process)
    fresh.check(before)
    fresh.recover()
    fresh.check(before)


@contextlib.contextmanager
def mounted(folder, *options):
    """A small file system of its own at a folder; needs root."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)], capture_output=True, check=False)
    if done.returncode:
        pytest.skip("mounting needs root and the right to mount")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def elsewhere(world, root):
    """The same world with its workspace in another folder."""
    shutil.copytree(world.place.root, root, symlinks=True, dirs_exist_ok=True)
    other = World(world.project)
    other.seed, other.place, other.serving = world.seed, Workspace(root), Workspace(root).serving("taxi")
    other.words = lambda *more: [*World.words(other, *more), "--workspace", str(root)]
    return other


@pytest.mark.parametrize("room", [campaign(1), campaign(4)])
def test_a_full_disk(fresh, tmp_path, room):
    root = tmp_path / "small"
    size = sum(p.stat().st_size for p in fresh.place.root.rglob("*") if p.is_file())
    with mounted(root, "-o", f"size={size // 1_000_000 * 2 + 40 + room}m"):
        other = elsewhere(fresh, root)
        free = shutil.disk_usage(root).free
        filler = root / "filler"
        filler.write_bytes(b"\0" * max(0, free - room * 300_000))
        before = other.snapshot()
        done = other.run("--no-cache")
        assert done.code in (1, 2), done.out
        told = done.err + done.out  # the second is SQLite's, when the room ends in ML Metadata
        assert "No space left" in told or "disk is full" in told, told[-3000:]
        other.check(before)
        filler.unlink()
        other.recover()
        other.check(before)


@pytest.mark.faults
def test_a_workspace_that_cannot_be_written(fresh, tmp_path):
    root = tmp_path / "frozen"
    with mounted(root):
        other = elsewhere(fresh, root)
        before = other.snapshot()
        subprocess.run(["mount", "-o", "remount,ro", str(root)], check=True)
        done = other.run()
        assert done.code in (1, 2), done.out
        assert "Read-only file system" in done.err
        assert "Traceback" not in done.err
        other.check(before)
        subprocess.run(["mount", "-o", "remount,rw", str(root)], check=True)
        other.recover()


@pytest.mark.parametrize("damage", [always("cut"), campaign("head"), campaign("gone")])
def test_metadata_that_are_broken(fresh, damage):
    before, path = fresh.snapshot(), fresh.place.metadata
    whole = path.read_bytes()
    artifacts = {p: p.stat().st_mtime_ns for p in fresh.place.artifacts.rglob("*") if p.is_file()}
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(whole[: len(whole) // 3] if damage == "cut" else b"\0" * 600 + whole[600:])
    done = fresh.recover()
    fresh.check(before)
    assert {p: p.stat().st_mtime_ns for p in artifacts} == artifacts
    if damage != "gone":
        assert "metadata_reset" in {f["code"] for f in done.json["findings"]}


@pytest.mark.parametrize(
    ("stage", "output"),
    [always("ingest", "examples"), campaign("statistics", "statistics"), campaign("schema", "schema")],
)
def test_what_a_stage_left_is_cut_off(fresh, stage, output):
    before = fresh.snapshot()
    (left,) = [s.artifacts[output] for s in fresh.newest().stages if s.name == stage]
    victim = max((p for p in Path(left).rglob("*") if p.is_file()), key=lambda p: p.stat().st_size)
    victim.write_bytes(victim.read_bytes()[: victim.stat().st_size // 2])
    done = fresh.recover()
    assert done.states[stage] == "done"
    assert (stage, "artifact_damaged") in {(f["stage"], f["code"]) for f in done.json["findings"]}
    fresh.check(before)


@pytest.mark.faults
def test_a_record_that_is_broken(fresh):
    victim = fresh.place.record_path(fresh.place.run_ids()[-1])
    whole = victim.read_bytes()
    try:
        victim.write_bytes(whole[: len(whole) // 2])
        assert fresh.run().code == 0
        listed = retrain("runs", fresh.project.config, "--limit", 0)
        assert listed.code == 0
        assert "Traceback" not in listed.err
    finally:
        victim.write_bytes(whole)


@pytest.mark.faults
def test_the_clock_is_put_back(fresh):
    before = fresh.snapshot()
    newest = before[1][0]
    ahead = fresh.place.run_folder("2099" + newest[4:])
    shutil.copytree(fresh.place.run_folder(newest), ahead)
    text = fresh.place.record_path(newest).read_text().replace(newest, ahead.name)
    (ahead / "run.json").write_text(text)
    done = fresh.recover()
    assert done.json["run_id"] == fresh.place.run_ids()[0]
    assert retrain("show", "latest", "--config", fresh.project.config, "--json").json["run_id"] == done.json["run_id"]


@pytest.mark.faults
def test_data_that_change_while_they_are_read(fresh):
    before, path = fresh.snapshot(), fresh.project.span(8)
    whole = path.read_bytes()
    try:
        process = fresh.start("--no-cache")
        wait_until(fresh, before[1], "ingest")
        lines = whole.decode().splitlines(keepends=True)
        path.write_text("".join(lines[:1] + lines[200:]))
        process.wait(timeout=300)
        fresh.check(before)
        told = fresh.newest()
        assert told.status in (Status.BLOCKED, Status.FAILED, Status.PUSHED, Status.NOT_BLESSED)
        if told.status is Status.PUSHED:
            assert sum(sum(c.values()) for c in told.data.newest.labels.values()) in (len(lines) - 1, len(lines) - 200)
    finally:
        path.write_bytes(whole)
    fresh.recover()


@pytest.mark.faults
def test_a_file_that_is_cut_off(fresh):
    before, path = fresh.snapshot(), fresh.project.span(8)
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[: int(len(whole) * 0.6)])
        done = fresh.run()
        assert done.code in (0, 3, 4), done.err
        fresh.check(before)
    finally:
        path.write_bytes(whole)
    fresh.recover()


@pytest.mark.faults
def test_two_at_once(fresh):
    before = fresh.snapshot()
    both = [fresh.start(), fresh.start()]
    codes = sorted(p.wait(timeout=300) for p in both)
    assert codes == [0, 5]
    fresh.check(before)
    fresh.recover()


def test_in_the_end_the_served_model_answers(world, tmp_path):
    """After all that was run of the campaign."""
    source = world.project.span(8)
    done = retrain("predict", world.project.config, "--input", source, "--output", tmp_path / "out.csv")
    assert done.code == 0, done.err
    with open(source, newline="") as given, open(tmp_path / "out.csv", newline="") as answered:
        assert len(list(csv.reader(given))) == len(list(csv.reader(answered)))

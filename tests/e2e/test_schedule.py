"""`retrain schedule` as a user starts it: spans arrive one by one, the scheduler is killed in a run, and started again.

One life of a schedule is shared by all tests here.
"""

import signal
import subprocess
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from pipeline.workspace import Workspace
from tests.e2e.conftest import ROOT, environment, make_project, read_rows, retrain, write_rows
from tests.e2e.test_bad_runs import RETRAIN

pytestmark = pytest.mark.e2e

#: Longest time that anything may take, seconds.
PATIENCE = 300
SCHEDULE = "schedule: {on_new_data: {settle: 1h, poll: 1s, marker: _SUCCESS}, retries: {times: 2, backoff: 1s}}\n"


class Scheduler:
    """The command, and what its status says."""

    def __init__(self, project):
        self.config, self.log = project.config, project.folder / "scheduler.txt"
        with self.log.open("a") as out:
            self.process = subprocess.Popen(
                [*RETRAIN, "schedule", str(self.config)], cwd=ROOT, env=environment(), stdout=out, stderr=out
            )

    def status(self):
        return retrain("schedule", self.config, "status", "--json").json

    def wait(self, what, wanted):
        """The status once it is as wanted."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            status = self.status()
            if status["state"] and wanted(status["state"]):
                return status
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.5)
        raise AssertionError(f"{what} did not happen: {self.log.read_text()[-3000:]}")

    def end(self, number):
        self.process.send_signal(number)
        return self.process.wait(60)


def arrive(project, taxi, span):
    """A span, and then the marker that says it is whole."""
    rows = read_rows(taxi / f"span-{span}" / "trips.csv")
    write_rows(project.span(span), rows)
    (project.span(span).parent / "_SUCCESS").touch()


def gone(pid, seconds=30):
    """Whether a process ends by itself; one that nobody has reaped counts as ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state == "Z":
            return True
        time.sleep(0.2)
    return False


def ends(state, status=None):
    return [o for o in state["history"] if status in (None, o["status"])]


@pytest.fixture(scope="module")
def life(tmp_path_factory, taxi):
    """What the status said after each event."""
    project = make_project(tmp_path_factory.mktemp("scheduled"), taxi, spans=())
    (project.folder / "data").mkdir()
    text = project.config.read_text(encoding="utf-8")
    project.config.write_text(text + SCHEDULE, encoding="utf-8")
    seen = SimpleNamespace(project=project)
    one = Scheduler(project)
    try:
        one.wait("its start", lambda s: "cron" in s["ticks"])
        write_rows(project.span(7), read_rows(taxi / "span-7" / "trips.csv"))
        time.sleep(4)
        seen.unmarked = one.status()
        seen.second = retrain("schedule", project.config)
        (project.span(7).parent / "_SUCCESS").touch()
        seen.first = one.wait("span 7", ends)
        arrive(project, taxi, 8)
        running = one.wait("the run of span 8", lambda s: s["running"] and s["running"]["pid"])
        time.sleep(3)
        one.end(signal.SIGKILL)
        seen.killed = retrain("schedule", project.config, "status", "--json").json
        seen.gone = gone(running["state"]["running"]["pid"])
        one = Scheduler(project)
        seen.again = one.wait("span 8 again", lambda s: len(ends(s)) == 3)
        seen.paused = retrain("schedule", project.config, "pause", "--reason", "holiday", "--json").json
        rows = read_rows(taxi / "span-9" / "trips.csv")
        write_rows(project.span(9), [{**r, "fare": ""} if i % 5 < 2 else r for i, r in enumerate(rows)])
        (project.span(9).parent / "_SUCCESS").touch()
        time.sleep(4)
        seen.in_pause = one.status()
        retrain("schedule", project.config, "resume")
        seen.blocked = one.wait("span 9", lambda s: len(ends(s)) == 4)
        seen.code = one.end(signal.SIGTERM)
        seen.after = retrain("schedule", project.config, "status", "--json").json
    finally:
        one.process.kill()
        one.process.wait()
    return seen


def test_a_span_without_its_marker_starts_nothing(life):
    assert life.unmarked["state"]["running"] is None
    assert life.unmarked["state"]["history"] == []


def test_a_second_scheduler_is_refused(life):
    assert life.second.code == 5
    assert life.second.out == ""


def test_the_first_span_is_pushed(life):
    (outcome,) = ends(life.first["state"])
    assert (outcome["status"], outcome["span"], outcome["trigger"]) == ("pushed", 7, "new_data")


def test_a_kill_leaves_a_state_that_knows_the_run(life):
    assert life.killed["scheduler"] is None
    assert life.killed["state"]["running"]["due"]["span"] == 8
    assert len(life.killed["state"]["history"]) == 1
    assert life.gone


def test_the_run_that_was_cut_off_is_made_up_for(life):
    cut, made = ends(life.again["state"])[1:]
    assert (cut["status"], cut["span"]) == ("interrupted", 8)
    assert (made["trigger"], made["span"], made["attempt"]) == ("restart", 8, 1)
    assert made["status"] in ("pushed", "not_blessed")


def test_a_pause_holds_new_data_back(life):
    assert life.paused["paused"]
    assert life.in_pause["pause"]["reason"] == "holiday"
    assert life.in_pause["state"]["running"] is None
    assert len(ends(life.in_pause["state"])) == 3


def test_bad_data_are_blocked_and_not_tried_again(life):
    outcome = ends(life.blocked["state"])[-1]
    assert (outcome["status"], outcome["exit_code"], outcome["span"]) == ("blocked", 3, 9)
    assert life.blocked["state"]["retry"] is None
    assert "does not pass by itself" in " ".join(outcome["notes"])


def test_it_ends_well_and_the_record_has_every_run(life):
    assert life.code == 0
    assert life.after["state"]["running"] is None
    runs = {o["run_id"] for o in ends(life.after["state"]) if o["run_id"]}
    assert runs <= set(Workspace(life.project.workspace).run_ids())

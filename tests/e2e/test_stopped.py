"""`retrain run` that is asked to end, as systemd and container engines ask: its record says so, and nothing of it goes on.

Also as process 1 of a container, whose process namespace is made here; and a whole run there.
"""

import collections
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT, environment, make_project, retrain
from tests.e2e.test_bad_runs import RETRAIN, wait_for, worker_gone
from tests.pipeline.test_die_with_parent import ALONE, allowed

pytestmark = pytest.mark.e2e
needs_namespace = pytest.mark.skipif(not allowed(), reason="needs the right to make a process namespace")


def begin(project, before):
    """The run, and its process id as it is seen from here."""
    words = [*before, *RETRAIN, "run", str(project.config), "--span", "8"]
    process = subprocess.Popen(
        words, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    return process, int(child(process.pid)) if before else process.pid


def child(pid, seconds=20):
    """The only child of a process."""
    end = time.monotonic() + seconds
    while not (found := Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found[0]


@pytest.mark.parametrize("before", [[], pytest.param(ALONE, marks=needs_namespace)], ids=["alone", "as process 1"])
def test_sigterm_ends_a_run_with_its_record(tmp_path, taxi, before):
    project = make_project(tmp_path / "p", taxi, spans=[8])
    process, pid = begin(project, before)
    wait_for(project, "transform")
    os.kill(pid, signal.SIGTERM)
    _, told = process.communicate(timeout=60)
    assert (process.returncode, "interrupted before the end" in told) == (1, True)
    assert worker_gone(project)
    record = retrain("show", "latest", "--config", project.config, "--json").json
    assert (record["status"], record["error"]) == ("interrupted", "Ended by SIGTERM.")
    assert record["explanation"]["headline"].startswith("Interrupted in stage transform after ")
    states = {s["name"]: s["state"] for s in record["stages"]}
    assert (states["require_ok"], states["transform"], states["trainer"]) == ("done", "running", "pending")


@needs_namespace
def test_a_whole_run_as_process_1(tmp_path, taxi):
    project = make_project(tmp_path / "p", taxi, spans=[8])
    process, pid = begin(project, ALONE)
    seen = collections.Counter()
    while process.poll() is None:
        seen.update(p for p in descendants(pid) if state(p) == "Z")
        time.sleep(0.5)
    told = process.stderr.read()
    process.stderr.close()
    assert process.returncode == 0, told
    assert "Pushed version 1" in told
    # One that has just ended may be seen before its parent, which may be busy, has asked how; none stays.
    assert max(seen.values(), default=0) < 10, seen


def state(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return ""


def descendants(pid):
    """Process ids of a process' children, and theirs."""
    try:
        below = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="utf-8").split()
    except OSError:
        return []
    return [int(p) for p in below] + [q for p in below for q in descendants(int(p))]

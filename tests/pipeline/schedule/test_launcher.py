"""Real processes: a run that ends, crashes, hangs or never answers takes nothing else down, and leaves nothing behind."""

import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.schedule import launcher as launchers
from pipeline.schedule.daemon import Daemon
from pipeline.schedule.decision import Action
from pipeline.schedule.launcher import ProcessLauncher
from pipeline.schedule.request import Request
from pipeline.schedule.state import KEPT
from pipeline.workspace import Workspace
from tests.pipeline.schedule.fakes import CONFIG, Scheduled

RESULT = """
import json, sys
request = json.loads(sys.stdin.readline())
json.dump({"token": request["token"], "status": "pushed", "exit_code": 0, "headline": "Pushed."}, open(request["result"], "w"))
"""


class Quick(ProcessLauncher):
    """Starts what a test gives, in the place of a run."""

    def __init__(self, *words, warm=False):
        super().__init__(warm)
        self.words, self.started = words, []

    def _process(self):
        made = subprocess.Popen(self.words, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
        self.started.append(made)
        return made


def request(folder, **changes):
    values = {
        "config": folder / "c.yaml",
        "workspace": folder,
        "result": folder / "result.json",
        "token": "t",
        **changes,
    }
    return Request(**values)


def wait(launcher, seconds=20.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (result := launcher.poll()) is not None:
            return result
        time.sleep(0.005)
    raise AssertionError("the run did not end")


def test_a_result_comes_back(tmp_path):
    launcher = Quick(sys.executable, "-c", RESULT)
    launcher.start(request(tmp_path))
    result = wait(launcher)
    assert (result.status, result.headline) == ("pushed", "Pushed.")
    assert launcher.poll() is None


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("kill -SEGV $$", "was ended by SIGSEGV"),
        ("exit 3", "ended with exit code 3"),
        ("exec </dev/null; exit 0", "exit code 0"),
    ],
)
def test_a_run_without_a_result_has_failed(tmp_path, script, said):
    (tmp_path / "result.json").write_text('{"token": "of another", "status": "pushed", "exit_code": 0}')
    launcher = Quick("sh", "-c", script)
    launcher.start(request(tmp_path))
    result = wait(launcher)
    assert (result.status, result.exit_code) == ("failed", 1)
    assert said in result.headline


def test_a_run_that_ignores_sigterm_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(launchers, "GRACE_SECONDS", 0.3)
    launcher = Quick("sh", "-c", "trap '' TERM; read line; while :; do sleep 0.05; done")
    launcher.start(request(tmp_path))
    time.sleep(0.2)
    launcher.stop()
    assert "SIGKILL" in wait(launcher).headline


def test_a_run_that_outlives_its_time_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(launchers, "GRACE_SECONDS", 0.2)
    launcher = Quick("sh", "-c", "sleep 60")
    launcher.start(request(tmp_path, timeout=0.1))
    assert "SIGKILL" in wait(launcher).headline


def test_a_waiting_process_is_used_once_and_replaced_when_dead_or_old(tmp_path, monkeypatch):
    launcher = Quick(sys.executable, "-c", RESULT, warm=True)
    launcher.prepare()
    launcher.prepare()
    assert len(launcher.started) == 1
    assert launcher.start(request(tmp_path)) == launcher.started[0].pid
    wait(launcher)
    launcher.prepare()
    launcher.started[1].kill()
    launcher.started[1].wait()
    assert launcher.start(request(tmp_path)) == launcher.started[2].pid
    wait(launcher)
    launcher.prepare()
    monkeypatch.setattr(launchers, "_code", lambda: "newer")
    assert launcher.start(request(tmp_path)) == launcher.started[4].pid
    wait(launcher)
    launcher.close()
    assert all(p.poll() is not None for p in launcher.started)


def resident():
    """Resident memory of this process in kB, and its open files."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() // 1024, len(os.listdir("/proc/self/fd"))


def test_memory_of_the_parent_stays_flat_over_200_runs(tmp_path, monkeypatch):
    monkeypatch.setattr(launchers, "_code", lambda: "the same")
    launcher = Quick("sh", "-c", "read line; exit 1", warm=True)

    def runs(count):
        for _ in range(count):
            launcher.prepare()
            launcher.start(request(tmp_path))
            wait(launcher)
            launcher.started.clear()

    runs(20)
    before, files = resident()
    runs(200)
    after, files_after = resident()
    launcher.close()
    print(f"resident memory {before} kB before, {after} kB after 200 runs")
    assert after - before < 2048
    assert files_after == files


@pytest.mark.slow
def test_memory_of_the_whole_scheduler_stays_flat_over_200_runs(tmp_path, monkeypatch):
    """Decisions, saved states and history too. The history is full before it begins: it is meant to grow until then."""
    monkeypatch.setattr(launchers, "_code", lambda: "the same")
    it = Scheduled(tmp_path, "{interval: 1h}")
    launcher = Quick("sh", "-c", "read line; exit 3", warm=True)
    it.daemon = Daemon(it.config, Workspace.for_config(it.config), launcher, it.clock.clocks, lambda text: None)

    def runs(count):
        for _ in range(count):
            assert it.step(hours=1).action is Action.START
            wait_for_end(it)
            launcher.started.clear()

    runs(KEPT + 10)
    before, files = resident()
    runs(200)
    after, files_after = resident()
    launcher.close()
    print(f"resident memory {before} kB before, {after} kB after 200 runs")
    assert len(it.daemon.state.history) == KEPT
    assert after - before < 2048
    assert files_after == files


def wait_for_end(it, seconds=20.0):
    end = time.monotonic() + seconds
    while it.daemon.running:
        assert time.monotonic() < end, "the run did not end"
        time.sleep(0.002)
        it.step()


@pytest.mark.slow
def test_a_real_process_answers_for_a_wrong_configuration_and_ends_with_its_parent(tmp_path):
    (tmp_path / "c.yaml").write_text(CONFIG)
    launcher = ProcessLauncher(warm=False)
    launcher.start(request(tmp_path))
    result = wait(launcher, 60)
    assert (result.status, result.exit_code) == ("invalid", 2)
    assert "no file matches" in result.headline

"""A disk that is full for a while: said once, nothing starts that could not be remembered, and nothing is lost."""

import errno
import os
import subprocess

import pytest

from pipeline.schedule import state
from pipeline.schedule.decision import Action
from pipeline.schedule.state import Pause, StateFile
from tests.pipeline.schedule.fakes import Scheduled

pytest.importorskip("apscheduler")


@pytest.fixture
def disk(monkeypatch):
    """`disk["full"] = True` makes every write of the state fail as a full disk does."""
    there, write = {"full": False, "tries": 0}, state.write_atomic

    def written(path, text):
        there["tries"] += 1
        if there["full"]:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        write(path, text)

    monkeypatch.setattr(state, "write_atomic", written)
    return there


@pytest.fixture
def nightly(tmp_path):
    return Scheduled(tmp_path, "{cron: '0 3 * * *', retries: {times: 2, backoff: 1m}}")


def told(it):
    return [text for text in it.said if "cannot be saved" in text]


def on_disk(it):
    return StateFile(it.folder / ".retrain", "taxi").load()


def test_a_tick_waits_for_the_disk_and_runs_once(nightly, disk):
    disk["full"] = True
    nightly.step(hours=3)
    for _ in range(20):
        assert nightly.step(seconds=10).action is Action.WAIT
    assert nightly.launcher.requests == []
    assert len(told(nightly)) == 1
    assert "No space left on device" in told(nightly)[0]
    assert nightly.daemon.unsaved
    disk["full"] = False
    assert nightly.step(seconds=10).due.trigger == "cron"
    assert nightly.said[-2] == "The schedule's state can be saved again; nothing was lost."
    assert on_disk(nightly) == nightly.daemon.state
    nightly.end(span=8)
    assert nightly.step(minutes=5).action is Action.WAIT
    assert len(nightly.launcher.requests) == 1


def test_the_end_of_a_run_is_remembered_when_there_is_room(nightly, disk):
    nightly.step(hours=3)
    disk["full"] = True
    nightly.end("failed", 1, run_id="r1")
    nightly.step(minutes=5)
    assert on_disk(nightly).history == []
    disk["full"] = False
    assert nightly.step(seconds=10).due.trigger == "retry"
    assert [o.run_id for o in on_disk(nightly).history] == ["r1"]
    assert len(told(nightly)) == 1


def test_a_kill_while_the_disk_is_full_makes_the_run_be_made_up_for(nightly, disk):
    nightly.step(hours=3)
    disk["full"] = True
    nightly.end(span=8)
    nightly.start()
    assert nightly.step(seconds=1).action is Action.WAIT
    disk["full"] = False
    assert nightly.step(seconds=10).due.trigger == "restart"


def test_new_data_stay_new(tmp_path, disk):
    it = Scheduled(tmp_path, "{on_new_data: {settle: 60s, poll: 10s}}")
    it.write(1)
    it.step()
    it.write(2)
    it.step(seconds=10)
    disk["full"] = True
    it.step(seconds=61)
    it.step(seconds=61)
    assert it.launcher.requests == []
    disk["full"] = False
    for _ in range(3):
        it.step(seconds=61)
    assert [r.span for r in it.launcher.requests] == [2]


def test_drift_is_not_forgotten(tmp_path, disk):
    it = Scheduled(tmp_path, "{on_drift: {data: 'new/*.csv', every: 1h}}")
    it.step()
    disk["full"] = True
    it.drifts("Drift: fare.")
    assert it.step(seconds=5).action is Action.WAIT
    disk["full"] = False
    assert it.step(seconds=10).due.trigger == "drift"


def test_drift_that_is_found_during_a_pause_waits_for_its_end(tmp_path):
    it = Scheduled(tmp_path, "{on_drift: {data: 'new/*.csv', every: 1h}}")
    it.step()
    file = StateFile(it.folder / ".retrain", "taxi")
    file.set_pause(Pause(since=it.clock.time))
    it.drifts("Drift: fare.")
    assert it.step(seconds=5).action is Action.WAIT
    it.start()
    file.set_pause(None)
    assert it.step(seconds=5).reason == "Drift: fare."


def test_it_does_not_write_all_the_time(nightly, disk):
    disk["full"] = True
    nightly.step(hours=3)
    before = disk["tries"]
    for _ in range(20):
        nightly.step(seconds=0.5)
    assert disk["tries"] - before <= 2


def test_a_process_that_cannot_be_started_is_a_failed_run(nightly, monkeypatch):
    def refused(request):
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    monkeypatch.setattr(nightly.launcher, "start", refused)
    nightly.step(hours=3)
    assert nightly.history == [("failed", None)]
    assert "could not be started" in nightly.daemon.state.history[0].headline
    monkeypatch.undo()
    assert nightly.step(minutes=1).due.trigger == "retry"


def test_a_disk_that_is_really_full(tmp_path):
    place = tmp_path / ".retrain"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("mounting needs root and the right to mount")
    try:
        it = Scheduled(tmp_path, "{cron: '0 3 * * *'}")
        filler = place / "filler"
        with pytest.raises(OSError, match="No space left"):
            filler.write_bytes(b"\0" * 100_000)
        it.step(hours=3)
        assert it.launcher.requests == []
        assert len(told(it)) == 1
        assert on_disk(it) is not None
        filler.unlink()
        assert it.step(seconds=10).action is Action.START
        assert on_disk(it).running is not None
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)

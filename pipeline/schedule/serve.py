"""The loop around the daemon: APScheduler wakes it for ticks, SIGCHLD for the end of a run, a wait for all else; SIGTERM and SIGINT end it
with its state kept."""

from __future__ import annotations

import os
import signal
import threading
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.base import BaseTrigger

from pipeline.errors import LockHeld, ScheduleHeld
from pipeline.lock import LockNote, RunLock, holder
from pipeline.schedule.daemon import Clocks, Daemon
from pipeline.schedule.decision import coming
from pipeline.schedule.orphans import Orphans
from pipeline.workspace import Workspace

CLOCKS = Clocks(now=lambda: datetime.now(timezone.utc), monotonic=time.monotonic)


def lock_path(workspace: Workspace, name: str) -> Path:
    """The lock of a pipeline's scheduler."""
    return workspace.locks / f"schedule-{name}.lock"


def hold(workspace: Workspace, name: str) -> RunLock:
    """One scheduler for a pipeline in a workspace.

    Raises:
        ScheduleHeld: when there is one.
    """
    try:
        return RunLock(lock_path(workspace, name), "schedule")
    except LockHeld as error:
        raise ScheduleHeld(error.pid, error.since, name) from None


def scheduler_at_work(workspace: Workspace, name: str) -> LockNote | None:
    """The scheduler of a pipeline, if one is at work."""
    return holder(lock_path(workspace, name))


class NextTick(BaseTrigger):
    """APScheduler's view of our ticks: the clocks' jumps and the jitter are dealt with in `triggers`."""

    def __init__(self, daemon: Daemon, name: str):
        self._daemon, self._name = daemon, name

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime | None:
        """The next tick after now."""
        ticks = coming(self._daemon.policy, self._name, self._daemon.state, now, 1)
        return ticks[0].starts if ticks else None


def serve(daemon: Daemon, name: str) -> None:
    """Works until SIGTERM or SIGINT. The run that is at work then ends with its record saved."""
    wake, stopped = threading.Event(), threading.Event()

    def stop(number: int, frame: Any) -> None:
        stopped.set()
        wake.set()

    def ended(number: int, frame: Any) -> None:
        wake.set()

    before = {n: signal.signal(n, stop) for n in (signal.SIGTERM, signal.SIGINT)}
    before[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, ended)
    orphans = Orphans(CLOCKS.monotonic, os.getpid())
    scheduler = BackgroundScheduler(timezone=timezone.utc)
    scheduler.add_job(wake.set, NextTick(daemon, name), misfire_grace_time=None, coalesce=True)
    scheduler.start()
    try:
        while True:
            if stopped.is_set():
                daemon.stop()
            daemon.step()
            orphans.reap()
            if stopped.is_set() and not daemon.running:
                return
            wake.wait(daemon.wait_seconds())
            wake.clear()
    finally:
        scheduler.shutdown(wait=False)
        for number, handler in before.items():
            signal.signal(number, handler)

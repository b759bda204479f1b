"""One run at a time: `RunLock`, an exclusive flock that the kernel releases however the process ends."""

from __future__ import annotations

import fcntl
import json
import os
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType

from pipeline.errors import LockHeld

#: A reader's probe holds a shared lock for microseconds; a run that starts in that moment must not give up.
ATTEMPTS, PAUSE_SECONDS = 5, 0.02


@dataclass(frozen=True)
class LockNote:
    """Who holds a lock: process, run, and since when (ISO 8601, UTC)."""

    pid: int | None
    run_id: str | None
    started: str | None


class RunLock:
    """An exclusive lock, held from construction until `release` or the end of the process, SIGKILL included.

    A child process holds it too when it inherits `fd`: construct with ``inheritable=True``, or give
    ``pass_fds=[lock.fd]`` to `subprocess`. Then the lock is free when the last holder is gone; its file stays.

    Raises:
        LockHeld: at once, when another process holds it.
    """

    def __init__(self, path: Path, run_id: str, *, inheritable: bool = False):
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            _take(fd, path)
            note = {"pid": os.getpid(), "run_id": run_id, "started": _now()}
            os.ftruncate(fd, 0)
            os.pwrite(fd, json.dumps(note).encode(), 0)
            os.set_inheritable(fd, inheritable)
        except BaseException:
            os.close(fd)
            raise
        self._fd: int | None = fd

    @property
    def fd(self) -> int:
        """The open file that holds the lock."""
        if self._fd is None:
            raise ValueError("the lock was released")
        return self._fd

    def release(self) -> None:
        """Lets go; a child that inherited the lock keeps it. May be called twice."""
        if self._fd is not None:
            # Closed, never unlocked: LOCK_UN would take the lock away from a child as well.
            os.close(self._fd)
            self._fd = None

    def __enter__(self) -> RunLock:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


def holder(path: Path) -> LockNote | None:
    """Who holds the lock now, or None when nobody does. Changes nothing."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read_note(path)
    finally:
        os.close(fd)
    return None


def _take(fd: int, path: Path) -> None:
    for attempt in range(ATTEMPTS):
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if attempt < ATTEMPTS - 1:
                time.sleep(PAUSE_SECONDS)
    note = _read_note(path)
    raise LockHeld(note.pid, note.started, note.run_id)


def _read_note(path: Path) -> LockNote:
    try:
        note = json.loads(path.read_text(encoding="utf-8"))
        return LockNote(int(note["pid"]), str(note["run_id"]), str(note["started"]))
    except (OSError, ValueError, KeyError, TypeError):
        return LockNote(None, None, None)


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")

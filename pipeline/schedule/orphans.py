"""Process 1 of a container inherits the processes whose parents were killed, and must ask how they ended: else they stay in the table."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

#: Whoever started a process here asks at once how it ended; one that has waited for longer has nobody, in seconds.
NOBODYS = 30.0


class Orphans:
    """Asks in the place of parents that are gone.

    Args:
        monotonic: seconds of a clock that nobody sets.
        pid: of this process.
    """

    def __init__(self, monotonic: Callable[[], float], pid: int):
        self._monotonic, self._pid = monotonic, pid
        self._seen: dict[int, float] = {}

    def reap(self) -> None:
        """Looks once; nothing where this is not process 1."""
        if self._pid != 1:
            return
        now = self._monotonic()
        self._seen = {pid: self._seen.get(pid, now) for pid in self._ended()}
        for pid, since in self._seen.items():
            if now - since >= NOBODYS:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)

    def _ended(self) -> list[int]:
        """Children that have ended and that nobody has asked about yet."""
        try:
            listed = Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text(encoding="ascii").split()
        except OSError:
            return []
        return [int(pid) for pid in listed if _is_zombie(pid)]


def _is_zombie(pid: str) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0] == b"Z"
    except OSError:
        return False

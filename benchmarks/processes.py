"""What a process and everything below it costs the processors, read from Linux's /proc."""

from __future__ import annotations

import os
import time
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on (field 3 of proc(5)); empty when the process has gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return []


class Tree:
    """A process with all of its descendants.

    Args:
        pid: of the process.
    """

    def __init__(self, pid: int):
        self._pid = pid

    def pids(self) -> list[int]:
        """It and its living descendants."""
        parents: dict[int, list[int]] = {}
        for entry in os.listdir("/proc"):
            if entry.isdigit() and (fields := _stat(int(entry))):
                parents.setdefault(int(fields[1]), []).append(int(entry))
        found, todo = [], [self._pid]
        while todo:
            found.append(pid := todo.pop())
            todo += parents.get(pid, [])
        return found

    def children(self) -> float:
        """Processor seconds of all living descendants so far, those that they have waited for included."""
        ticks = 0
        for pid in self.pids()[1:]:
            ticks += sum(map(int, _stat(pid)[11:15]))
        return ticks / _TICK

    def ended(self) -> float:
        """Processor seconds of all descendants that have ended and were waited for."""
        return sum(map(int, _stat(self._pid)[13:15])) / _TICK

    def share(self, seconds: float) -> float:
        """Cores that the living descendants use, measured over some seconds."""
        before = self.children()
        time.sleep(seconds)
        return max(self.children() - before, 0.0) / seconds

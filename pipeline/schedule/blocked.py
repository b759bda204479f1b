"""A run that a file delivered again has blocked is tried again once the file is what it was: what blocked it is gone.

Only the newest such run is remembered: its window holds the data of those before it. Whatever starts later takes its place.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from components.spans import digest_file
from pipeline.redelivered import accepted_files, short
from pipeline.schedule.request import Result
from pipeline.schedule.state import Blocked

#: Files that are named, at most.
MOST = 3


def blocked_by(result: Result) -> Blocked | None:
    """What a run waits for; None for one that nothing but its own data has blocked."""
    return Blocked(span=result.span, files=result.wanted_back) if result.exit_code == 3 and result.wanted_back else None


def named(blocked: Blocked) -> str:
    """The files, as few as can be read."""
    names = [short(path) for path in sorted(blocked.files)]
    return ", ".join(names[:MOST]) + (f" and {len(names) - MOST} more" if len(names) > MOST else "")


def told(blocked: Blocked) -> str:
    """What it waits for, as a sentence."""
    verb = "are as they were" if len(blocked.files) > 1 else "is as it was"
    return f"It is tried again when {named(blocked)} {verb} accepted."


def again(blocked: Blocked, label: str | None) -> str:
    """Why it is tried again, as a sentence.

    Args:
        label: its span as people call it.
    """
    verb = "are again what was" if len(blocked.files) > 1 else "is again what was"
    run = "the run" if label is None else f"the run of span {label}"
    return f"Put back: {named(blocked)} {verb} accepted, so {run} that was blocked by it is tried again."


class Contents:
    """Digests of files, each computed anew only when the file was written or replaced, whatever its size and times say."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[tuple[int, int], str]] = {}

    def are(self, wanted: Mapping[str, str]) -> bool:
        """Whether all of these files (path -> SHA-256) have this content now."""
        return all(self._digest(path) == digest for path, digest in wanted.items())

    def _digest(self, path: str) -> str | None:
        try:
            stat = os.stat(path)
            seen, known = (stat.st_ino, stat.st_ctime_ns), self._known.get(path)
            if known is None or known[0] != seen:
                known = self._known[path] = (seen, digest_file(path, 0).sha256)
        except OSError:
            return None
        return known[1]


def accepted_meanwhile(blocked: Blocked, root: Path, name: str, base: Path) -> bool:
    """Whether other content of these files has been accepted since, by hand: then nothing waits any more."""
    try:
        now = accepted_files(root, name, base)
    except (OSError, ValueError):
        return False  # a run will say so; the scheduler goes on
    return any(now.get(path) != digest for path, digest in blocked.files.items())

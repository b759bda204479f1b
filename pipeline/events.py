"""The file of a run's events, one JSON document a line. A kill, a full disk or a loss of power can leave a line that is not whole."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from pydantic import ValidationError

from pipeline.job import Event


def read_events(path: Path) -> list[Event]:
    """The events of a run so far, without lines that are not whole."""
    events: list[Event] = []
    if not path.exists():
        return events
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            events.append(Event.model_validate_json(line))
        except ValidationError:
            continue
    return events


def open_events(path: Path) -> TextIO:
    """The file for more events; a line that is not whole is ended first, so that it does not spoil the next one."""
    file = path.open("a+", encoding="utf-8")
    if file.tell():
        with path.open("rb") as kept:
            kept.seek(-1, 2)
            if kept.read() != b"\n":
                file.write("\n")
    return file

"""`retrain show RUN [PART]`: one run, or one part of it, in the terminal."""

from __future__ import annotations

from pathlib import Path

from pipeline.commands.output import emit_json, emit_view
from pipeline.errors import UsageError
from pipeline.locate import find_place
from pipeline.show.parts import PARTS, part_data, show
from schemas.config import did_you_mean


def show_command(*, run: str, part: str | None, config: Path | None, workspace: Path | None, as_json: bool) -> int:
    """Shows a run."""
    if part is not None and part not in PARTS:
        raise UsageError(f"show: {part!r} is no part of a run.{did_you_mean(part, list(PARTS))}")
    place = find_place(config, workspace)
    record = place.workspace.load_record(place.workspace.find(run, place.name))
    if as_json:
        emit_json(part_data(record, part))
    else:
        emit_view(show(record, part))
    return 0

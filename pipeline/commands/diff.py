"""`retrain diff RUN RUN`: data, configuration, metrics and findings of two runs side by side."""

from __future__ import annotations

from pathlib import Path

from pipeline.commands.output import emit_json, emit_view
from pipeline.diagnosis.lookup import earlier_runs
from pipeline.diff import diff
from pipeline.locate import find_place
from pipeline.show.diff import diff_view


def diff_command(*, before: str, after: str, config: Path | None, workspace: Path | None, as_json: bool) -> int:
    """Shows what differs from one run to the other."""
    place = find_place(config, workspace)
    old, new = (place.workspace.load_record(place.workspace.find(run, place.name)) for run in (before, after))
    found = diff(old, new, earlier_runs(place.workspace, new))
    if as_json:
        emit_json(found)
    else:
        emit_view(diff_view(found))
    return 0

"""`retrain runs CONFIG`: the history of a pipeline."""

from __future__ import annotations

from pathlib import Path

from pipeline.commands.output import emit, emit_json, emit_view
from pipeline.locate import place_of
from pipeline.rollbacks import read_rollbacks
from pipeline.show.history import runs_data, runs_table


def runs_command(*, config: Path, limit: int, workspace: Path | None, as_json: bool) -> int:
    """Lists the newest `limit` runs (0: all), and the rollbacks between and after them."""
    place = place_of(config, workspace)
    # One more than shown is read, to know whether there are more.
    records = place.workspace.records(limit + 1 if limit else None, place.name)
    more = bool(limit) and len(records) > limit
    records = records[:limit] if more else records
    made = read_rollbacks(place.workspace.root, str(place.name))
    if more:
        made = [r for r in made if r["id"] > records[-1].run_id]
    if as_json:
        emit_json(runs_data(records, made))
    elif not records and not made:
        emit(f"There are no runs of {place.name} in {place.workspace.root} yet. Start one with: retrain run {config}\n")
    else:
        emit_view(runs_table(records, made))
        if more:
            emit(f"\nThere are older runs; --limit 0 shows all {len(place.workspace.run_ids()):,} of the workspace.\n")
    return 0

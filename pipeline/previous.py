"""What is known of the run that made the champion: its window, the test rows it had, and where those are that the window has lost."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from components.counting import span_of_file
from components.cross import Previous
from components.examples import split_files
from components.plan import IngestPlan
from components.served import manifest, served
from pipeline import held_out
from pipeline.workspace import Workspace
from schemas.run_record import RunRecord


def previous_of(root: Path, name: str, serving: Path, plan: IngestPlan) -> Previous:
    """What a run needs to tell the champion's test rows from new ones.

    Args:
        root: the workspace.
        serving: where versions are.
        plan: of the run that is about to begin.
    """
    now = served(str(serving))
    run = str(manifest(now["path"]).get("run", "")) if now else ""
    record = _record(root, run) if run else None
    if record is None:
        return Previous()
    before = [h for h in held_out.read(root, name) if h.run <= run and bool(h.by_time) == bool(plan.by_time)]
    files = [f for h in before for f in h.files]
    inside = [f for f in files if f.span in plan.window]
    known = [f for f in inside if f.way == "row" or (f.way == "id" and f.column == plan.id)]
    outside = [n for n in record.window if n not in plan.window]
    there = [f for f in _test_files(record) if span_of_file(f) in outside]
    gone = sorted(set(outside) - {span_of_file(f) for f in there})
    lost = sum(f.rows for f in files if f.way == "row" and f.span in gone)
    return Previous(run=run, spans=record.window, held=known, files=there, gone=gone, rows_gone=lost)


def _record(root: Path, run: str) -> RunRecord | None:
    try:
        return RunRecord.model_validate_json(Workspace(root).record_path(run).read_bytes())
    except (OSError, ValidationError):
        return None


def _test_files(record: RunRecord) -> list[str]:
    """The examples of test that a run trained beside; none when they were cleared away."""
    uris = [s.artifacts.get("checked_examples") for s in record.stages if s.name == "require_ok"]
    return [f for uri in uris if uri for f in split_files(uri, "test")]

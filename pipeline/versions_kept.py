"""What belongs to every version and is made after the push: its model card, and the record of the rollback that made it.

The push knows a model; only the finished run knows its data, metrics and warnings. So the parent process writes the card after the run,
in one step: a version has none or a whole one. What a killed run or rollback left undone, the next one completes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from components.rollback import origin
from components.served import CARD, manifest, versions
from pipeline.collect import collect
from pipeline.errors import UsageError
from pipeline.events import read_events
from pipeline.model_card import copy_card, model_card
from pipeline.record_json import write_atomic
from pipeline.rollbacks import record_rollbacks
from pipeline.workspace import Workspace
from schemas.run_record import RunRecord


def complete(workspace: Workspace, name: str, serving: Path, record: RunRecord | None = None) -> None:
    """Records rollbacks and writes cards, as far as they are lacking. Only ever called with the lock held.

    Args:
        record: of the run that has just ended. It also describes the version of a killed run whose model it found pushed already.
    """
    record_rollbacks(workspace.root, name, serving)
    there = versions(str(serving))
    for number, folder in there.items():
        if Path(folder, CARD).exists():
            continue
        noted, first = manifest(folder), origin(number, folder)
        text = _original(there, first) if first != number else None
        if text is None:
            of_run = record if record and record.pushed and record.pushed.version == number else None
            source = of_run or evidence_of(workspace, str(noted.get("run", "")), serving)
            text = model_card(source, first, str(noted.get("run", ""))) if source and source.evaluation else None
        if text is not None:
            write_atomic(Path(folder, CARD), copy_card(text, number, noted))


def _original(there: dict[int, str], number: int) -> str | None:
    card = Path(there[number], CARD) if number in there else None
    return card.read_text(encoding="utf-8") if card and card.exists() else None


def evidence_of(workspace: Workspace, run: str, serving: Path) -> RunRecord | None:
    """The record of a run; of a killed one, what its events and artifacts tell. None when there is none to be read."""
    try:
        record = workspace.load_record(run) if run else None
    except UsageError:
        return None
    if record is None or record.evaluation is not None:
        return record
    return collect(record, read_events(workspace.events_path(run)), serving)


def versions_data(serving: Path) -> list[dict[str, Any]]:
    """The kept versions for scripts, ascending."""
    return [
        {"version": n, "path": folder, "copy_of": manifest(folder).get("copy_of"), "run": manifest(folder).get("run")}
        for n, folder in versions(str(serving)).items()
    ]

"""`retrain replay`: runs a recorded run again, in a workspace of its own, and compares digests."""

from __future__ import annotations

import json
import os
import shutil
import sys
from datetime import datetime, timezone
from pathlib import Path

from components.served import identity, link_or_copy, manifest, place
from components.spans import digest_file
from pipeline.commands.output import emit_json
from pipeline.commands.run import execute
from pipeline.console import RunDisplay
from pipeline.errors import UsageError
from pipeline.job import CHAMPION, PLAN, Job, stages_for
from pipeline.locate import find_place
from pipeline.workspace import Workspace, new_run_id
from schemas.config import parse_config
from schemas.findings import LET_THROUGH
from schemas.run_record import RunRecord


def check_inputs(record: RunRecord, folder: Path) -> None:
    """The recorded plan and the same data must still be there.

    Raises:
        UsageError: naming every file that is gone or has changed.
    """
    if not record.digests or not (folder / PLAN).exists():
        raise UsageError(
            f"run {record.run_id} ended before anything that could be compared. Replay a run that read its data."
        )
    held = [f["path"] for f in json.loads((folder / PLAN).read_text(encoding="utf-8"))["plan"].get("held", [])]
    problems = [
        f"{path}: is gone, and the run kept test rows by it. A replay needs the registry of the run."
        for path in held
        if not Path(path).exists()
    ]
    for file in record.files:
        try:
            same = digest_file(file.path, file.span).sha256 == file.sha256
        except OSError as error:
            problems.append(
                f"{file.path}: cannot be read any more ({error.strerror}). A replay needs the data of the run."
            )
            continue
        if not same:
            problems.append(f"{file.path}: has changed since the run. A replay needs the data of the run.")
    if problems:
        raise UsageError(*problems)


def serve_champion(folder: Path, serving: Path) -> None:
    """Serves to a replay what the recorded run had when it started warm; nothing for a run that did not."""
    champion = folder / CHAMPION
    if champion.exists():
        noted = {**manifest(str(champion)), "digest": identity(str(champion))}
        place(str(champion), str(serving), noted, link_or_copy)


def compare(old: dict[str, str], new: dict[str, str]) -> list[dict[str, object]]:
    """One entry for every digest of the recorded run."""
    return [{"what": k, "recorded": v, "replayed": new.get(k), "identical": new.get(k) == v} for k, v in old.items()]


def replay_command(run: str, config: Path | None, workspace: Path | None, as_json: bool, debug: bool) -> int:
    """Replays a run; nothing of the workspace changes and nothing is pushed.

    Returns:
        0 only when every digest of the recorded run was reached again.
    """
    place = find_place(config, workspace)
    record = place.workspace.load_record(place.workspace.find(run, place.name))
    folder = place.workspace.run_folder(record.run_id)
    check_inputs(record, folder)
    parsed = parse_config(record.config)
    root = place.workspace.root / "replays" / f"{record.run_id}-{os.getpid()}"
    scratch = Workspace(root)
    try:
        run_id = new_run_id(datetime.now(timezone.utc), record.span)
        scratch.run_folder(run_id).mkdir(parents=True)
        job = Job(
            config=record.config,
            base=Path(record.config_path).parent,
            root=root,
            folder=scratch.run_folder(run_id),
            serving=scratch.serving(parsed.name),
            run_id=run_id,
            span=record.span,
            accept=accepted_codes(record),
            cache=False,
            recorded=folder,
            until=record.until,
        )
        serve_champion(folder, job.serving)
        with scratch.lock(run_id) as lock, RunDisplay(stages_for(record.config)) as display:
            again, events = execute(job, parsed, Path(record.config_path), scratch, lock, display)
        for event in events if debug else []:
            print(event.traceback, file=sys.stderr)
    finally:
        shutil.rmtree(root, ignore_errors=True)
    return _tell(record, again, as_json)


def accepted_codes(record: RunRecord) -> dict[str, str]:
    """The codes that the recorded run let through."""
    return {f.code: "replay" for f in record.findings if LET_THROUGH in f.message}


def _tell(record: RunRecord, again: RunRecord, as_json: bool) -> int:
    rows = compare(record.digests, again.digests)
    identical = all(r["identical"] for r in rows)
    changed = {k: [v, again.versions.get(k)] for k, v in record.versions.items() if again.versions.get(k) != v}
    if as_json:
        emit_json({"run": record.run_id, "identical": identical, "digests": rows, "versions_changed": changed})
        return 0 if identical else 1
    for row in rows:
        print(f"  {row['what']:<10} {'identical' if row['identical'] else 'DIFFERENT'}  {str(row['recorded'])[:16]}")
    if again.error and not identical:
        print(f"The replay ended early: {again.error}")
    if changed:
        print("Versions have changed since: " + ", ".join(f"{k} {a} -> {b}" for k, (a, b) in changed.items()))
    print(f"Replay of {record.run_id}: {'identical' if identical else 'NOT identical'}.")
    return 0 if identical else 1

"""Where everything of a pipeline is kept: `Workspace` knows the paths, and saves, loads and finds run records.

<root>/artifacts/  metadata.db  runs/<id>/{run.json, report.html, log.txt, events.jsonl}  serving/<name>/  locks/
"""

from __future__ import annotations

import contextlib
import difflib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from itertools import islice
from pathlib import Path

from pydantic import ValidationError

from pipeline.errors import UsageError
from pipeline.job import PLANNED
from pipeline.lock import LockNote, RunLock, holder
from pipeline.record_json import to_json, what_is_wrong, write_atomic
from schemas.run_record import Explanation, RunRecord, Status

FOLDER = ".retrain"
LATEST = "latest"
RECORD = "run.json"
#: How ids of runs begin.
TIME = "%Y%m%d-%H%M%S"


@dataclass(frozen=True)
class BadRecord:
    """A run whose run.json cannot be used, with the reason in one sentence."""

    run_id: str
    problem: str


@dataclass(frozen=True)
class Workspace:
    """A folder with the artifacts, the metadata, the runs and the served models of the pipelines beside it."""

    root: Path

    @classmethod
    def for_config(cls, config_path: Path, workspace_option: Path | None = None) -> Workspace:
        """The workspace of a configuration: `.retrain` beside it, or what ``--workspace`` says."""
        return cls((workspace_option or config_path.resolve().parent / FOLDER).resolve())

    @property
    def artifacts(self) -> Path:
        """Root of all artifacts."""
        return self.root / "artifacts"

    @property
    def metadata(self) -> Path:
        """The ML Metadata store (SQLite)."""
        return self.root / "metadata.db"

    @property
    def runs(self) -> Path:
        """One folder a run."""
        return self.root / "runs"

    @property
    def locks(self) -> Path:
        """Lock files; never removed."""
        return self.root / "locks"

    def serving(self, name: str, directory: str = "serving") -> Path:
        """Folder with the versions of one pipeline's model; `directory` (`push.directory`) may be absolute."""
        return self.root / directory / name

    def remembered(self, name: str) -> Path:
        """What one pipeline's stages computed of each span."""
        return self.root / "remembered" / name

    def run_folder(self, run_id: str) -> Path:
        """Folder of one run."""
        return self.runs / run_id

    def record_path(self, run_id: str) -> Path:
        """The run's record."""
        return self.run_folder(run_id) / RECORD

    def report_path(self, run_id: str) -> Path:
        """The run's page."""
        return self.run_folder(run_id) / "report.html"

    def log_path(self, run_id: str) -> Path:
        """All output of the frameworks in one run."""
        return self.run_folder(run_id) / "log.txt"

    def events_path(self, run_id: str) -> Path:
        """What happened in one run, a JSON object a line."""
        return self.run_folder(run_id) / "events.jsonl"

    def lock(self, run_id: str, *, inheritable: bool = False) -> RunLock:
        """Takes the lock of this workspace for a run, or raises `LockHeld`."""
        return RunLock(self.locks / "run.lock", run_id, inheritable=inheritable)

    def lock_holder(self) -> LockNote | None:
        """Who holds the lock of this workspace, if anybody does."""
        return holder(self.locks / "run.lock")

    def save_record(self, record: RunRecord) -> Path:
        """Writes run.json: all of it or nothing, also when the machine stops in the middle."""
        path = self.record_path(record.run_id)
        write_atomic(path, to_json(record))
        return path

    def load_record(self, run_id: str) -> RunRecord:
        """Reads run.json; a run that says it is running without holding the lock was interrupted.

        Raises:
            UsageError: when it cannot be used.
        """
        record = self._read(run_id)
        if isinstance(record, BadRecord):
            raise UsageError(f"run {run_id}: {record.problem}")
        return self._settled(record)

    def run_ids(self) -> list[str]:
        """Ids of all runs, newest first."""
        if not self.runs.is_dir():
            return []
        return sorted((e.name for e in os.scandir(self.runs) if e.is_dir() and e.name[:1] != "."), reverse=True)

    def iter_records(self, name: str | None = None, before: str | None = None) -> Iterator[RunRecord | BadRecord]:
        """Records newest first, each read when asked for; `name` leaves out those of other pipelines, `before` that run and later ones."""
        for run_id in (i for i in self.run_ids() if before is None or i < before):
            record = self._read(run_id)
            if isinstance(record, BadRecord):
                yield record
            elif name is None or record.name == name:
                yield self._settled(record)

    @property
    def newest_id(self) -> str | None:
        """Id of the newest run; None when there is none."""
        return next(iter(self.run_ids()), None)

    def records(self, limit: int | None = None, name: str | None = None) -> list[RunRecord | BadRecord]:
        """The newest `limit` records (default: all), newest first. A bad one is listed as such."""
        return list(islice(self.iter_records(name), limit))

    def find(self, run: str, name: str | None = None) -> str:
        """The id of a run, from its id, a unique prefix of it, or ``latest`` (of the pipeline `name`, if given).

        Raises:
            UsageError: when there is none, or more than one; lists what it could have been.
        """
        ids = self.run_ids()
        if not ids:
            raise UsageError(f"there are no runs in {self.root} yet. Start one with: retrain run CONFIG")
        if run == LATEST:
            return self._latest(name)
        matches = [run] if run in ids else [i for i in ids if run and i.startswith(run)]
        if len(matches) == 1:
            return matches[0]
        if matches:
            raise UsageError(f"run {run!r}: {len(matches)} runs begin with it: {_some(matches)}. Give more of the id.")
        near = difflib.get_close_matches(run, ids, n=3, cutoff=0.5) or ids[:3]
        raise UsageError(f"run {run!r}: no such run in {self.root}. Near or new: {_some(near)}, or {LATEST}.")

    def _latest(self, name: str | None) -> str:
        for record in self.iter_records(name):
            return record.run_id
        raise UsageError(f"there is no run of {name!r} in {self.root} yet. Start one with: retrain run CONFIG")

    def _read(self, run_id: str) -> RunRecord | BadRecord:
        try:
            return RunRecord.model_validate_json(self.record_path(run_id).read_bytes())
        except FileNotFoundError:
            return BadRecord(run_id, "has no run.json; it ended before anything was recorded.")
        except OSError as error:
            return BadRecord(run_id, f"run.json cannot be read ({error.strerror}).")
        except ValidationError as error:
            return BadRecord(run_id, what_is_wrong(self.record_path(run_id), error))

    def _settled(self, record: RunRecord) -> RunRecord:
        if record.status is not Status.RUNNING or (self.run_folder(record.run_id) / PLANNED).exists():
            return record  # between two of its steps, nobody holds the lock for a run in steps
        note = self.lock_holder()
        if note is not None and note.run_id in (record.run_id, None):
            return record
        status = Status.INTERRUPTED
        changes = {"status": status, "exit_code": status.exit_code, "explanation": Explanation(headline="")}
        return record.model_copy(update=changes)


def new_run_id(now: datetime, span: int | None, newest: str | None = None) -> str:
    """An id that sorts by time, like ``20261124-043140-s8-3fa2`` (UTC, span, four random digits).

    Args:
        newest: the newest id that there is; the new one comes after it also when the clock was put back.
    """
    time = f"{now.astimezone(timezone.utc):{TIME}}"
    if newest is not None and time <= newest[: len(time)]:
        with contextlib.suppress(ValueError):
            time = f"{datetime.strptime(newest[: len(time)], TIME) + timedelta(seconds=1):{TIME}}"
    middle = "" if span is None else f"s{span}-"
    return f"{time}-{middle}{secrets.token_hex(2)}"


def _some(ids: list[str], most: int = 6) -> str:
    return ", ".join(ids[:most]) + (f" and {len(ids) - most} more" if len(ids) > most else "")

"""The record of accepted changes beside a schema: who, when, by which run, why and what, one JSON object a line."""

from __future__ import annotations

import getpass
import hashlib
import json
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pipeline.errors import UsageError
from pipeline.record_json import write_atomic


def log_path(schema: Path) -> Path:
    """Where the changes of a schema are recorded."""
    return schema.with_name(f"{schema.stem}.changes.jsonl")


def read_log(schema: Path) -> list[dict[str, Any]]:
    """All recorded changes, oldest first; a line that cannot be read is shown as it is."""
    path = log_path(schema)
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return [_entry(line) for line in lines if line.strip()]


def _entry(line: str) -> dict[str, Any]:
    try:
        entry = json.loads(line)
    except ValueError:
        entry = None
    return entry if isinstance(entry, dict) else {"reason": f"(a line that cannot be read: {line[:80]})"}


def user() -> str:
    """Who works; "unknown" where the system has no name for the user, as in some containers."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return "unknown"


def digest(text: str) -> str:
    """SHA-256 of a schema's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def change(schema: Path, before: str, after: str, run: str, reason: str, sentences: list[str]) -> dict[str, Any]:
    """Records a change and makes it, in this order: a schema never changes without a record. What fails half-way is undone.

    Returns:
        The recorded entry.

    Raises:
        UsageError: when one of the files cannot be written.
    """
    path = log_path(schema)
    entry = {
        "when": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "who": user(),
        "run": run,
        "reason": reason,
        "changes": sentences,
        "before": digest(before),
        "after": digest(after),
    }
    length = path.stat().st_size if path.exists() else None
    try:
        _append(path, json.dumps(entry, ensure_ascii=False) + "\n")
        write_atomic(schema.resolve(), after)
    except OSError as error:
        _undo(path, length)
        where = error.filename or schema
        raise UsageError(f"{where}: cannot be written ({error.strerror}). The schema is as it was.") from None
    return entry


def _append(path: Path, line: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _undo(path: Path, length: int | None) -> None:
    if length is None:
        path.unlink(missing_ok=True)
    elif path.stat().st_size > length:
        os.truncate(path, length)

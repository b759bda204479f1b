"""The record of rollbacks: `registry/<name>/rollbacks.jsonl`, one JSON object a line. It outlives the versions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from components.rollback import rollbacks
from pipeline.record_json import write_atomic
from pipeline.wording import clean

KEYS = {"id", "when", "who", "reason", "from", "to", "version", "withdraws"}


def rollbacks_path(root: Path, name: str) -> Path:
    """Where the rollbacks of a pipeline are recorded."""
    return root / "registry" / name / "rollbacks.jsonl"


def read_rollbacks(root: Path, name: str) -> list[dict[str, Any]]:
    """All recorded rollbacks, oldest first; a line that cannot be read is passed over."""
    path = rollbacks_path(root, name)
    if not path.exists():
        return []
    entries = [_entry(line) for line in path.read_text(encoding="utf-8", errors="replace").splitlines()]
    return [e for e in entries if e is not None]


def _entry(line: str) -> dict[str, Any] | None:
    try:
        entry = json.loads(line)
    except ValueError:
        return None
    return entry if isinstance(entry, dict) and entry.keys() >= KEYS else None


def record_rollbacks(root: Path, name: str, serving: Path) -> None:
    """Records the rollbacks that are noted with versions and not recorded yet. The version comes first, by one rename: a rollback that was
    killed right after it is recorded by the next run or rollback."""
    known = {e["id"] for e in read_rollbacks(root, name)}
    new = [r for r in rollbacks(str(serving)) if r["id"] not in known]
    if new:
        path = rollbacks_path(root, name)
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        write_atomic(path, before + "".join(json.dumps(r, ensure_ascii=False, sort_keys=True) + "\n" for r in new))


def told(rollback: dict[str, Any]) -> str:
    """A rollback in one sentence."""
    because = f": {clean(rollback['reason'])}" if rollback["reason"] else ""
    return (
        f"Back from version {rollback['from']} to version {rollback['to']}, which is served as version "
        f"{rollback['version']}{because}"
    ).rstrip(".") + "."

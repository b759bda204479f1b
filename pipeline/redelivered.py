"""Spans that were delivered again with other content after a run had accepted them: named with both digests, never silently used."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from components.spans import span_label
from pipeline.record_json import write_atomic
from schemas.findings import Finding, Severity
from schemas.run_record import DataFile, RunRecord

CODE = "redelivered"


def digests_path(root: Path, name: str) -> Path:
    """Where the digests of accepted files are kept."""
    return root / "registry" / name / "spans.json"


def is_spanned(pattern: str) -> bool:
    """Whether a path tells spans apart. Where it does not, new content of a file is how new data come."""
    return "{SPAN}" in pattern or "{YYYY}" in pattern


def read_digests(root: Path, name: str) -> dict[str, dict[str, str]]:
    """Span -> file, relative to the configuration -> SHA-256 that a run accepted."""
    path = digests_path(root, name)
    kept: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    return kept


def accepted_files(root: Path, name: str, base: Path) -> dict[str, str]:
    """Path -> SHA-256 that a run accepted, of all spans.

    Args:
        base: folder of the configuration.
    """
    kept = read_digests(root, name)
    return {os.path.normpath(base / file): digest for files in kept.values() for file, digest in files.items()}


def short(path: str) -> str:
    """A file as people are told of it: its folder and its name."""
    return f"{Path(path).parent.name}/{Path(path).name}"


def wanted_back(record: RunRecord) -> dict[str, str]:
    """Path -> SHA-256 of the files that blocked a run, as they would let it through; empty where it is not known of each one."""
    blocks = [f for f in record.findings if f.severity is Severity.BLOCK]
    accepted = accepted_files(Path(record.workspace), record.name, Path(record.config_path).parent) if blocks else {}
    known = {(short(path), digest): path for path, digest in accepted.items()}
    files = {
        known.get((f.subject, str(f.allowed.get("sha256")))): str(f.allowed.get("sha256"))
        for f in blocks
        if f.code == CODE
    }
    return (
        {}
        if None in files or any(f.code != CODE for f in blocks)
        else {p: d for p, d in files.items() if p is not None}
    )


def keep_digests(root: Path, name: str, pattern: str, files: Sequence[DataFile], base: Path) -> None:
    """Notes what a run accepted; spans that it did not read stay as they were."""
    if not is_spanned(pattern):
        return
    kept = read_digests(root, name)
    fresh: dict[str, dict[str, str]] = {}
    for file in files:
        fresh.setdefault(str(file.span), {})[os.path.relpath(file.path, base)] = file.sha256
    write_atomic(digests_path(root, name), json.dumps(kept | fresh, indent=1, sort_keys=True))


def findings(
    kept: Mapping[str, Mapping[str, str]], pattern: str, files: Sequence[DataFile], base: Path
) -> list[Finding]:
    """One blocking finding a file whose content is not the accepted one any more."""
    if not is_spanned(pattern):
        return []
    found = []
    for file in files:
        before = kept.get(str(file.span), {}).get(os.path.relpath(file.path, base))
        if before is None or before == file.sha256:
            continue
        name = short(file.path)
        found.append(
            Finding(
                code=CODE,
                severity=Severity.BLOCK,
                subject=name,
                observed={"sha256": file.sha256},
                allowed={"sha256": before},
                message=(
                    f"{name}: span {span_label(file.span, pattern)} was accepted with other content: SHA-256 {before[:12]} then, "
                    f"{file.sha256[:12]} now."
                ),
                remedy=f"Put the file back, or use the new one with --accept {CODE} --reason TEXT; from then on it is the accepted one.",
                stage="ingest",
                span=file.span,
            )
        )
    return found

"""`retrain gc`: removes runs, versions and artifacts that nothing needs any more. Needs no TensorFlow."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone
from pathlib import Path

from pipeline.commands.output import emit, emit_json
from pipeline.errors import UsageError
from pipeline.retention import Plan, carry_out, plan
from pipeline.versions_kept import complete
from pipeline.wording import size
from pipeline.workspace import Workspace, new_run_id
from schemas.config import Retention, load_config


def gc_command(
    *,
    config: Path,
    runs: int | None,
    versions: int | None,
    dry_run: bool,
    workspace: Path | None,
    as_json: bool,
) -> int:
    """Removes what may go, or says what would.

    Args:
        runs: how many of the newest runs stay; None for what `retention` says, or its defaults.
        versions: likewise.

    Raises:
        UsageError: when something cannot be removed.
        LockHeld: while a run works in the workspace.
    """
    parsed = load_config(config)
    given = {k: v for k, v in (("runs", runs), ("versions", versions)) if v is not None}
    kept = (parsed.retention or Retention()).model_copy(update=given)
    place = Workspace.for_config(config, workspace)
    serving = place.serving(parsed.name, parsed.push.directory)
    with place.lock(f"{new_run_id(datetime.now(timezone.utc), None)}-gc"):
        if not dry_run:
            complete(place, parsed.name, serving)
        found = plan(place, parsed.name, serving, kept)
        if not dry_run:
            try:
                carry_out(found)
            except OSError as error:
                raise UsageError(
                    f"{error.filename}: cannot be removed ({error.strerror}). What was removed before stays removed; nothing "
                    "that is kept was touched. Mend the rights and start again."
                ) from None
    if as_json:
        emit_json(_data(found, dry_run))
    else:
        emit(_text(found, dry_run))
    return 0


def _data(found: Plan, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "bytes": found.bytes,
        "removed": [{"kind": d.kind, "path": str(d.path), "bytes": d.bytes} for d in found.doomed],
        "kept_runs": found.runs,
        "kept_versions": {str(n): why for n, why in found.versions.items()},
    }


def _text(found: Plan, dry_run: bool) -> str:
    counts = Counter(d.kind for d in found.doomed if d.kind != "remains")
    told = ", ".join(_counted(n, kind) for kind, n in counts.items())
    lines = [f"{d.kind:9} {d.path}" for d in found.doomed] if dry_run else []
    word = "Would remove" if dry_run else "Removed"
    stays = f"{_counted(len(found.runs), 'run')} and {_counted(len(found.versions), 'version')} stay"
    lines.append(f"{word} {told}: {size(found.bytes)}; {stays}." if counts else f"Nothing to remove; {stays}.")
    return "\n".join(lines) + "\n"


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"

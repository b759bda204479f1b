"""`retrain rollback`: serves an earlier version again, under the next number. Needs no TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from components.rollback import CannotRollBack, name_of, roll_back, target_of
from components.served import served
from pipeline.commands.output import emit, emit_json
from pipeline.errors import UsageError
from pipeline.rollbacks import told
from pipeline.schema_log import user
from pipeline.versions_kept import complete, versions_data
from pipeline.workspace import Workspace, new_run_id
from schemas.config import load_config


@dataclass(frozen=True)
class RolledBack:
    """What a rollback did.

    Attributes:
        serving: the folder of versions.
        served: the version that is served now.
        done: what was recorded; None when there was nothing to do.
        sentence: the same in words.
    """

    serving: Path
    served: int
    done: dict[str, Any] | None
    sentence: str


def roll_back_to(config: Path, to: int | None, reason: str | None, workspace: Path | None) -> RolledBack:
    """Rolls back; does nothing when the model that is asked for is served already, so that it may be repeated.

    Raises:
        UsageError: when there is no version to go back to.
        LockHeld: while a run works in the workspace: it compares with what is served.
    """
    parsed = load_config(config)
    place = Workspace.for_config(config, workspace)
    serving = place.serving(parsed.name, parsed.push.directory)
    now = datetime.now(timezone.utc)
    note = {
        "id": f"{new_run_id(now, None, place.newest_id)}-back",
        "when": now.isoformat(timespec="seconds"),
        "who": user(),
        "reason": (reason or "").strip() or None,
    }
    with place.lock(str(note["id"])):
        try:
            target = target_of(str(serving), to)
            done = roll_back(str(serving), target, note)
        except CannotRollBack as error:
            raise UsageError(str(error)) from None
        except OSError as error:
            raise UsageError(
                f"{serving}: cannot be written ({error.strerror}). The version that was served still is."
            ) from None
        complete(place, parsed.name, serving)
    at = served(str(serving))
    number = at["version"] if at else target
    if done is None:
        said = f"Nothing to do: the model of version {target} is served already, as {name_of(str(serving), number)}."
    else:
        said = f"{told(done)} The next run compares with it."
    return RolledBack(serving, number, done, said)


def rollback_command(*, config: Path, to: int | None, reason: str | None, workspace: Path | None, as_json: bool) -> int:
    """Rolls back and says what was done."""
    back = roll_back_to(config, to, reason, workspace)
    if as_json:
        emit_json({"served": back.served, "rollback": back.done, "versions": versions_data(back.serving)})
    else:
        emit(back.sentence + "\n")
    return 0

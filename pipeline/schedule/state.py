"""What a scheduler remembers: one JSON file in the workspace, replaced in one step, so that a kill at any moment loses nothing.

<workspace>/schedule/<name>/state.json  pause.json  result.json
"""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.errors import UsageError
from pipeline.record_json import to_json, write_atomic

Trigger = Literal["cron", "interval", "new_data", "drift", "retry", "restart", "backfill"]
#: Ends of runs that are remembered, and ticks that were left out: these come by the hundred a day where a cron looks for new data.
KEPT = 200
KEPT_SKIPPED = 50


class Kept(BaseModel):
    """Base: unknown keys are errors, so a file of another version is noticed."""

    model_config = ConfigDict(extra="forbid")


class Due(Kept):
    """Something that wants a run.

    Attributes:
        at: when it was due.
        reason: why, as a sentence.
        span: the newest span to use; None for the newest there is then.
        attempt: 0 for a first one, else the number of the retry.
    """

    trigger: Trigger
    at: datetime
    reason: str
    span: int | None = None
    attempt: int = 0


class Running(Kept):
    """A run at work: what it is for, since when, and its process."""

    due: Due
    started: datetime
    pid: int


class Outcome(Kept):
    """How a run ended, or why a tick was left out (`status` ``skipped``).

    Attributes:
        seconds: from start to end of the run's process.
        reused: what was not computed again, in words.
        notes: what else is to be said about the data: late, missing and re-delivered spans, messages that could not be sent.
    """

    at: datetime
    trigger: Trigger
    reason: str
    status: str
    exit_code: int | None = None
    span: int | None = None
    run_id: str | None = None
    attempt: int = 0
    seconds: float | None = None
    headline: str = ""
    reused: list[str] = []
    notes: list[str] = []

    @property
    def skipped(self) -> bool:
        """Whether it is a tick that was left out."""
        return self.status == "skipped"


class Blocked(Kept):
    """The newest run that files delivered again have blocked: its span, and path -> SHA-256 with which they would not."""

    span: int | None
    files: dict[str, str]


class Mark(Kept):
    """A file as it was when a run took it up."""

    span: int
    size: int
    mtime_ns: int
    sha256: str | None = None


class State(Kept):
    """Everything a scheduler knows from before.

    Attributes:
        first: when the schedule first started; intervals count from here.
        ticks: trigger -> the newest of its ticks that was dealt with.
        drift_at: when drift was measured last.
        drifted: what drift was found last: the same drift starts no second run.
        drift_wants: what drifted, as a sentence, until a run starts; a pause or a run at work does not lose it.
        files: path -> the file as the runs so far know it; None before the first look.
        told: what was named already: files that were delivered again, late and missing spans.
        well: whether the last run ended well; None before the first.
        blocked: what waits for files to be put back; None for nothing.
        owed: whether data were taken up by a run that came to no verdict (it failed), and by none since.
    """

    version: int = 1
    first: datetime
    ticks: dict[str, datetime] = {}
    drift_at: datetime | None = None
    drifted: str | None = None
    drift_wants: str | None = None
    files: dict[str, Mark] | None = None
    told: list[str] = []
    queue: list[Due] = []
    retry: Due | None = None
    running: Running | None = None
    history: list[Outcome] = []
    well: bool | None = None
    blocked: Blocked | None = None
    owed: bool = False

    def remember(self, outcome: Outcome) -> None:
        """Adds to the history; the oldest of its kind is forgotten."""
        history = [*self.history, outcome]
        alike = [n for n, o in enumerate(history) if o.skipped == outcome.skipped]
        if len(alike) > (KEPT_SKIPPED if outcome.skipped else KEPT):
            del history[alike[0]]
        self.history = history


class Pause(Kept):
    """Written by `retrain schedule CONFIG pause`, removed by `resume`."""

    since: datetime
    reason: str = ""


class StateFile:
    """The files of one schedule.

    Args:
        root: the workspace.
        name: the pipeline.
    """

    def __init__(self, root: Path, name: str):
        self.folder = root / "schedule" / name
        self.path = self.folder / "state.json"
        self.result = self.folder / "result.json"
        self._pause = self.folder / "pause.json"

    def load(self) -> State | None:
        """The state; None before the first start.

        Raises:
            UsageError: when it cannot be read.
        """
        try:
            return State.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            first = str(error).splitlines()[0]
            raise UsageError(
                f"{self.path}: the schedule's state cannot be read ({first}). Move it away: the next start begins anew, and takes the data "
                "that are there for known."
            ) from None

    def save(self, state: State) -> None:
        """Replaces the state in one step."""
        write_atomic(self.path, to_json(state))

    def pause(self) -> Pause | None:
        """The pause in force; one that cannot be read is a pause too."""
        try:
            return Pause.model_validate_json(self._pause.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError):
            return Pause(since=datetime.fromtimestamp(os.stat(self._pause).st_mtime).astimezone(), reason="unreadable")

    def set_pause(self, pause: Pause | None) -> None:
        """Pauses, or resumes with None."""
        if pause is None:
            self._pause.unlink(missing_ok=True)
        else:
            write_atomic(self._pause, to_json(pause))

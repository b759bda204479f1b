"""What tuning leaves on disk: finished trials, so that a killed search goes on where it was, and the values that later runs use again."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError

from schemas.run_record import Trial, Tuning


class TuningOrder(BaseModel):
    """What a run asks of tuning.

    Attributes:
        kept: file with the values of an earlier tuning of this model, search and contract; it need not be there.
        trials: folder of the finished trials of a search.
        generation: how often tuning was asked for again; older kept values do not count.
        limit: replays a search that made so many trials: these and no more, and without a limit of time. None for what is configured.
    """

    kept: str
    trials: str
    generation: int = 0
    limit: int | None = None


def read_kept(path: str, generation: int = 0) -> Tuning | None:
    """Kept values; None when there are none, older ones, or a file that cannot be read (tuning then starts again)."""
    try:
        kept = Tuning.model_validate_json(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValidationError):
        return None
    return kept if kept.generation >= generation else None


@dataclass(frozen=True)
class Trials:
    """The finished trials of one search, a file each, which appears whole or not at all.

    Attributes:
        folder: named by a digest of all that the trials depend on.
    """

    folder: Path

    def read(self, number: int) -> Trial | None:
        """A finished trial; None when it is not there or damaged."""
        try:
            return Trial.model_validate_json(self._path(number).read_text(encoding="utf-8"))
        except (OSError, ValidationError):
            return None

    def write(self, trial: Trial) -> None:
        """Keeps a trial."""
        path = self._path(trial.number)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        with temporary.open("w", encoding="utf-8") as file:
            file.write(trial.model_dump_json(indent=1))
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:04}.json"

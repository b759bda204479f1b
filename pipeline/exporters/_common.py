"""What all targets are given and give back."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from schemas.config import PipelineConfig

#: What a schedule's exit codes mean, wherever they are handled: pushed or nothing new; another run works here, whose result counts.
FINE, BUSY = 0, 5
#: Could pass by itself. Everything else stays what it is until a person changes something, so it is never tried again.
WORTH_A_RETRY = 1


@dataclass(frozen=True)
class Request:
    """What is to be exported.

    Attributes:
        config_path: absolute.
        workspace: absolute.
        folder: where the files will be, absolute.
        command: how `retrain` is called there: the program's absolute path, and words that it always needs.
        cron: five fields, checked; None for no schedule.
        timezone: IANA name, checked; None for the machine's own.
        jitter: seconds by which a start may be late at random.
        user: who runs it.
        image: container image.
    """

    config: PipelineConfig
    config_path: Path
    workspace: Path
    folder: Path
    command: tuple[str, ...]
    cron: str | None
    timezone: str | None
    jitter: int
    user: str
    image: str | None = None

    @property
    def unit(self) -> str:
        """The name that files and jobs have: letters, digits, ``-`` and ``_``."""
        return f"retrain-{self.config.name}"

    def words(self, *words: str) -> list[str]:
        """The whole command line of one command about this configuration."""
        command, *rest = words
        return [*self.command, command, str(self.config_path), *rest, "--workspace", str(self.workspace)]


@dataclass(frozen=True)
class Export:
    """What was made of it.

    Attributes:
        files: name -> text.
        steps: what to do next, a sentence or command each.
        executable: names of the files that are programs.
    """

    files: dict[str, str]
    steps: list[str]
    executable: frozenset[str] = field(default=frozenset())


def needs_schedule(request: Request) -> str:
    """The cron expression.

    Raises:
        ValueError: when there is none.
    """
    if request.cron is None:
        raise ValueError('a schedule is needed: add schedule: {cron: "0 3 * * *"} to the configuration, or --cron')
    return request.cron

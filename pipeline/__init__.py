"""Wiring, running and explaining. In a notebook: `pipeline.load_run(...)`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pipeline.notebook import LoadedRun


def load_run(
    run: str | Path = "latest", config: str | Path | None = None, workspace: str | Path | None = None
) -> LoadedRun:
    """A run for a notebook: shown as its report, with its numbers as data frames.

    Args:
        run: its id, a unique prefix of one, ``latest``, or the path of its folder or run.json.
        config: the configuration of its pipeline; None to look in the current folder.
        workspace: its workspace, where that is not beside the configuration.

    Raises:
        UsageError: when there is no such run.
    """
    # Imported here: everything imports this package, and commands must start fast.
    from pipeline.notebook import load_run as load

    return load(run, config, workspace)

"""Has drift measured from time to time, and keeps in the state what was found until a run starts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from pipeline.redelivered import short
from pipeline.schedule.configured import Configured
from pipeline.schedule.launcher import Launcher
from pipeline.schedule.state import State


class Drifting:
    """The measurements of one pipeline.

    Args:
        root: the workspace.
    """

    def __init__(self, configured: Configured, launcher: Launcher, root: Path):
        self._configured, self._launcher, self._root = configured, launcher, root
        self._sooner = False

    def look(self, state: State, now: datetime, running: bool) -> Iterator[tuple[str, str]]:
        """Takes up a measurement that has ended, and starts one when it is time and no run is at work.

        Yields:
            What there is to tell: what it is told once for, and the sentence.
        """
        rules = self._configured.policy.on_drift
        if rules is None:
            return
        if found := self._launcher.measured():
            if found.problem:
                yield f"drift: {found.problem}", f"Drift was not measured: {found.problem}"
            if found.drift and found.key != state.drifted:
                state.drifted, state.drift_wants = found.key, found.drift
            for path in found.unsettled:
                yield (
                    f"drift {path}",
                    f"{short(path)} is being written, so drift is measured without it until it is complete.",
                )
            self._once_more(state, bool(found.unsettled), now)
        due = state.drift_at is None or (now - state.drift_at).total_seconds() >= rules.every
        if (due or (state.drift_at and state.drift_at > now)) and not running:
            state.drift_at = now
            try:
                self._launcher.measure(self._configured.path, self._root, self._configured.overrides)
            except OSError as error:
                yield f"drift: {error}", f"Drift was not measured: its process could not be started ({error})."

    def _once_more(self, state: State, unsettled: bool, now: datetime) -> None:
        """When files were being written, measures again once they can have settled; one that is always written costs no more than that."""
        of = self._configured.policy
        self._sooner = unsettled and not self._sooner
        wait = timedelta(seconds=of.settling.settle + 1)
        if self._sooner and of.on_drift and wait.total_seconds() < of.on_drift.every:
            state.drift_at = now + wait - timedelta(seconds=of.on_drift.every)

"""Keeps the state on a disk that may be full: says so once, tries again, and lets nothing start that could not be remembered."""

from __future__ import annotations

from collections.abc import Callable

from pipeline.schedule.state import State, StateFile

#: Between two attempts, in seconds: a disk does not get free faster, and each one writes.
AGAIN = 10.0


class Keeper:
    """Writes a scheduler's state.

    Args:
        say: takes a sentence for whoever watches.
        monotonic: a clock that nobody sets, in seconds.
    """

    def __init__(self, file: StateFile, say: Callable[[str], None], monotonic: Callable[[], float]):
        self._file, self._say, self._monotonic = file, say, monotonic
        self._problem = ""
        self._next = 0.0

    @property
    def problem(self) -> str:
        """Why what is on the disk is older than what is known, as a sentence; empty when it is not."""
        return self._problem

    def save(self, state: State) -> bool:
        """Writes the state; whether it is on the disk now. Never raises for the disk."""
        try:
            self._file.save(state)
        except OSError as error:
            self._next = self._monotonic() + AGAIN
            problem = f"The schedule's state cannot be saved ({error.strerror or error}: {self._file.path})."
            if not self._problem:
                self._say(f"{problem} Nothing starts until it can; this is tried again every {AGAIN:.0f} s.")
            self._problem = problem
            return False
        if self._problem:
            self._say("The schedule's state can be saved again; nothing was lost.")
        self._problem = ""
        return True

    def catch_up(self, state: State, at_once: bool = False) -> bool:
        """Tries again what could not be written, when it is time for that; whether nothing is left to write."""
        if self._problem and (at_once or self._monotonic() >= self._next):
            return self.save(state)
        return not self._problem

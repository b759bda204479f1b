"""How runs ended and what was left out, for the history, for the people in `notify`, and for whoever watches."""

from __future__ import annotations

import dataclasses
import queue
import threading
import time
from collections.abc import Iterator
from datetime import datetime

from pipeline import notify
from pipeline.errors import UsageError
from pipeline.schedule.configured import Configured
from pipeline.schedule.request import Result
from pipeline.schedule.state import Due, Outcome
from pipeline.workspace import Workspace
from schemas.schedule import Notify


def reused(outcome: Outcome) -> str:
    """What a run did not do again, in words."""
    return f"reused: {'; '.join(outcome.reused)}" if outcome.reused else "nothing was reused"


def interrupted(now: datetime, due: Due, headline: str) -> Outcome:
    """A run that ended with the scheduler, whose end nobody saw."""
    return Outcome(
        at=now,
        trigger=due.trigger,
        reason=due.reason,
        span=due.span,
        status="interrupted",
        exit_code=1,
        attempt=due.attempt,
        headline=headline,
    )


def skipped(now: datetime, due: Due, notes: list[str]) -> Outcome:
    """A tick that was left out."""
    return Outcome(at=now, trigger=due.trigger, reason=due.reason, status="skipped", span=due.span, notes=notes)


def ended(now: datetime, due: Due, result: Result, status: str, notes: list[str]) -> Outcome:
    """A run that has ended."""
    return Outcome(
        at=now,
        trigger=due.trigger,
        reason=due.reason,
        status=status,
        exit_code=result.exit_code,
        span=result.span if result.span is not None else due.span,
        run_id=result.run_id,
        attempt=due.attempt,
        seconds=result.seconds,
        headline=result.headline,
        reused=result.reused,
        notes=notes,
    )


class Teller:
    """Tells the people in `notify`, one message after the other in a thread: a server that does not answer holds no tick up."""

    def __init__(self, configured: Configured, workspace: Workspace):
        self._configured, self._workspace = configured, workspace
        self._todo: queue.Queue[tuple[notify.Message, Notify, Outcome | None]] = queue.Queue()
        self._problems: queue.SimpleQueue[tuple[str, Outcome | None]] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def of_run(self, outcome: Outcome, well_before: bool | None, next_try: str) -> None:
        """How a run ended.

        Args:
            well_before: whether the run before had ended well.
            next_try: whether it is tried again, as a sentence; empty for nothing to say.
        """
        if self._configured.config.notify is None:
            return
        more = (f"Next: {next_try}",) if next_try else ()
        for moment in notify.moments(outcome.status, well_before):
            message = self._message(outcome, moment)
            self._send(dataclasses.replace(message, lines=(*message.lines, *more)), outcome)

    def of_skipped(self, reason: str) -> None:
        """That a tick was left out, and why."""
        if self._configured.config.notify is not None:
            self._send(notify.Message("skipped", self._configured.config.name, reason), None)

    def problems(self) -> Iterator[tuple[str, Outcome | None]]:
        """What could not be sent since the last time, as a sentence each, with the run that it was about."""
        while not self._problems.empty():
            yield self._problems.get()

    def finish(self, seconds: float) -> bool:
        """Waits for messages that are being sent; whether all were."""
        end = time.monotonic() + seconds
        while self._todo.unfinished_tasks and time.monotonic() < end:
            time.sleep(0.02)
        return not self._todo.unfinished_tasks

    def _message(self, outcome: Outcome, moment: str) -> notify.Message:
        try:
            if outcome.run_id:
                return notify.message_of(self._workspace.load_record(outcome.run_id), moment, outcome.reason)
        except UsageError:
            pass
        because = (f"Started because: {outcome.reason}",)
        return notify.Message(moment, self._configured.config.name, outcome.headline, because)

    def _send(self, message: notify.Message, of: Outcome | None) -> None:
        section = self._configured.config.notify
        if section is None or message.moment not in section.on:
            return
        self._todo.put((message, section, of))
        if self._thread is None:
            # It ends with the process: what is still to be said then has had its time in `finish`.
            self._thread = threading.Thread(target=self._work, name="notify", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        while True:
            message, section, of = self._todo.get()
            for problem in notify.tell(section, message):
                self._problems.put((problem, of))
            self._todo.task_done()

"""How runs ended and what was left out, for the history, for the people in `notify`, and for whoever watches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pipeline import notify
from pipeline.errors import UsageError
from pipeline.schedule.configured import Configured
from pipeline.schedule.request import Result
from pipeline.schedule.state import Due, Outcome
from pipeline.workspace import Workspace


def reused(outcome: Outcome) -> str:
    """What a run did not do again, in words."""
    return f"reused: {', '.join(outcome.reused)}" if outcome.reused else "nothing was reused"


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
    """Tells the people in `notify`.

    Args:
        say: takes a sentence for whoever watches: that somebody could not be told.
    """

    def __init__(self, configured: Configured, workspace: Workspace, say: Callable[[str], None]):
        self._configured, self._workspace, self._say = configured, workspace, say

    def of_run(self, outcome: Outcome, well_before: bool | None) -> list[str]:
        """How a run ended; what could not be sent, as sentences."""
        if self._configured.config.notify is None:
            return []
        record = None
        if outcome.run_id:
            try:
                record = self._workspace.load_record(outcome.run_id)
            except UsageError:
                record = None
        problems: list[str] = []
        for moment in notify.moments(outcome.status, well_before):
            if record is not None:
                message = notify.message_of(record, moment, outcome.reason)
            else:
                because = (f"Started because: {outcome.reason}",)
                message = notify.Message(moment, self._configured.config.name, outcome.headline, because)
            problems += self._send(message)
        return problems

    def of_skipped(self, reason: str) -> None:
        """That a tick was left out, and why."""
        if self._configured.config.notify is not None:
            self._send(notify.Message("skipped", self._configured.config.name, reason))

    def _send(self, message: notify.Message) -> list[str]:
        section = self._configured.config.notify
        problems = notify.tell(section, message) if section else []
        for problem in problems:
            self._say(problem)
        return problems

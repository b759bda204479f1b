"""`retrain schedule CONFIG status` in the terminal: what is at work, what comes, what was. Times are of the schedule's time zone."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType

from components.spans import span_label
from pipeline.lock import LockNote
from pipeline.schedule.blocked import told
from pipeline.schedule.decision import clock, when
from pipeline.schedule.state import Outcome, Pause, State
from pipeline.schedule.triggers import Tick
from pipeline.show.tables import fields, note, table
from pipeline.wording import duration
from schemas.config import PipelineConfig
from schemas.schedule import Schedule

#: Ends that are shown.
SHOWN = 10


@dataclass(frozen=True)
class Seen:
    """What there is to show; None is nothing.

    Attributes:
        held: the scheduler that is at work.
        coming: the next ticks.
    """

    config: PipelineConfig
    state: State | None
    held: LockNote | None
    pause: Pause | None
    coming: Sequence[Tick]

    @property
    def policy(self) -> Schedule:
        """The schedule."""
        assert self.config.schedule is not None
        return self.config.schedule

    def clock(self, outcome: Outcome) -> str:
        """When it was."""
        return clock(outcome.at, self.policy.timezone)


def also(policy: Schedule) -> list[str]:
    """The triggers that are no times."""
    told = ["on new data"] if policy.on_new_data else []
    return told + ([f"on drift, measured every {duration(policy.on_drift.every)}"] if policy.on_drift else [])


def status(seen: Seen) -> RenderableType:
    """Everything on one screen."""
    facts = fields(f"Schedule of {seen.config.name}", _facts(seen))
    past = [o for o in seen.state.history if not o.skipped][-SHOWN:][::-1] if seen.state else []
    if not past:
        return Group(facts, note("No run has ended yet."))
    columns = ("!ended", "started by", ">span", "verdict", ">time", "what")
    return Group(facts, table("Runs", columns, [_row(seen, o) for o in past]))


def _facts(seen: Seen) -> list[tuple[str, str]]:
    state, zone = seen.state, seen.policy.timezone
    found = [("scheduler", _scheduler(seen.held)), ("paused", _paused(seen))]
    if state and state.running:
        of = state.running
        what = f"since {clock(of.started, zone)}: {of.due.reason}"
        found.append(
            (
                "running" if seen.held else "cut off",
                what if seen.held else f"{what} It is made up for at the next start.",
            )
        )
    if state and state.retry:
        found.append(("retry", f"{clock(state.retry.at, zone)}: {state.retry.reason}"))
    found += [("waiting", d.reason) for d in (state.queue if state else [])]
    if state and state.blocked:
        span = (
            ""
            if state.blocked.span is None
            else f" of span {span_label(state.blocked.span, seen.config.data.source.pattern)}"
        )
        found.append(("blocked", f"The run{span}. {told(state.blocked)}"))
    if state and (left_out := list(itertools.takewhile(lambda o: o.skipped, reversed(state.history)))):
        several = f"{len(left_out)} since the newest run ended; the newest: " if len(left_out) > 1 else ""
        found.append(("left out", several + left_out[0].reason))
    if seen.coming:
        found.append(("next tick", when(seen.coming[0], zone)))
    if also(seen.policy):
        found.append(("also", "; ".join(also(seen.policy))))
    return found


def _scheduler(held: LockNote | None) -> str:
    return (
        f"at work (process {held.pid})" if held else "not at work, so nothing starts; start it: retrain schedule CONFIG"
    )


def _paused(seen: Seen) -> str:
    if seen.policy.paused:
        return "by schedule.paused in the configuration"
    if seen.pause is None:
        return "no"
    since = clock(seen.pause.since, seen.policy.timezone)
    return f"since {since}{': ' + seen.pause.reason if seen.pause.reason else ''}"


def _row(seen: Seen, outcome: Outcome) -> list[str]:
    span = "–" if outcome.span is None else span_label(outcome.span, seen.config.data.source.pattern)
    trigger = outcome.trigger.replace("_", " ") + (f" {outcome.attempt}" if outcome.trigger == "retry" else "")
    said = " ".join([outcome.headline, *outcome.notes]).strip()
    return [seen.clock(outcome), trigger, span, outcome.status.replace("_", " "), duration(outcome.seconds), said]

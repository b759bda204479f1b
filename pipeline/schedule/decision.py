"""The pure decision: (now, state, policy, what there is) -> start, queue, replace, leave out or wait, with the reason as a sentence."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from pipeline.schedule.state import Due, State
from pipeline.schedule.triggers import MOST, Tick, next_times
from pipeline.wording import duration
from schemas.schedule import Retries, Schedule

#: A tick that is dealt with within this time was not missed: a look, a save and a busy machine take some seconds.
GRACE = timedelta(seconds=60)
#: Further back than this, the clock was set; less is the correction of a clock that went wrong a little.
SET_BACK = timedelta(hours=1)
#: Exit codes of what does not pass by itself: a wrong configuration, bad data, a model that is no better.
STAYS = {
    2: "The configuration must be corrected",
    3: "The data must be looked at",
    4: "The model was no better",
}
#: Before the reason of a run that was stopped with the scheduler, or cut off with it.
STOPPED = "Stopped with the scheduler, and made up for. Again: "
CUT_OFF = "Cut off with the scheduler, and made up for. Again: "
#: There is nothing to do and nothing to say about it.
IDLE = "Nothing is due."


class Action(enum.Enum):
    """What to do now."""

    START = "start"
    QUEUE = "queue"
    REPLACE = "replace"
    LEAVE_OUT = "leave out"
    WAIT = "wait"


@dataclass(frozen=True)
class Situation:
    """What there is besides what the scheduler remembers.

    Attributes:
        ticks: due ticks of `cron` and `interval`.
        fresh: spans with complete new data, ascending.
        arriving: spans with new data that are not complete yet.
        about: sentences about the new data (late, missing).
        label: a span as people call it.
        put_back: that what blocked the newest blocked run is gone, as a sentence; None when it is not.
        drift: what has drifted, as a sentence; None for nothing.
        running: whether a run is at work; `stopping`, whether it was asked to end.
        paused: why nothing may start, as a sentence; None when something may.
    """

    ticks: tuple[Tick, ...] = ()
    fresh: tuple[int, ...] = ()
    arriving: tuple[int, ...] = ()
    about: tuple[str, ...] = ()
    label: Callable[[int], str] = str
    put_back: str | None = None
    drift: str | None = None
    running: bool = False
    stopping: bool = False
    paused: str | None = None


@dataclass(frozen=True)
class Decision:
    """What to do, and why.

    Attributes:
        due: what is started, queued or left out.
        handled: ticks that are dealt with by this: trigger -> time.
        left_out: ticks that are left out, each with its reason.
    """

    action: Action
    reason: str
    due: Due | None = None
    handled: dict[str, datetime] = field(default_factory=dict)
    left_out: tuple[Due, ...] = ()


def clock(at: datetime, zone: str) -> str:
    """A time in a sentence, as the clocks of a time zone show it."""
    return f"{at.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S %Z}"


def when(tick: Tick, zone: str) -> str:
    """When a tick starts, and how much of it is jitter."""
    return clock(tick.starts, zone) + (f" ({jittered(tick, zone)})" if tick.put_off else "")


def jittered(tick: Tick, zone: str) -> str:
    """``12:17:00 + 16 s of jitter``; empty without jitter."""
    if not tick.put_off:
        return ""
    return f"{tick.at.astimezone(ZoneInfo(zone)):%H:%M:%S} + {duration(tick.put_off.total_seconds())} of jitter"


def coming(policy: Schedule, name: str, state: State | None, now: datetime, count: int) -> list[Tick]:
    """The next ticks of a pipeline; without a state, of a schedule that starts now."""
    return next_times(policy, name, state.first if state else now, state.ticks if state else {}, now, count)


def decide(now: datetime, state: State, policy: Schedule, there: Situation) -> Decision:
    """What to do now. Times are UTC."""
    if there.paused:
        return Decision(Action.WAIT, there.paused)
    if there.stopping:
        return Decision(
            Action.WAIT, "The run is being stopped." if there.running else "The scheduler is being stopped."
        )
    ticks, left_out, handled = _ticks(now, state, policy, there)
    wanted = _wanted(now, state, policy, there, ticks)
    if there.running:
        return _while_running(policy, wanted, ticks, left_out, handled, state)
    if not wanted:
        if left_out:
            return Decision(Action.LEAVE_OUT, left_out[0].reason, left_out[0], handled, tuple(left_out))
        return Decision(Action.WAIT, _waiting(state, policy, there))
    # What is newer than a retry holds its data too, but for a backlog that is run in order.
    newer = [d for d in wanted if d.trigger == "new_data"] if policy.backlog == "newest" else []
    first = (newer or wanted)[0]
    reason = " ".join(dict.fromkeys(d.reason for d in wanted))
    return Decision(Action.START, reason, first.model_copy(update={"reason": reason}), handled, tuple(left_out))


def _ticks(
    now: datetime, state: State, policy: Schedule, there: Situation
) -> tuple[list[Due], list[Due], dict[str, datetime]]:
    """The ticks that want a run, those that are left out, and the times that are dealt with either way."""
    wanted: list[Due] = []
    left_out: list[Due] = []
    for tick in there.ticks:
        why_not = _why_not(now, tick, state, policy, there)
        trigger = "cron" if tick.trigger == "cron" else "interval"
        due = Due(
            trigger=trigger,
            at=tick.at,
            reason=why_not or _about_tick(now, tick, policy) + _about_owed(state, policy, there),
        )
        (left_out if why_not else wanted).append(due)
    return wanted, left_out, {t.trigger: t.at for t in there.ticks}


def _why_not(now: datetime, tick: Tick, state: State, policy: Schedule, there: Situation) -> str:
    late = (now - tick.starts).total_seconds()
    what = f"The tick of {clock(tick.at, policy.timezone)}"
    # Those before it were missed by more.
    out = "is left out" + (f", like {_several(tick.count - 1)} before it" if tick.count > 1 else "")
    if late > GRACE.total_seconds() and policy.missed == "skip":
        return f"{what} was missed by {duration(late)} and {out} (missed: skip)."
    if policy.deadline is not None and late > policy.deadline:
        return f"{what} was missed by {duration(late)}, longer than the deadline of {duration(policy.deadline)}, and {out}."
    if policy.only_if_new_data and not there.fresh and not there.put_back and not state.owed:
        coming = f"; span {there.label(there.arriving[-1])} is not complete yet" if there.arriving else ""
        return f"{what} is left out: no new data since the last run{coming} (only_if_new_data)."
    return ""


def _about_owed(state: State, policy: Schedule, there: Situation) -> str:
    owed = policy.only_if_new_data and state.owed and not there.fresh
    return " The run before it failed, so its data are still to be used." if owed else ""


def _about_tick(now: datetime, tick: Tick, policy: Schedule) -> str:
    jitter = f", {duration(tick.put_off.total_seconds())} of jitter" if tick.put_off else ""
    at = f"The tick of {clock(tick.at, policy.timezone)} ({tick.trigger}{jitter})"
    if policy.missed == "skip":
        return f"{at}." if tick.count == 1 else f"{at}. Left out before it: {_several(tick.count - 1)} (missed: skip)."
    if now - tick.starts <= GRACE and tick.count == 1:
        return f"{at}."
    several = "" if tick.count == 1 else f", the newest of {_several(tick.count)},"
    return f"{at}{several} is made up for by one run (missed: run_once)."


def _several(count: int) -> str:
    """A number of ticks, which are not counted beyond `MOST`."""
    return f"{count}" + (" or more" if count >= MOST - 1 else "")


def _wanted(now: datetime, state: State, policy: Schedule, there: Situation, ticks: list[Due]) -> list[Due]:
    """Everything that wants a run now, in the order in which it is served."""
    wanted = [state.retry] if state.retry and state.retry.at <= now else []
    wanted += state.queue[:1]
    if policy.on_new_data or (policy.only_if_new_data and ticks):
        if there.fresh:
            wanted.append(_new_data(now, state, policy, there))
        if there.put_back:
            span = state.blocked.span if state.blocked else None
            wanted.append(Due(trigger="new_data", at=now, reason=there.put_back, span=span))
    if there.drift:
        wanted.append(Due(trigger="drift", at=now, reason=there.drift))
    return wanted + ticks


def _new_data(now: datetime, state: State, policy: Schedule, there: Situation) -> Due:
    chosen = there.fresh[0] if policy.backlog == "each" else there.fresh[-1]
    span = max([chosen, *(m.span for m in (state.files or {}).values())])
    several = "s" if len(there.fresh) > 1 else ""
    rest = "" if there.fresh == (span,) else f"; this run is up to span {there.label(span)}"
    what = f"New data: span{several} {', '.join(map(there.label, there.fresh))}{rest}."
    return Due(trigger="new_data", at=now, reason=" ".join([what, *there.about]), span=span)


def _while_running(
    policy: Schedule,
    wanted: list[Due],
    ticks: list[Due],
    left_out: list[Due],
    handled: dict[str, datetime],
    state: State,
) -> Decision:
    zone = policy.timezone
    since = f"the run of {clock(state.running.started, zone)}" if state.running else "a run"
    if policy.concurrency == "replace" and any(d.trigger != "retry" for d in wanted):
        first = next(d for d in wanted if d.trigger != "retry")
        reason = f"{first.reason} It takes the place of {since} (concurrency: replace)."
        due = first.model_copy(update={"reason": reason.replace(" It takes ", " It took ")})
        return Decision(Action.REPLACE, reason, due, handled, tuple(left_out))
    if ticks and policy.concurrency == "queue" and not state.queue:
        reason = f"{ticks[0].reason} It is queued behind {since} (concurrency: queue)."
        due = ticks[0].model_copy(update={"reason": reason.replace(" It is queued ", " It was queued ")})
        return Decision(Action.QUEUE, reason, due, handled, tuple(left_out))
    why = "at work, and one waits already" if policy.concurrency == "queue" else "at work"
    refused = [
        d.model_copy(
            update={
                "reason": f"The tick of {clock(d.at, zone)} is left out: {since} is {why} (concurrency: {policy.concurrency})."
            }
        )
        for d in ticks
    ]
    if refused or left_out:
        all_of_them = (*left_out, *refused)
        return Decision(Action.LEAVE_OUT, all_of_them[0].reason, all_of_them[0], handled, all_of_them)
    return Decision(Action.WAIT, f"{since[0].upper()}{since[1:]} is at work.")


def _waiting(state: State, policy: Schedule, there: Situation) -> str:
    if state.retry:
        return retry_due(state.retry, policy.timezone)
    if there.arriving:
        return f"Span {there.label(there.arriving[-1])} is arriving and not complete yet."
    return IDLE


def owes(exit_code: int) -> bool:
    """Whether a run came to no verdict on its data, so that they are still to be used: not after 0, 3 and 4."""
    return exit_code not in (0, 3, 4)


def retry_due(retry: Due, zone: str) -> str:
    """When a retry comes, as a sentence."""
    return f"Retry {retry.attempt} is due at {clock(retry.at, zone)}."


def retry_of(now: datetime, due: Due, exit_code: int, policy: Retries) -> tuple[Due | None, str]:
    """The retry of a run that has ended, if it gets one, and why or why not as a sentence (empty after a good end).

    Args:
        now: when it ended.
        exit_code: of the run; negative or above 128 when a signal ended it, which can pass by itself too.
    """
    if exit_code == 0:
        return None, ""
    if exit_code in STAYS:
        return None, f"{STAYS[exit_code]}: this does not pass by itself, so there is no retry."
    if due.attempt >= policy.times:
        return (
            None,
            f"No retry any more: {due.attempt} of {policy.times} were made." if policy.times else "No retries are set.",
        )
    wait = min(policy.backoff * policy.factor**due.attempt, policy.max)
    at, number = now + timedelta(seconds=wait), due.attempt + 1
    reason = f"Retry {number} of {policy.times} of the run for: {first_reason(due)}"
    again = Due(trigger="retry", at=at, reason=reason, span=due.span, attempt=number)
    return again, f"Retry {number} of {policy.times} in {duration(wait)}: exit code {exit_code} can pass by itself."


def first_reason(due: Due) -> str:
    """Why a run was wanted at first, without the words of the retries between."""
    return due.reason.partition(" of the run for: ")[2] or due.reason.removeprefix(STOPPED).removeprefix(CUT_OFF)


def cut_off(now: datetime, state: State, policy: Schedule) -> tuple[Due | None, str]:
    """What becomes of a run that was at work when the scheduler itself was ended: it is made up for at once, like a retry.

    Returns:
        What makes up for it, if anything does, and what happened as a sentence.
    """
    if state.running is None:
        return None, ""
    due, at = state.running.due, clock(state.running.started, policy.timezone)
    told = f"The scheduler had ended in the middle of the run of {at}"
    if due.attempt >= max(policy.retries.times, 1):
        return (
            None,
            f"{told}. It was attempt {due.attempt + 1} of the run for: {first_reason(due)} It is not tried again.",
        )
    changes = {"trigger": "restart", "at": now, "reason": f"{CUT_OFF}{first_reason(due)}", "attempt": due.attempt + 1}
    return due.model_copy(update=changes), f"{told}."


def set_back(now: datetime, state: State) -> bool:
    """Whether the clock was set back so far that ticks would wait for a time that has been."""
    return any(at - now > SET_BACK for at in state.ticks.values())

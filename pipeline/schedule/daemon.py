"""The scheduler: looks, decides, starts, and remembers. `step` does all of it once; it never waits and never raises for what a run does."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from components.spans import span_label
from pipeline import notify
from pipeline.schedule.arrivals import Arrivals
from pipeline.schedule.blocked import again, blocked_by
from pipeline.schedule.blocked import told as waits_for_files
from pipeline.schedule.configured import Configured
from pipeline.schedule.decision import (
    IDLE,
    STOPPED,
    Action,
    Decision,
    Situation,
    clock,
    coming,
    cut_off,
    decide,
    first_reason,
    owes,
    retry_due,
    retry_of,
    set_back,
    when,
)
from pipeline.schedule.drifting import Drifting
from pipeline.schedule.keeper import AGAIN, Keeper
from pipeline.schedule.launcher import Launcher
from pipeline.schedule.request import Request, Result
from pipeline.schedule.state import Due, Running, State, StateFile
from pipeline.schedule.telling import Teller, ended, interrupted, reused, skipped
from pipeline.schedule.triggers import Tick, due_tick
from pipeline.wording import duration
from pipeline.workspace import Workspace
from schemas.schedule import Schedule

#: So soon a pause, a resume and an edited configuration are noticed, in seconds; a step without anything to do costs a millisecond.
NOTICED = 10.0
#: The end of a run wakes the loop. What must be ended by force has no such signal, and is looked at so often, in seconds.
ENFORCED = 1.0


@dataclass
class Clocks:
    """The time of day, and one that nobody sets (seconds)."""

    now: Callable[[], datetime]
    monotonic: Callable[[], float]


class Daemon:
    """The scheduler of one pipeline.

    Args:
        say: takes a sentence for whoever watches.
    """

    def __init__(
        self,
        config_path: Path,
        workspace: Workspace,
        launcher: Launcher,
        clocks: Clocks,
        say: Callable[[str], None],
        overrides: list[str] | None = None,
    ):
        self._workspace, self._launcher, self._clocks, self._say = workspace, launcher, clocks, say
        self._configured = Configured(config_path, overrides or [])
        self._file = StateFile(workspace.root, self._configured.config.name)
        self._keeper = Keeper(self._file, say, clocks.monotonic)
        self._teller = Teller(self._configured, workspace)
        self._replacing = self._stopping = False
        self._said = ""
        self._notes: list[str] = []
        self._state = self._begin()
        self._arrivals = Arrivals(self._configured, workspace, clocks.monotonic)
        self._drifting = Drifting(self._configured, launcher, workspace.root)

    @property
    def policy(self) -> Schedule:
        """The schedule in force."""
        return self._configured.policy

    @property
    def state(self) -> State:
        """What is remembered."""
        return self._state

    @property
    def unsaved(self) -> str:
        """Why the state on the disk is not the newest, as a sentence; empty when it is."""
        return self._keeper.problem

    @property
    def running(self) -> bool:
        """Whether a run is at work."""
        return self._state.running is not None

    def _begin(self) -> State:
        """The state from before; a run that was at work then is made up for."""
        now = self._clocks.now()
        state = self._file.load() or State(first=now)
        if state.running is not None:
            again, told = cut_off(now, state, self.policy)
            state.remember(interrupted(now, state.running.due, told))
            state.retry, state.running, state.well, state.owed = again, None, False, again is None
            self._say(told)
        for trigger in ("cron", "interval"):
            state.ticks.setdefault(trigger, now)
        self._keeper.save(state)
        return state

    def step(self) -> Decision:
        """Looks at everything once, and does what is to be done."""
        if self._configured.reread(self._say):
            self._arrivals.begin_anew()
        result = self._launcher.poll() if self.running else None
        if result is not None:
            self._ended(result)
        self._note_problems()
        if not self._keeper.catch_up(self._state, at_once=self._stopping):
            return Decision(Action.WAIT, self.unsaved)
        now = self._clocks.now()
        if set_back(now, self._state):
            self._say(f"The clock was set back to {clock(now, self.policy.timezone)}: ticks count from now on.")
            self._state.ticks = {t: min(at, now) for t, at in self._state.ticks.items()}
        self._look(now)
        decision = decide(now, self._state, self.policy, self._situation(now))
        return self._apply(decision, now)

    def _note_problems(self) -> None:
        """Messages that could not be sent: said, and noted beside the run that they were about."""
        for problem, outcome in self._teller.problems():
            self._say(problem)
            if outcome is not None:
                outcome.notes.append(problem)
                self._keeper.save(self._state)

    def finish_telling(self, seconds: float) -> None:
        """Before the process ends: waits for messages that are being sent, and notes those that were not."""
        if not self._teller.finish(seconds):
            self._say(f"notify: a message was not sent within {seconds:.0f} s, and is not sent any more.")
        self._note_problems()

    def _look(self, now: datetime) -> None:
        state = self._state
        measured = (state.drift_at, state.drift_wants)
        for key, sentence in itertools.chain(self._arrivals.look(state), self._drifting.look(state, now, self.running)):
            self._tell_once(key, sentence)
        if measured != (state.drift_at, state.drift_wants):
            self._keeper.save(state)

    def _tell_once(self, key: str, sentence: str) -> None:
        if key not in self._state.told:
            self._state.told = [*self._state.told, key][-200:]
            self._notes.append(sentence)
            self._say(sentence)
            self._keeper.save(self._state)

    def _situation(self, now: datetime) -> Situation:
        policy, state, config, news = self.policy, self._state, self._configured.config, self._arrivals.news
        pattern = config.data.source.pattern
        ticks = [
            due_tick(policy, t, config.name, state.first, state.ticks.get(t, now), now) for t in ("cron", "interval")
        ]
        return Situation(
            ticks=tuple(t for t in ticks if isinstance(t, Tick)),
            fresh=news.fresh,
            arriving=news.arriving,
            about=news.sentences(pattern),
            label=lambda span: span_label(span, pattern),
            put_back=self._put_back(pattern),
            drift=state.drift_wants if policy.on_drift else None,
            running=self.running,
            stopping=self._stopping or self._replacing,
            paused=self.paused(),
        )

    def _put_back(self, pattern: str) -> str | None:
        blocked = self._state.blocked if self._arrivals.put_back else None
        if blocked is None:
            return None
        return again(blocked, None if blocked.span is None else span_label(blocked.span, pattern))

    def paused(self) -> str | None:
        """Why nothing may start, as a sentence; None when something may."""
        if self.policy.paused:
            return "Paused in the configuration (schedule.paused)."
        pause = self._file.pause()
        if pause is None:
            return None
        since = clock(pause.since, self.policy.timezone)
        return f"Paused since {since}{': ' + pause.reason if pause.reason else ''}."

    def _apply(self, decision: Decision, now: datetime) -> Decision:
        """Does what was decided, and returns what was done: a start that could not be remembered waits."""
        before = self._state.model_copy()
        self._state.ticks = {**self._state.ticks, **decision.handled}
        if decision.action is Action.START and decision.due and not self._start(decision.due, now):
            self._state = before
            return Decision(Action.WAIT, self.unsaved)
        state = self._state
        for due in decision.left_out:
            state.remember(skipped(now, due, self._taken_notes()))
            self._say(due.reason)
            self._teller.of_skipped(due.reason)
        if decision.action is Action.QUEUE and decision.due:
            state.queue = [decision.due]
            self._say(decision.reason)
        if decision.action is Action.REPLACE and decision.due:
            state.queue, self._replacing = [decision.due], True
            self._say(decision.reason)
            self._launcher.stop()
        if decision.handled or decision.left_out:
            self._keeper.save(state)
        self._say_waiting(decision, now)
        return decision

    def _say_waiting(self, decision: Decision, now: datetime) -> None:
        """What is waited for, once; not that a run is at work, which it shows itself."""
        waits = decision.action is Action.WAIT
        if waits and decision.reason != self._said and not self.running and not self._stopping:
            self._say(self.waits_for(now) if decision.reason == IDLE else decision.reason)
        if decision.action is not Action.LEAVE_OUT:
            self._said = decision.reason if waits else ""

    def waits_for(self, now: datetime) -> str:
        """What starts the next run, as a sentence."""
        policy = self.policy
        ticks = coming(policy, self._configured.config.name, self._state, now, 1)
        what = ["new data"] if policy.on_new_data else []
        what += ["drift"] if policy.on_drift else []
        what += [f"the tick of {when(ticks[0], policy.timezone)}"] if ticks else []
        return f"Waiting for {' or '.join(what) or 'nothing: no tick ever comes'}."

    def _start(self, due: Due, now: datetime) -> bool:
        """The state first: a kill between the two lines makes the run be made up for, never be forgotten.

        Returns:
            False when the state could not be saved, and so nothing was started.
        """
        state = self._state
        due = due.model_copy(update={"span": self._arrivals.take_up(state, due.span)})
        state.queue, state.retry, state.drift_wants, state.blocked = [], None, None, None
        state.running = Running(due=due, started=now, pid=0)
        if not self._keeper.save(state):
            return False
        self._arrivals.forget()
        self._say(due.reason)
        request = self._request(due.span)
        try:
            state.running.pid = self._launcher.start(request)
        except OSError as error:
            told = f"The process of the run could not be started ({error})."
            self._ended(Result(token=request.token, status="failed", exit_code=1, headline=told))
        else:
            self._keeper.save(state)
        return True

    def _request(self, span: int | None) -> Request:
        return Request(
            config=self._configured.path.resolve(),
            workspace=self._workspace.root,
            span=span,
            overrides=self._configured.overrides,
            timeout=self.policy.timeout,
            stage_timeouts=self.policy.stage_timeouts,
            result=self._file.result,
            token=secrets.token_hex(8),
        )

    def _ended(self, result: Result) -> None:
        """Remembers how a run ended, plans a retry, tells, and gets ready for the next one."""
        state, now = self._state, self._clocks.now()
        assert state.running is not None
        due, state.running = state.running.due, None
        told = ""
        if self._stopping:
            reason = f"{STOPPED}{first_reason(due)}"
            state.retry = due.model_copy(update={"trigger": "restart", "at": now, "reason": reason})
        elif not self._replacing:
            state.retry, told = retry_of(now, due, result.exit_code, self.policy.retries)
            if self._arrivals.matter and (blocked := blocked_by(result)):
                state.blocked, told = blocked, waits_for_files(blocked)
        status = "replaced" if self._replacing else result.status
        outcome = ended(now, due, result, status, [*self._taken_notes(), *([told] if told else [])])
        if not self._replacing and not self._stopping:
            self._teller.of_run(outcome, state.well, told)
            state.well, state.owed = notify.is_well(result.status), owes(result.exit_code)
        state.remember(outcome)
        self._replacing = False
        self._keeper.save(state)
        of_it = f"; {reused(outcome)}" if result.run_id else ""
        self._say(f"{result.headline} ({duration(result.seconds)}{of_it})")
        if told:
            self._say(told)
        if state.retry is not None:
            self._said = retry_due(state.retry, self.policy.timezone)
        if not self._stopping:
            self.prepare()

    def prepare(self) -> None:
        """Gets ready for the next run; without a process that waits, it starts cold."""
        try:
            self._launcher.prepare()
        except OSError as error:
            self._say(f"The process of the next run could not be started ahead of time ({error}).")

    def _taken_notes(self) -> list[str]:
        notes, self._notes = self._notes, []
        return notes

    def stop(self) -> None:
        """Nothing starts from now on; a run that is at work is asked to end, and is made up for at the next start."""
        if self._stopping:
            return
        self._stopping = True
        if self._state.running is not None:
            since = clock(self._state.running.started, self.policy.timezone)
            self._say(f"Stopping the run of {since}; it is made up for at the next start.")
        self._launcher.stop()

    def wait_seconds(self) -> float:
        """How long the next step can wait, in seconds: ticks and ends of processes wake the loop, this is for all else."""
        waits = [AGAIN if self.unsaved else NOTICED]
        if self.running and (self._stopping or self._replacing or self.policy.timeout is not None):
            waits.append(ENFORCED)
        if self._arrivals.matter:
            waits.append(self.policy.settling.poll)
        if self._state.retry and not self.running:
            waits.append(max((self._state.retry.at - self._clocks.now()).total_seconds(), 0.1))
        return min(waits)

"""The scheduler: looks, decides, starts, and remembers. `step` does all of it once; it never waits and never raises for what a run does."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from pipeline import notify
from pipeline.errors import UsageError
from pipeline.job import stages_for
from pipeline.schedule.decision import (
    STOPPED,
    Action,
    Decision,
    Situation,
    clock,
    cut_off,
    decide,
    first_reason,
    retry_of,
    set_back,
)
from pipeline.schedule.keeper import AGAIN, Keeper
from pipeline.schedule.launcher import Launcher
from pipeline.schedule.request import Request, Result
from pipeline.schedule.state import Due, Mark, Outcome, Running, State, StateFile
from pipeline.schedule.triggers import Tick, due_tick
from pipeline.schedule.watch import News, Watcher
from pipeline.wording import duration
from pipeline.workspace import Workspace
from schemas.config import ConfigError, PipelineConfig, did_you_mean, load_config
from schemas.run_record import RunRecord
from schemas.schedule import Schedule


def load_schedule(path: Path, overrides: list[str]) -> PipelineConfig:
    """A configuration with a schedule.

    Raises:
        ConfigError: when it is wrong, or has none.
    """
    config = load_config(path, overrides)
    if config.schedule is None:
        raise ConfigError([f"{path}: has no section schedule. Add one, for instance schedule: {{cron: '0 3 * * *'}}."])
    stages = stages_for(config.recipe)
    wrong = [s for s in config.schedule.stage_timeouts if s not in stages]
    if wrong:
        raise ConfigError(
            [
                f"schedule.stage_timeouts.{s}: is no stage of this pipeline.{did_you_mean(s, list(stages))}"
                for s in wrong
            ]
        )
    return config


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
        self._path, self._workspace, self._launcher = config_path, workspace, launcher
        self._clocks, self._say, self._overrides = clocks, say, overrides or []
        self._config = load_schedule(config_path, self._overrides)
        self._edited = config_path.stat().st_mtime_ns
        self._file = StateFile(workspace.root, self._config.name)
        self._keeper = Keeper(self._file, say, clocks.monotonic)
        self._token = ""
        self._replacing = self._stopping = False
        self._looked: float | None = None
        self._news = News()
        self._said = ""
        self._notes: list[str] = []
        self._state = self._begin()
        self._watcher = self._make_watcher()

    @property
    def policy(self) -> Schedule:
        """The schedule in force."""
        assert self._config.schedule is not None
        return self._config.schedule

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
            again, told = cut_off(now, state, self.policy.retries)
            due = state.running.due
            state.remember(
                Outcome(
                    at=now,
                    trigger=due.trigger,
                    reason=due.reason,
                    span=due.span,
                    status="interrupted",
                    exit_code=1,
                    attempt=due.attempt,
                    headline=told,
                )
            )
            state.retry, state.running, state.well = again, None, False
            self._say(told)
        for trigger in ("cron", "interval"):
            state.ticks.setdefault(trigger, now)
        self._keeper.save(state)
        return state

    def _make_watcher(self) -> Watcher:
        return Watcher(self._config, self._path.resolve().parent, self.policy.settling, self._clocks.monotonic)

    @property
    def _watches(self) -> bool:
        return self.policy.on_new_data is not None or self.policy.only_if_new_data

    def step(self) -> Decision:
        """Looks at everything once, and does what is to be done."""
        self._reload()
        result = self._launcher.poll() if self.running else None
        if result is not None:
            self._ended(result)
        if not self._keeper.catch_up(self._state, at_once=self._stopping):
            return Decision(Action.WAIT, self.unsaved)
        now = self._clocks.now()
        if set_back(now, self._state):
            self._say(f"The clock was set back to {clock(now)}: ticks count from now on.")
            self._state.ticks = {t: min(at, now) for t, at in self._state.ticks.items()}
        self._look()
        decision = decide(now, self._state, self.policy, self._situation(now))
        return self._apply(decision, now)

    def _reload(self) -> None:
        """Takes over an edited configuration; a wrong one changes nothing, and is said once."""
        try:
            edited = self._path.stat().st_mtime_ns
            if edited == self._edited:
                return
            self._edited = edited
            config = load_schedule(self._path, self._overrides)
        except (OSError, ConfigError) as error:
            self._say(
                f"{self._path} was changed and cannot be used, so the schedule from before stays in force: {error}"
            )
            return
        if config.name != self._config.name:
            self._say(f"{self._path} has another name now; the schedule of {self._config.name} stays in force.")
            return
        data = (config.data.source, config.data.window, config.schedule and config.schedule.settling)
        old = (self._config.data.source, self._config.data.window, self.policy.settling)
        self._config = config
        if data != old:
            self._watcher, self._looked = self._make_watcher(), None
        self._say(f"{self._path} was changed; its schedule is in force now.")

    def _look(self) -> None:
        if not self._watches:
            return
        now = self._clocks.monotonic()
        if self._looked is not None and now - self._looked < self.policy.settling.poll:
            return
        self._looked = now
        if self._state.files is None:
            self._state.files = self._known_from_runs()
        self._news = self._watcher.look(self._state.files)
        pattern = self._config.data.source.pattern
        for found in self._news.redelivered:
            self._tell_once(f"redelivered {found.path} {found.after}", found.sentence(pattern))
        for text in self._news.sentences(pattern):
            self._tell_once(text, text)

    def _known_from_runs(self) -> dict[str, Mark]:
        """Before the first look of a schedule: what the newest run read is known, with the digests it had then."""
        for record in self._workspace.iter_records(self._config.name):
            if isinstance(record, RunRecord) and record.files:
                return self._watcher.known_from(record.files)
        return {}

    def _tell_once(self, key: str, sentence: str) -> None:
        if key not in self._state.told:
            self._state.told = [*self._state.told, key][-200:]
            self._notes.append(sentence)
            self._say(sentence)
            self._keeper.save(self._state)

    def _situation(self, now: datetime) -> Situation:
        policy, state = self.policy, self._state
        ticks = [
            due_tick(policy, t, self._config.name, state.first, state.ticks.get(t, now), now)
            for t in ("cron", "interval")
        ]
        return Situation(
            ticks=tuple(t for t in ticks if isinstance(t, Tick)),
            fresh=self._news.fresh,
            arriving=self._news.arriving,
            about=self._news.sentences(self._config.data.source.pattern),
            drift=self._drift(now),
            running=self.running,
            stopping=self._stopping or self._replacing,
            paused=self.paused(),
        )

    def paused(self) -> str | None:
        """Why nothing may start, as a sentence; None when something may."""
        if self.policy.paused:
            return "Paused in the configuration (schedule.paused)."
        pause = self._file.pause()
        if pause is None:
            return None
        return (
            f"Paused since {clock(pause.since.astimezone(timezone.utc))}{': ' + pause.reason if pause.reason else ''}."
        )

    def _drift(self, now: datetime) -> str | None:
        """What has drifted since the last run started, by the newest measurement that has ended."""
        rules, state = self.policy.on_drift, self._state
        if rules is None:
            return None
        if found := self._launcher.measured():
            if found.problem:
                self._tell_once(f"drift: {found.problem}", f"Drift was not measured: {found.problem}")
            if found.drift and found.key != state.drifted:
                state.drifted, state.drift_wants = found.key, found.drift
                self._keeper.save(state)
        due = state.drift_at is None or (now - state.drift_at).total_seconds() >= rules.every
        if (due or (state.drift_at and state.drift_at > now)) and not self.running:
            state.drift_at = now
            self._keeper.save(state)
            self._measure()
        return state.drift_wants

    def _measure(self) -> None:
        try:
            self._launcher.measure(self._path, self._workspace.root, self._overrides)
        except OSError as error:
            self._say(f"Drift was not measured: its process could not be started ({error}).")

    def _apply(self, decision: Decision, now: datetime) -> Decision:
        """Does what was decided, and returns what was done: a start that could not be remembered waits."""
        before = self._state.model_copy()
        self._state.ticks = {**self._state.ticks, **decision.handled}
        if decision.action is Action.START and decision.due and not self._start(decision.due, now):
            self._state = before
            return Decision(Action.WAIT, self.unsaved)
        state = self._state
        for due in decision.left_out:
            state.remember(
                Outcome(
                    at=now,
                    trigger=due.trigger,
                    reason=due.reason,
                    status="skipped",
                    span=due.span,
                    notes=self._taken_notes(),
                )
            )
            self._say(due.reason)
            self._tell(notify.Message("skipped", self._config.name, due.reason))
        if decision.action is Action.QUEUE and decision.due:
            state.queue = [decision.due]
            self._say(decision.reason)
        if decision.action is Action.REPLACE and decision.due:
            state.queue, self._replacing = [decision.due], True
            self._say(decision.reason)
            self._launcher.stop()
        if decision.handled or decision.left_out:
            self._keeper.save(state)
        if decision.action is Action.WAIT and decision.reason != self._said:
            self._say(decision.reason)
        self._said = decision.reason if decision.action is Action.WAIT else ""
        return decision

    def _start(self, due: Due, now: datetime) -> bool:
        """The state first: a kill between the two lines makes the run be made up for, never be forgotten.

        Returns:
            False when the state could not be saved, and so nothing was started.
        """
        state = self._state
        span = due.span
        if self._watches:
            span = span if span is not None else self._watcher.newest_complete()
            state.files = self._watcher.taken_up(state.files or {}, span)
        due = due.model_copy(update={"span": span})
        state.queue, state.retry, state.drift_wants = [], None, None
        state.running = Running(due=due, started=now, pid=0)
        if not self._keeper.save(state):
            return False
        if self._watches:
            self._news, self._looked = News(redelivered=self._news.redelivered), None
        self._say(due.reason)
        self._token = secrets.token_hex(8)
        request = Request(
            config=self._path.resolve(),
            workspace=self._workspace.root,
            span=span,
            overrides=self._overrides,
            timeout=self.policy.timeout,
            stage_timeouts=self.policy.stage_timeouts,
            result=self._file.result,
            token=self._token,
        )
        try:
            state.running.pid = self._launcher.start(request)
        except OSError as error:
            told = f"The process of the run could not be started ({error})."
            self._ended(Result(token=self._token, status="failed", exit_code=1, headline=told))
        else:
            self._keeper.save(state)
        return True

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
        outcome = Outcome(
            at=now,
            trigger=due.trigger,
            reason=due.reason,
            status="replaced" if self._replacing else result.status,
            exit_code=result.exit_code,
            span=result.span if result.span is not None else due.span,
            run_id=result.run_id,
            attempt=due.attempt,
            seconds=result.seconds,
            headline=result.headline,
            reused=result.reused,
            notes=[*self._taken_notes(), *([told] if told else [])],
        )
        if not self._replacing and not self._stopping:
            outcome.notes += self._notify(outcome, due.reason)
            state.well = notify.is_well(result.status)
        state.remember(outcome)
        self._replacing = False
        self._keeper.save(state)
        self._say(f"{result.headline} ({duration(result.seconds)}; {reused(outcome)})")
        if told:
            self._say(told)
        if not self._stopping:
            self.prepare()

    def prepare(self) -> None:
        """Gets ready for the next run; without a process that waits, it starts cold."""
        try:
            self._launcher.prepare()
        except OSError as error:
            self._say(f"The process of the next run could not be started ahead of time ({error}).")

    def _notify(self, outcome: Outcome, reason: str) -> list[str]:
        section = self._config.notify
        if section is None:
            return []
        problems: list[str] = []
        for moment in notify.moments(outcome.status, self._state.well):
            try:
                record = self._workspace.load_record(outcome.run_id) if outcome.run_id else None
            except UsageError:
                record = None
            message = (
                notify.message_of(record, moment, reason)
                if record
                else notify.Message(moment, self._config.name, outcome.headline, (f"Started because: {reason}",))
            )
            problems += notify.tell(section, message)
        for problem in problems:
            self._say(problem)
        return problems

    def _tell(self, message: notify.Message) -> None:
        if self._config.notify is not None:
            for problem in notify.tell(self._config.notify, message):
                self._say(problem)

    def _taken_notes(self) -> list[str]:
        notes, self._notes = self._notes, []
        return notes

    def stop(self) -> None:
        """Nothing starts from now on; a run that is at work is asked to end, and is made up for at the next start."""
        if not self._stopping:
            self._stopping = True
            self._launcher.stop()

    def wait_seconds(self) -> float:
        """How long the next step can wait, in seconds: the ticks are APScheduler's, this is for all else."""
        if self.running:
            return 0.5
        waits = [AGAIN if self.unsaved else 60.0]
        if self._watches:
            waits.append(min(self.policy.settling.poll, 10.0))
        if self.policy.on_drift:
            waits.append(2.0)
        if self._state.retry:
            waits.append(max((self._state.retry.at - self._clocks.now()).total_seconds(), 0.1))
        return min(waits)


def reused(outcome: Outcome) -> str:
    """What a run did not do again, in words."""
    return f"reused: {', '.join(outcome.reused)}" if outcome.reused else "nothing was reused"

"""`retrain schedule CONFIG`, and its actions: status, next, pause, resume, backfill."""

from __future__ import annotations

import getpass
import signal
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from rich.console import Group

from pipeline.commands.output import emit, emit_json, emit_view
from pipeline.console import make_console
from pipeline.errors import UsageError
from pipeline.schedule.backfill import Line, backfill, exit_code, parse_span, spans_between
from pipeline.schedule.daemon import Daemon, load_schedule
from pipeline.schedule.decision import clock
from pipeline.schedule.launcher import ProcessLauncher
from pipeline.schedule.request import Request
from pipeline.schedule.serve import CLOCKS, hold, scheduler_at_work, serve
from pipeline.schedule.state import Outcome, Pause, State, StateFile
from pipeline.schedule.triggers import Tick, next_times
from pipeline.show.tables import fields, note, table
from pipeline.wording import clean, duration, moment
from pipeline.workspace import Workspace
from schemas.config import PipelineConfig, did_you_mean, load_config
from schemas.schedule import Schedule

ACTIONS = ("run", "status", "next", "pause", "resume", "backfill")
#: Ends that `status` shows.
SHOWN = 10


def say(text: str) -> None:
    """A line for whoever watches the scheduler."""
    if text:
        make_console(sys.stderr).print(f"{datetime.now(timezone.utc):%H:%M:%S} {clean(text)}", soft_wrap=True)


def schedule_command(
    config: Path,
    action: str | None,
    workspace: Path | None,
    overrides: list[str],
    as_json: bool,
    count: int,
    reason: str | None,
    accept: list[str],
    first: str | None,
    last: str | None,
) -> int:
    """Does one action; without one, schedules until it is stopped.

    Raises:
        ConfigError, UsageError, LockHeld: before anything is done.
    """
    chosen = action or "run"
    if chosen not in ACTIONS:
        raise UsageError(f"retrain schedule CONFIG {chosen}: is no action.{did_you_mean(chosen, list(ACTIONS))}")
    if chosen != "backfill" and (first or last or accept):
        raise UsageError("--from, --to and --accept are only for: retrain schedule CONFIG backfill")
    parsed = load_schedule(config, overrides) if chosen != "backfill" else load_config(config, overrides)
    place = Workspace.for_config(config, workspace)
    if chosen == "run":
        return _run(config, parsed, place, overrides)
    if chosen == "backfill":
        return _backfill(config, parsed, place, overrides, accept, reason, first, last, as_json)
    file = StateFile(place.root, parsed.name)
    if chosen == "next":
        return _next(parsed, file.load(), count, as_json)
    if chosen in ("pause", "resume"):
        return _pause(parsed, file, chosen == "pause", reason, as_json)
    return _status(parsed, file, place, as_json)


def _run(config: Path, parsed: PipelineConfig, place: Workspace, overrides: list[str]) -> int:
    assert parsed.schedule is not None
    with hold(place, parsed.name):
        launcher = ProcessLauncher(parsed.schedule.warm)
        try:
            daemon = Daemon(config, place, launcher, CLOCKS, say, overrides)
            coming = next_times(parsed.schedule, parsed.name, daemon.state.first, CLOCKS.now(), 1)
            say(
                f"{parsed.name}: scheduling{f'; the next tick is {clock(coming[0].at)}' if coming else ''}. Stop with Ctrl-C."
            )
            daemon.prepare()
            serve(daemon, parsed.name)
        finally:
            launcher.close()
    if daemon.unsaved:
        say(f"Stopped. {daemon.unsaved} The next start goes on from the state before.")
        return 1
    say("Stopped; the state is kept.")
    return 0


def _next(parsed: PipelineConfig, state: State | None, count: int, as_json: bool) -> int:
    assert parsed.schedule is not None
    now = CLOCKS.now()
    coming = next_times(parsed.schedule, parsed.name, state.first if state else now, now, count)
    if as_json:
        emit_json({"next": [_tick_data(t) for t in coming], "also": _also(parsed.schedule)})
    else:
        emit("".join(f"{clock(t.at)}  {_local(t, parsed.schedule)}  {t.trigger}\n" for t in coming))
        emit("".join(f"also: {text}\n" for text in _also(parsed.schedule)))
    return 0


def _local(tick: Tick, policy: Schedule) -> str:
    import zoneinfo

    return f"{tick.at.astimezone(zoneinfo.ZoneInfo(policy.timezone)):%Y-%m-%d %H:%M:%S %Z}"


def _tick_data(tick: Tick) -> dict[str, Any]:
    return {"at": tick.at.isoformat(), "trigger": tick.trigger}


def _also(policy: Schedule) -> list[str]:
    """The triggers that are no times."""
    told = []
    if policy.on_new_data:
        told.append("on new data")
    if policy.on_drift:
        told.append(f"on drift, measured every {duration(policy.on_drift.every)}")
    return told


def _pause(parsed: PipelineConfig, file: StateFile, pauses: bool, reason: str | None, as_json: bool) -> int:
    assert parsed.schedule is not None
    file.set_pause(Pause(since=CLOCKS.now(), reason=reason or f"by {getpass.getuser()}") if pauses else None)
    still = not pauses and parsed.schedule.paused
    told = "paused; a run at work goes on, nothing new starts" if pauses else "resumed"
    told = "still paused by schedule.paused in the configuration" if still else told
    if as_json:
        emit_json({"name": parsed.name, "paused": pauses or still})
    else:
        emit(f"{parsed.name}: {told}.\n")
    return 0


def _status(parsed: PipelineConfig, file: StateFile, place: Workspace, as_json: bool) -> int:
    assert parsed.schedule is not None
    state, held, pause, now = file.load(), scheduler_at_work(place, parsed.name), file.pause(), CLOCKS.now()
    coming = next_times(parsed.schedule, parsed.name, state.first if state else now, now, 1)
    paused = parsed.schedule.paused or pause is not None
    if as_json:
        emit_json(
            {
                "name": parsed.name,
                "scheduler": None if held is None else {"pid": held.pid, "since": held.started},
                "paused": paused,
                "pause": pause,
                "next": [_tick_data(t) for t in coming],
                "state": state,
            }
        )
        return 0
    emit_view(_view(parsed, state, held.pid if held else None, paused, coming))
    return 0


def _view(parsed: PipelineConfig, state: State | None, pid: int | None, paused: bool, coming: list[Tick]) -> Group:
    assert parsed.schedule is not None
    running, retry = (state.running, state.retry) if state else (None, None)
    facts = [
        ("scheduler", f"at work (process {pid})" if pid else "not at work: retrain schedule CONFIG"),
        ("paused", "yes" if paused else "no"),
        ("next tick", clock(coming[0].at) if coming else "–"),
        ("also", "; ".join(_also(parsed.schedule)) or "–"),
        ("running", f"since {clock(running.started)}: {running.due.reason}" if running else "no"),
        ("retry", f"{clock(retry.at)}: {retry.reason}" if retry else "no"),
        ("waiting", "; ".join(d.reason for d in state.queue) if state and state.queue else "none"),
    ]
    past = state.history[-SHOWN:][::-1] if state else []
    if not past:
        return Group(fields(f"Schedule of {parsed.name}", facts), note("No run has ended yet."))
    return Group(
        fields(f"Schedule of {parsed.name}", facts),
        table(
            "Runs and ticks", ("!when", ">span", "verdict", "why it started", ">time", "what"), [_row(o) for o in past]
        ),
    )


def _row(outcome: Outcome) -> list[str]:
    span = "–" if outcome.span is None else str(outcome.span)
    said = " ".join([outcome.headline, *outcome.notes])
    return [moment(outcome.at.isoformat()), span, outcome.status, outcome.reason, duration(outcome.seconds), said]


def _backfill(
    config: Path,
    parsed: PipelineConfig,
    place: Workspace,
    overrides: list[str],
    accept: list[str],
    reason: str | None,
    first: str | None,
    last: str | None,
    as_json: bool,
) -> int:
    # The scheduler itself stays light.
    from pipeline.commands.run import accepted

    if first is None or last is None:
        raise UsageError("backfill needs --from SPAN and --to SPAN.")
    pattern = parsed.data.source.pattern
    ends = parse_span(first, pattern, "--from"), parse_span(last, pattern, "--to")
    spans, missing = spans_between(parsed, config.resolve().parent, *ends)
    policy = parsed.schedule or Schedule(interval=1)
    file = StateFile(place.root, parsed.name)
    request = Request(
        config=config.resolve(),
        workspace=place.root,
        overrides=overrides,
        accept=accepted(accept, reason),
        timeout=policy.timeout,
        stage_timeouts=policy.stage_timeouts,
        result=file.result.with_name("backfill.json"),
        token="",
    )
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with hold(place, parsed.name):
        launcher = ProcessLauncher(policy.warm)
        try:
            lines = backfill(spans, request, policy, launcher, CLOCKS.now, say)
        finally:
            launcher.close()
    lines = sorted([*lines, *(Line(n, None, "missing") for n in missing)], key=lambda line: line.span)
    if as_json:
        emit_json(
            {"name": parsed.name, "spans": [{"span": n.span, "verdict": n.word, "result": n.result} for n in lines]}
        )
    else:
        emit_view(table("Back-fill", (">span", "verdict", ">time", "what", "run"), [_line(n) for n in lines]))
    return exit_code(lines)


def _line(line: Line) -> list[str]:
    if line.result is None:
        return [str(line.span), line.word, "–", "", ""]
    of = line.result
    return [str(line.span), line.word, duration(of.seconds), of.headline, of.run_id or ""]

"""`retrain schedule CONFIG`, and its actions: status, next, pause, resume, backfill."""

from __future__ import annotations

import getpass
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from components.spans import span_label
from pipeline.commands.output import emit, emit_json, emit_view
from pipeline.console import make_console
from pipeline.errors import UsageError
from pipeline.schedule.backfill import Line, backfill, exit_code, parse_span, spans_between
from pipeline.schedule.configured import load_schedule
from pipeline.schedule.daemon import Daemon
from pipeline.schedule.decision import clock, coming, jittered
from pipeline.schedule.launcher import ProcessLauncher
from pipeline.schedule.request import Request
from pipeline.schedule.serve import CLOCKS, hold, scheduler_at_work, serve
from pipeline.schedule.state import Pause, State, StateFile
from pipeline.schedule.triggers import Tick
from pipeline.show.schedule import Seen, also, status
from pipeline.show.tables import table
from pipeline.wording import clean, duration
from pipeline.workspace import Workspace
from schemas.config import PipelineConfig, did_you_mean, load_config
from schemas.schedule import Schedule

#: When it is stopped, messages that are being sent have so long, in seconds.
TELLING = 15.0
ACTIONS = ("run", "status", "next", "pause", "resume", "backfill")


def speaker(zone: str) -> Callable[[str], None]:
    """What writes a line for whoever watches the scheduler, after the time on the clocks of its zone."""

    def say(text: str) -> None:
        if text:
            at = CLOCKS.now().astimezone(ZoneInfo(zone))
            make_console(sys.stderr).print(f"{at:%Y-%m-%d %H:%M:%S} {clean(text)}", soft_wrap=True)

    return say


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
    say = speaker(parsed.schedule.timezone)
    with hold(place, parsed.name):
        launcher = ProcessLauncher(parsed.schedule.warm)
        try:
            say(f"{parsed.name}: scheduling; times are those of {parsed.schedule.timezone}. Stop with Ctrl-C.")
            daemon = Daemon(config, place, launcher, CLOCKS, say, overrides)
            daemon.prepare()
            serve(daemon, parsed.name)
            daemon.finish_telling(TELLING)
        finally:
            launcher.close()
    if daemon.unsaved:
        say(f"Stopped. {daemon.unsaved} The next start goes on from the state before.")
        return 1
    say("Stopped; the state is kept.")
    return 0


def _next(parsed: PipelineConfig, state: State | None, count: int, as_json: bool) -> int:
    assert parsed.schedule is not None
    now, zone = CLOCKS.now(), parsed.schedule.timezone
    ticks = coming(parsed.schedule, parsed.name, state, now, count)
    if as_json:
        emit_json({"next": [_tick_data(t) for t in ticks], "also": also(parsed.schedule)})
        return 0
    for tick in ticks:
        utc = "" if zone == "UTC" else f"  {clock(tick.starts, 'UTC')}"
        jitter = f" ({jittered(tick, zone)})" if tick.put_off else ""
        emit(f"{clock(tick.starts, zone)}{utc}  {tick.trigger}{jitter}\n")
    emit("".join(f"also: {text}\n" for text in also(parsed.schedule)))
    return 0


def _tick_data(tick: Tick) -> dict[str, Any]:
    # `at` is when it starts.
    data = {"at": tick.starts.isoformat(), "trigger": tick.trigger}
    return {**data, "tick": tick.at.isoformat(), "jitter": tick.put_off.total_seconds()}


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
    ticks = coming(parsed.schedule, parsed.name, state, now, 1)
    if as_json:
        emit_json(
            {
                "name": parsed.name,
                "scheduler": None if held is None else {"pid": held.pid, "since": held.started},
                "paused": parsed.schedule.paused or pause is not None,
                "pause": pause,
                "next": [_tick_data(t) for t in ticks],
                "state": state,
            }
        )
        return 0
    emit_view(status(Seen(parsed, state, held, pause, ticks)))
    return 0


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
    say = speaker(policy.timezone)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with hold(place, parsed.name):
        launcher = ProcessLauncher(policy.warm)
        try:
            lines = backfill(spans, request, policy, launcher, CLOCKS.now, say, label=lambda n: span_label(n, pattern))
        finally:
            launcher.close()
    lines = sorted([*lines, *(Line(n, None, "missing") for n in missing)], key=lambda line: line.span)
    if as_json:
        emit_json(
            {"name": parsed.name, "spans": [{"span": n.span, "verdict": n.word, "result": n.result} for n in lines]}
        )
    else:
        emit_view(table("Back-fill", (">span", "verdict", ">time", "what", "run"), [_line(n, pattern) for n in lines]))
    return exit_code(lines)


def _line(line: Line, pattern: str) -> list[str]:
    span = span_label(line.span, pattern)
    if line.result is None:
        return [span, line.word, "–", "", ""]
    of = line.result
    return [span, line.word, duration(of.seconds), of.headline, of.run_id or ""]

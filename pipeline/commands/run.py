"""`retrain run`: one retrain, from configuration to verdict."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from components.registry import build_all
from components.spans import find_spans, pick_window
from pipeline import tuned
from pipeline.commands.output import emit_json
from pipeline.console import RunDisplay
from pipeline.diagnosis.apply import overrides_of
from pipeline.errors import UsageError
from pipeline.job import Event, Job, stages_for
from pipeline.lock import RunLock
from pipeline.metadata_store import password_of
from pipeline.notify import tell_record
from pipeline.retention import carry_out, plan
from pipeline.spare import Spare
from pipeline.supervise import Limits, Supervisor, cut_short, finish, heed_sigterm, new_record
from pipeline.versions_kept import complete
from pipeline.workspace import Workspace, new_run_id
from schemas.config import ConfigError, PipelineConfig, Retention, did_you_mean, load_config
from schemas.run_record import RunRecord


def accepted(codes: list[str], reason: str | None) -> dict[str, str]:
    """Code -> reason.

    Raises:
        UsageError: when one is given without the other.
    """
    if codes and not (reason or "").strip():
        raise UsageError("--accept needs --reason TEXT: why may this finding pass? It is kept in the record.")
    if reason and not codes:
        raise UsageError("--reason needs --accept CODE: which finding may pass?")
    return {code: (reason or "").strip() for code in codes}


def check_runner(config: PipelineConfig) -> None:
    """The runner must be one of the files in `pipeline/runners`."""
    names = sorted(p.stem for p in (Path(__file__).parent.parent / "runners").glob("*.py") if p.stem[:1] != "_")
    if config.runner not in names:
        raise ConfigError([f"runner: unknown runner {config.runner!r}.{did_you_mean(config.runner, names)}"])


def newest_span(config: PipelineConfig, base: Path, span: int | None) -> int:
    """The span of this run.

    Raises:
        ConfigError: when there are no data, or none of that span.
    """
    pattern = config.data.source.pattern
    return max(pick_window(find_spans(pattern, base), config.data.window, span, pattern))


def execute(
    job: Job,
    config: PipelineConfig,
    config_path: Path,
    workspace: Workspace,
    lock: RunLock,
    display: RunDisplay,
    spare: Spare | None = None,
    limits: Limits | None = None,
) -> tuple[RunRecord, list[Event]]:
    """Runs a job in a worker and saves its record, however it ends.

    Raises:
        KeyboardInterrupt: after the record of the interrupted run is saved.
    """
    record = new_record(job, config, config_path, workspace)
    workspace.save_record(record)
    supervisor = Supervisor(job, workspace, lock, display, spare, limits)
    try:
        code = supervisor.run()
    except KeyboardInterrupt as stop:
        cut_short(record, supervisor.events, job.serving, workspace, str(stop) or "Interrupted from the keyboard.")
        raise
    record = finish(record, supervisor.events, job.serving, workspace, code, supervisor.overrun)
    return record, supervisor.events


def clean_temporary(workspace: Workspace) -> None:
    """Removes temporary files of killed runs; only ever called with the lock held."""
    shutil.rmtree(workspace.root / "tmp", ignore_errors=True)


def tidy_up(workspace: Workspace, config: PipelineConfig, serving: Path) -> None:
    """Removes what `retention` lets go. Whatever hinders it, the run has ended as it has."""
    try:
        carry_out(plan(workspace, config.name, serving, config.retention or Retention()))
    except OSError as error:
        print(
            f"retention: {error.filename} cannot be removed ({error.strerror}); retrain gc says more.", file=sys.stderr
        )


def _stages_until(config: PipelineConfig, until: str | None) -> tuple[str, ...]:
    """The stages of a run, up to the last one that is asked for."""
    stages = tuple(stages_for(config.recipe))
    if until is None:
        return stages
    if until not in stages:
        raise UsageError(f"--until {until}: is no stage of this pipeline.{did_you_mean(until, list(stages))}")
    return stages[: stages.index(until) + 1]


def run_once(
    config: Path,
    span: int | None = None,
    overrides: Sequence[str] = (),
    accept: dict[str, str] | None = None,
    workspace: Path | None = None,
    use_cache: bool = True,
    until: str | None = None,
    tune: bool = False,
    spare: Spare | None = None,
    limits: Limits | None = None,
) -> tuple[RunRecord, list[Event]]:
    """One retrain; prints stages and verdict on standard error.

    Args:
        accept: code of a finding -> why it may pass.
        tune: whether better settings are looked for again.
        spare: a worker that has imported everything already.
        limits: longest times.

    Raises:
        ConfigError, UsageError, LockHeld: before anything is run.
    """
    place = Workspace.for_config(config, workspace)
    parsed = load_config(config, list(overrides))
    shown = _stages_until(parsed, until)
    if tune and parsed.train.tune is None:
        raise UsageError("--tune: train.tune is off. Add it to the configuration, or --override train.tune=on.")
    build_all(parsed)
    check_runner(parsed)
    password_of(parsed)
    base = config.resolve().parent
    number = newest_span(parsed, base, span)
    run_id = new_run_id(datetime.now(timezone.utc), number, place.newest_id)
    with place.lock(run_id) as lock:
        clean_temporary(place)
        if tune:
            tuned.ask_again(place.root, parsed.name, "retrain run --tune")
        folder = place.run_folder(run_id)
        folder.mkdir(parents=True)
        job = Job(
            config=parsed.recipe,
            base=base,
            root=place.root,
            folder=folder,
            serving=place.serving(parsed.name, parsed.push.directory),
            run_id=run_id,
            span=number,
            accept=accept or {},
            cache=use_cache,
            until=until,
        )
        with RunDisplay(shown) as display:
            record, events = execute(job, parsed, config.resolve(), place, lock, display, spare, limits)
            display.finish(record)
        complete(place, parsed.name, job.serving, record)
        if parsed.retention is not None:
            tidy_up(place, parsed, job.serving)
    return record, events


def run_command(
    config: Path,
    span: int | None,
    overrides: list[str],
    accept: list[str],
    reason: str | None,
    workspace: Path | None,
    as_json: bool,
    debug: bool,
    use_cache: bool,
    until: str | None = None,
    apply: str | None = None,
    tune: bool = False,
    notify: bool = False,
) -> int:
    """Runs once and prints the verdict.

    Args:
        apply: a cause of an earlier run whose remedy is taken over, see `overrides_of`; own overrides come after it.
        notify: whether those in the section `notify` are told.

    Returns:
        The exit code of the contract: 0 pushed or nothing new, 1 failed, 2 invalid, 3 blocked, 4 not blessed.

    Raises:
        ConfigError, UsageError, LockHeld: before anything is run.
    """
    heed_sigterm("Ended by SIGTERM.")
    let_through = accepted(accept, reason)
    parsed = load_config(config, overrides)
    section = parsed.notify
    if notify and section is None:
        raise UsageError(f"--notify: {config} has no section notify, so there is nobody to tell.")
    if apply is not None:
        title, remedy, again = overrides_of(Workspace.for_config(config, workspace), apply, parsed.name)
        again = again and parsed.train.tune is not None
        told = "; ".join([*remedy, *["--tune"] * again])
        print(f"Applied against {title!r}: {told}", file=sys.stderr)
        overrides, tune = remedy + overrides, tune or again
    record, events = run_once(config, span, overrides, let_through, workspace, use_cache, until, tune)
    if notify and section is not None:
        for problem in tell_record(section, record):
            print(f"note: {problem}", file=sys.stderr)
    if debug:
        for event in events:
            if event.traceback:
                print(event.traceback, file=sys.stderr)
    if as_json:
        emit_json(record)
    return record.exit_code

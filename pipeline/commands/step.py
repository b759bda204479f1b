"""`retrain step`: one stage of a run, in a process of its own."""

from __future__ import annotations

import json
import sys
from datetime import datetime, timezone
from pathlib import Path

from components.registry import build_all
from components.served import manifest, served
from pipeline.commands.output import emit, emit_json
from pipeline.commands.run import accepted, check_runner, clean_temporary, newest_span
from pipeline.console import RunDisplay
from pipeline.errors import UsageError
from pipeline.job import FIRST_STEP, LAST_STEP, Event, Job, stages_for
from pipeline.metadata_store import password_of
from pipeline.record_json import write_atomic
from pipeline.steps import done_stages, events_of
from pipeline.supervise import Supervisor, finish, heed_sigterm, new_record
from pipeline.versions_kept import complete
from pipeline.workspace import Workspace, new_run_id
from schemas.config import PipelineConfig, did_you_mean, load_config
from schemas.run_record import RunRecord, Status

JOB, SERVED = "job.json", "served.json"


def steps_for(config: PipelineConfig) -> list[str]:
    """All steps of a run, in order."""
    return [FIRST_STEP, *stages_for(config.recipe), LAST_STEP]


def step_command(
    config: Path,
    step: str,
    run: str | None,
    span: int | None,
    accept: list[str],
    reason: str | None,
    workspace: Path | None,
    as_json: bool,
) -> int:
    """Runs one step.

    Returns:
        0 when the next step may follow. Of the first and last step and of a stage that ends the run: the run's exit code.

    Raises:
        ConfigError, UsageError, LockHeld: before anything is run.
    """
    heed_sigterm("Ended by SIGTERM.")
    parsed = load_config(config)
    steps, place = steps_for(parsed), Workspace.for_config(config, workspace)
    if step not in steps:
        raise UsageError(f"{step}: is no step of this pipeline.{did_you_mean(step, steps)}")
    password_of(parsed)
    if step == FIRST_STEP:
        if run is not None:
            raise UsageError("--run: the step plan begins a run and gives its id. Leave it out.")
        return _plan(config, parsed, span, accepted(accept, reason), place, as_json)
    if run is None:
        raise UsageError(f"--run: {step} is a step of a run that has begun. Give the id that the step plan gave.")
    record = place.load_record(place.find(run, parsed.name))
    return _verdict(record, place, as_json) if step == LAST_STEP else _stage(record, step, place)


def _plan(
    config: Path, parsed: PipelineConfig, span: int | None, accept: dict[str, str], place: Workspace, as_json: bool
) -> int:
    """Begins a run. One that cannot be planned ends here, with its verdict."""
    build_all(parsed)
    check_runner(parsed)
    base = config.resolve().parent
    number = newest_span(parsed, base, span)
    run_id = new_run_id(datetime.now(timezone.utc), number)
    job = Job(
        config=parsed.recipe,
        base=base,
        root=place.root,
        folder=place.run_folder(run_id),
        serving=place.serving(parsed.name, parsed.push.directory),
        run_id=run_id,
        span=number,
        accept=accept,
        step=FIRST_STEP,
    )
    with place.lock(run_id) as lock:
        clean_temporary(place)
        job.folder.mkdir(parents=True)
        record = new_record(job, parsed, config.resolve(), place)
        place.save_record(record)
        write_atomic(job.folder / SERVED, json.dumps(_digest_served(job.serving)))
        with RunDisplay([]) as display:
            supervisor = Supervisor(job, place, lock, display)
            code = supervisor.run()
            if not any(e.kind == "plan" for e in supervisor.events):
                record = finish(record, supervisor.events, job.serving, place, code)
                display.finish(record)
                return record.exit_code
    steps = steps_for(parsed)[1:]
    if as_json:
        emit_json({"run_id": run_id, "span": number, "steps": steps})
    else:
        emit(f"{run_id}\n")
    return 0


def _digest_served(serving: Path) -> str | None:
    now = served(str(serving))
    return now["digest"] if now else None


def _stage(record: RunRecord, stage: str, place: Workspace) -> int:
    """Runs one stage, unless it is done: a scheduler may ask twice."""
    folder = place.run_folder(record.run_id)
    if record.status is not Status.RUNNING:
        raise UsageError(
            f"run {record.run_id}: has ended ({record.status.value}). Begin another one with the step plan."
        )
    if stage in done_stages(folder):
        print(f"{stage}: was done before in run {record.run_id}.", file=sys.stderr)
        return 0
    job = Job.model_validate_json((folder / JOB).read_text(encoding="utf-8")).model_copy(update={"step": stage})
    with place.lock(record.run_id) as lock:
        _refuse_another_champion(job)
        with RunDisplay([stage]) as display:
            supervisor = Supervisor(job, place, lock, display)
            code = supervisor.run()
    return _code_of(supervisor.events, code)


def _refuse_another_champion(job: Job) -> None:
    """The candidate is compared with what was served when the run began. Nobody holds the lock between steps, so it may have changed.

    Raises:
        UsageError: when another model is served.
    """
    before = json.loads((job.folder / SERVED).read_text(encoding="utf-8"))
    now = served(str(job.serving))
    if now and now["digest"] != before and manifest(now["path"]).get("run") != job.run_id:
        raise UsageError(
            f"run {job.run_id}: another model is served since it began (version {now['version']}). Begin another one with the step plan."
        )


def _code_of(events: list[Event], code: int) -> int:
    """What the end of one stage's worker means."""
    error = next((e for e in events if e.kind == "error"), None)
    if error is None:
        return 0 if code == 0 else Status.FAILED.exit_code
    print(error.message, file=sys.stderr)
    status = {"config": Status.INVALID, "blocked": Status.BLOCKED}.get(error.problem or "", Status.FAILED)
    return status.exit_code


def _verdict(record: RunRecord, place: Workspace, as_json: bool) -> int:
    """Ends a run, however far it came: record, report, model card, and the verdict. Asked again, it says the same again."""
    folder = place.run_folder(record.run_id)
    with RunDisplay([]) as display:
        if record.status is Status.RUNNING:
            job = Job.model_validate_json((folder / JOB).read_text(encoding="utf-8"))
            with place.lock(record.run_id):
                record = finish(record, events_of(folder), job.serving, place, 0)
                complete(place, record.name, job.serving, record)
        display.finish(record)
    if as_json:
        emit_json(record)
    return record.exit_code

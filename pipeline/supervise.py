"""The parent's side of a run: starts the worker, follows its events, and turns however it ended into a saved record."""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pipeline.collect import collect
from pipeline.console import RunDisplay
from pipeline.diagnosis.lookup import diagnose_in, earlier_runs
from pipeline.events import open_events
from pipeline.explain import explain
from pipeline.job import EVENTS_FD, Event, Job
from pipeline.lock import RunLock
from pipeline.report import render
from pipeline.spare import Spare
from pipeline.time_limit import READ, Overrun, compare
from pipeline.versions import versions
from pipeline.workspace import Workspace
from schemas.config import PipelineConfig
from schemas.run_record import RunRecord, StageState, Status

#: The worker must not see the current folder as a place to import from: it may have folders named like our packages.
START = "import sys; sys.path[:] = [p for p in sys.path if p]; from pipeline.worker import main; sys.exit(main())"


def heed_sigterm(reason: str) -> None:
    """SIGTERM, once, ends a run as the keyboard does, with its record saved. Process 1 of a container would not even heed it otherwise."""

    def handler(number: int, frame: object) -> None:
        signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt(reason)

    signal.signal(signal.SIGTERM, handler)


def now() -> str:
    """ISO 8601, UTC, milliseconds."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def config_digest(config: PipelineConfig) -> str:
    """SHA-256 of the configuration with all defaults written out; when runs start and who is told does not count."""
    return hashlib.sha256(json.dumps(config.recipe, sort_keys=True).encode()).hexdigest()


#: Wherever stages run: Keras 3 instead of what TensorFlow Transform asks for, quiet TensorFlow, and the same order of sets everywhere.
ALWAYS = {"TF_USE_LEGACY_KERAS": "0", "TF_CPP_MIN_LOG_LEVEL": "2", "PYTHONUNBUFFERED": "1", "PYTHONHASHSEED": "0"}


def environment(temporary: Path | None) -> dict[str, str]:
    """The worker's environment: Keras 3, quiet TensorFlow, temporary files in a folder that is removed with the run.

    Args:
        temporary: that folder; None for a spare worker, which gets it with its job.
    """
    own = {
        "CUDA_VISIBLE_DEVICES": os.environ.get("CUDA_VISIBLE_DEVICES", "-1"),
        **({} if temporary is None else {"TMPDIR": str(temporary)}),
    }
    return {**os.environ, **ALWAYS, **own}


def new_record(job: Job, config: PipelineConfig, config_path: Path, workspace: Workspace) -> RunRecord:
    """The record of a run that is about to start."""
    return RunRecord(
        run_id=job.run_id,
        name=config.name,
        status=Status.RUNNING,
        exit_code=Status.RUNNING.exit_code,
        started=now(),
        config_path=str(config_path),
        config=config.recipe,
        config_digest=config_digest(config),
        workspace=str(workspace.root),
        until=job.until,
        span=job.span,
        versions=versions(),
        seeds={"train": config.train.seed, "split": config.data.split.seed},
        log=str(workspace.log_path(job.run_id)),
    )


@dataclass(frozen=True)
class Limits:
    """Longest times in seconds: of the whole run (None for none), and of stages by name."""

    run: float | None = None
    stages: Mapping[str, float] = field(default_factory=dict)


class Watchdog:
    """Ends a worker that takes too long; `barked` is what took too long, None while nothing did."""

    def __init__(self, limits: Limits, worker: subprocess.Popen[bytes]):
        self._limits, self._worker = limits, worker
        self._timers: dict[str | None, threading.Timer] = {}
        self._began: dict[str, float] = {}
        self.barked: Overrun | None = None
        if limits.run is not None:
            self._start(None, "schedule.timeout", limits.run)

    def stage(self, name: str, state: StageState) -> None:
        """A stage has begun or ended."""
        if timer := self._timers.pop(name, None):
            timer.cancel()
        self._began.pop(name, None)
        if state is not StageState.RUNNING:
            return
        self._began[name] = time.monotonic()
        limit = self._limits.stages.get(name)
        if limit is not None:
            self._start(name, f"schedule.stage_timeouts.{name}", limit)

    def stop(self) -> None:
        """The worker has ended."""
        for timer in self._timers.values():
            timer.cancel()

    def _start(self, name: str | None, setting: str, seconds: float) -> None:
        self._timers[name] = timer = threading.Timer(seconds, self._bark, [name, setting, seconds])
        timer.daemon = True
        timer.start()

    def _bark(self, name: str | None, setting: str, limit: float) -> None:
        began = dict(self._began)
        stage = name or next(iter(began), None)
        ran = time.monotonic() - began[stage] if stage in began else 0.0
        self.barked = self.barked or Overrun(setting, limit, stage, ran)
        self._worker.kill()


class Supervisor:
    """Runs one job in a worker process.

    Args:
        lock: held by the worker too, so that a killed parent does not free the workspace while the worker still dies.
        spare: a worker that has imported everything already; None to start one.
        limits: longest times.
    """

    def __init__(
        self,
        job: Job,
        workspace: Workspace,
        lock: RunLock,
        display: RunDisplay,
        spare: Spare | None = None,
        limits: Limits | None = None,
    ):
        self._job, self._workspace, self._lock, self._display = job, workspace, lock, display
        self._spare, self._limits = spare, limits or Limits()
        self._watchdog: Watchdog | None = None
        self.events: list[Event] = []

    @property
    def overrun(self) -> Overrun | None:
        """What took too long; None when nothing did."""
        return self._watchdog.barked if self._watchdog else None

    def run(self) -> int:
        """Follows the worker to its end.

        Returns:
            Its exit code; negative for a signal.
        """
        folder = self._job.folder
        temporary = self._workspace.root / "tmp" / self._job.run_id
        temporary.mkdir(parents=True, exist_ok=True)
        job_file = folder / "job.json"
        job_file.write_text(self._job.model_dump_json(indent=1), encoding="utf-8")
        read, write = os.pipe()
        with (folder / "log.txt").open("ab") as log:
            worker = self._worker(job_file, temporary, write, log.fileno())
        os.close(write)
        self._watchdog = Watchdog(self._limits, worker)
        try:
            self._follow(read, folder / "events.jsonl")
            return worker.wait()
        except BaseException:
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            raise
        finally:
            self._watchdog.stop()
            shutil.rmtree(temporary, ignore_errors=True)

    def _worker(self, job_file: Path, temporary: Path, events: int, log: int) -> subprocess.Popen[bytes]:
        if self._spare is not None and self._spare.usable:
            try:
                return self._spare.give(job_file, temporary, events, self._lock.fd, log)
            except OSError:
                self._spare.close()
        return subprocess.Popen(
            [sys.executable, "-c", START, str(job_file)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[events, self._lock.fd],
            env={**environment(temporary), EVENTS_FD: str(events)},
        )

    def _follow(self, read: int, path: Path) -> None:
        with os.fdopen(read, encoding="utf-8") as pipe, open_events(path) as kept:
            for line in pipe:
                if not line.endswith("\n"):
                    break  # the worker was killed while it wrote
                kept.write(line)
                kept.flush()
                event = Event.model_validate_json(line)
                self.events.append(event)
                if event.kind == "stage" and event.stage and event.state:
                    if self._watchdog:
                        self._watchdog.stage(event.stage, StageState(event.state))
                    self._display.stage(event.stage, StageState(event.state), event.seconds)
                    if event.data.get("said"):
                        self._display.message(event.data["said"])
                elif event.kind == "progress":
                    self._display.message(f"{event.stage}: {event.message}")
                elif event.kind == "plan":
                    self._display.message(self._about(event.data))

    def _about(self, data: dict[str, Any]) -> str:
        window = sorted({f["span"] for f in data["plan"]["files"]})
        spans = f"span {window[-1]}" if len(window) == 1 else f"spans {window[0]} to {window[-1]}"
        inputs = len(data["contract"]["features"])
        return f"{self._job.config['name']}: {spans}, {len(data['plan']['files'])} files, {inputs} inputs. Loading TensorFlow and TFX ..."


def finish(
    record: RunRecord,
    events: list[Event],
    serving: Path,
    workspace: Workspace,
    exit_code: int,
    overrun: Overrun | None = None,
) -> RunRecord:
    """Collects, explains, writes the report and saves the record.

    Args:
        overrun: what took too long, so that the worker was ended; None when nothing did.
    """
    from pipeline.schema_seen import schema_seen

    record = collect(record, events, serving)
    record = record.model_copy(update={"schema_seen": schema_seen(workspace, record)})
    if record.status is Status.FAILED and overrun is not None:
        limit = compare(overrun, record, itertools.islice(earlier_runs(workspace, record), READ))
        record = record.model_copy(
            update={"error": overrun.sentence, "failed_stage": overrun.stage, "time_limit": limit}
        )
    elif record.status is Status.FAILED and exit_code < 0 and not any(e.kind == "error" for e in events):
        name = signal.Signals(-exit_code).name
        why = " Is memory short?" if name == "SIGKILL" else ""
        record = record.model_copy(update={"error": f"The worker process was ended by {name}.{why}"})
    return settle(record, workspace)


def cut_short(record: RunRecord, events: list[Event], serving: Path, workspace: Workspace, reason: str) -> RunRecord:
    """The saved record of a run that was interrupted, with what it had done until then."""
    record = collect(record, events, serving)
    running = {"state": StageState.RUNNING}
    changes = {
        "status": Status.INTERRUPTED,
        "exit_code": Status.INTERRUPTED.exit_code,
        "error": reason,
        "failed_stage": None,
        "stages": [s.model_copy(update=running) if s.state is StageState.FAILED else s for s in record.stages],
    }
    return settle(record.model_copy(update=changes), workspace)


def settle(record: RunRecord, workspace: Workspace) -> RunRecord:
    """Ends a record: time, sentences, report, run.json. Called for every way a run can end."""
    finished = now()
    seconds = (datetime.fromisoformat(finished) - datetime.fromisoformat(record.started)).total_seconds()
    record = record.model_copy(update={"finished": finished, "seconds": round(seconds, 3)})
    record = record.model_copy(update={"explanation": explain(record)})
    path = workspace.report_path(record.run_id)
    record = record.model_copy(update={"report": str(path)})
    try:
        path.write_text(render(record, diagnose_in(workspace, record)), encoding="utf-8")
    except Exception:
        record = record.model_copy(update={"report": None})
        workspace.save_record(record)
        raise
    workspace.save_record(record)
    return record

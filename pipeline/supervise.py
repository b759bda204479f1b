"""The parent's side of a run: starts the worker, follows its events, and turns however it ended into a saved record."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from pipeline.collect import collect
from pipeline.console import RunDisplay
from pipeline.diagnosis.lookup import diagnose_in
from pipeline.explain import explain
from pipeline.job import EVENTS_FD, Event, Job
from pipeline.lock import RunLock
from pipeline.report import render
from pipeline.versions import versions
from pipeline.workspace import Workspace
from schemas.config import PipelineConfig
from schemas.run_record import RunRecord, StageState, Status

#: The worker must not see the current folder as a place to import from: it may have folders named like our packages.
START = "import sys; sys.path[:] = [p for p in sys.path if p]; from pipeline.worker import main; sys.exit(main())"


def now() -> str:
    """ISO 8601, UTC, milliseconds."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def config_digest(config: PipelineConfig) -> str:
    """SHA-256 of the configuration with all defaults written out."""
    return hashlib.sha256(json.dumps(config.model_dump(mode="json"), sort_keys=True).encode()).hexdigest()


def environment(temporary: Path) -> dict[str, str]:
    """The worker's environment: Keras 3, quiet TensorFlow, temporary files in a folder that is removed with the run."""
    own = {
        "TF_USE_LEGACY_KERAS": "0",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "CUDA_VISIBLE_DEVICES": os.environ.get("CUDA_VISIBLE_DEVICES", "-1"),
        "TMPDIR": str(temporary),
        "PYTHONUNBUFFERED": "1",
        "PYTHONHASHSEED": "0",
    }
    return {**os.environ, **own}


def new_record(job: Job, config: PipelineConfig, config_path: Path, workspace: Workspace) -> RunRecord:
    """The record of a run that is about to start."""
    return RunRecord(
        run_id=job.run_id,
        name=config.name,
        status=Status.RUNNING,
        exit_code=Status.RUNNING.exit_code,
        started=now(),
        config_path=str(config_path),
        config=config.model_dump(mode="json"),
        config_digest=config_digest(config),
        workspace=str(workspace.root),
        until=job.until,
        span=job.span,
        versions=versions(),
        seeds={"train": config.train.seed, "split": config.data.split.seed},
        log=str(workspace.log_path(job.run_id)),
    )


class Supervisor:
    """Runs one job in a worker process.

    Args:
        lock: held by the worker too, so that a killed parent does not free the workspace while the worker still dies.
    """

    def __init__(self, job: Job, workspace: Workspace, lock: RunLock, display: RunDisplay):
        self._job, self._workspace, self._lock, self._display = job, workspace, lock, display
        self.events: list[Event] = []

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
            worker = subprocess.Popen(
                [sys.executable, "-c", START, str(job_file)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[write, self._lock.fd],
                env={**environment(temporary), EVENTS_FD: str(write)},
            )
        os.close(write)
        try:
            self._follow(read, folder / "events.jsonl")
            return worker.wait()
        except BaseException:
            worker.send_signal(signal.SIGKILL)
            worker.wait()
            raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _follow(self, read: int, path: Path) -> None:
        with os.fdopen(read, encoding="utf-8") as pipe, path.open("a", encoding="utf-8") as kept:
            for line in pipe:
                kept.write(line)
                kept.flush()
                event = Event.model_validate_json(line)
                self.events.append(event)
                if event.kind == "stage" and event.stage and event.state:
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


def finish(record: RunRecord, events: list[Event], serving: Path, workspace: Workspace, exit_code: int) -> RunRecord:
    """Collects, explains, writes the report and saves the record."""
    record = collect(record, events, serving)
    if record.status is Status.FAILED and exit_code < 0 and not any(e.kind == "error" for e in events):
        name = signal.Signals(-exit_code).name
        why = " Is memory short?" if name == "SIGKILL" else ""
        record = record.model_copy(update={"error": f"The worker process was ended by {name}.{why}"})
    return settle(record, workspace)


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

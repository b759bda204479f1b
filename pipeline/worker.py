"""The worker process: plans, builds and runs one pipeline, and reports events. The parent stays light and survives whatever
happens here, a crash of native code or the out-of-memory killer included.

Its standard output and error are the run's log file: all framework output goes there.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline import kept, redelivered
from pipeline.job import EVENTS_FD, PLAN, SCHEMA, STAGES, Event, Job
from pipeline.planning import Planned, plan_job
from pipeline.record_json import write_atomic
from schemas.config import ConfigError, PipelineConfig
from schemas.findings import DataBlocked

Emit = Callable[[Event], None]


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Asks the kernel to end this process when the parent dies, so that a killed run leaves nothing behind that works on.

    Args:
        number: the signal that it gets then.
    """
    pr_set_pdeathsig = 1
    ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, int(number))
    if os.getppid() == 1:
        os._exit(1)


def sentence(error: BaseException) -> str:
    """An error in one line: its kind and the first line of what it says."""
    text = next((line.strip() for line in str(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {text[:300]}" if text else type(error).__name__


class Observer:
    """Wraps TFX's launcher, so that every stage reports when it begins and how it ended, under any runner in this process."""

    def __init__(self, emit: Emit, done: Callable[[str, dict[str, str]], dict[str, Any]]):
        self._emit, self._done = emit, done
        self.reported = False

    def install(self) -> None:
        """Wraps `Launcher.launch` for the rest of the process."""
        from tfx.orchestration.portable import launcher

        original = launcher.Launcher.launch
        observer = self

        def launch(node: Any) -> Any:
            return observer.observe(node, original)

        launcher.Launcher.launch = launch

    def observe(self, node: Any, launch: Callable[[Any], Any]) -> Any:
        """Runs one node and reports on it. An input that does not resolve makes TFX return normally: here it is a failure."""
        stage, began = node._pipeline_node.node_info.id, time.monotonic()
        if stage in STAGES:
            self._emit(Event(kind="stage", stage=stage, state="running"))
        try:
            info = launch(node)
            cached, artifacts = outcome(node._mlmd_connection, info)
        except Exception as error:
            self._failed(stage, time.monotonic() - began, error)
            raise
        if stage in STAGES:
            state = "cached" if cached else "done"
            seconds, data = time.monotonic() - began, self._done(stage, artifacts)
            self._emit(Event(kind="stage", stage=stage, state=state, seconds=seconds, artifacts=artifacts, data=data))
        return info

    def _failed(self, stage: str, seconds: float, error: Exception) -> None:
        blocked = isinstance(error, DataBlocked)
        self._emit(Event(kind="stage", stage=stage, state="blocked" if blocked else "failed", seconds=seconds))
        self._emit(
            Event(
                kind="error",
                stage=stage,
                problem="blocked" if blocked else "failed",
                message=sentence(error),
                traceback=traceback.format_exc(),
                findings=error.findings if isinstance(error, DataBlocked) else [],
            )
        )
        self.reported = True


def outcome(connection: Any, info: Any) -> tuple[bool, dict[str, str]]:
    """Whether a node was cached, and its outputs (name -> folder), from ML Metadata.

    Raises:
        RuntimeError: when TFX recorded a failure without raising it.
    """
    from ml_metadata.proto import metadata_store_pb2 as mlmd

    if info is None:
        return False, {}
    with connection as handle:
        (execution,) = handle.store.get_executions_by_id([info.execution_id])
        events = handle.store.get_events_by_execution_ids([info.execution_id])
        wanted = {e.artifact_id: e.path.steps[0].key for e in events if e.type == mlmd.Event.OUTPUT and e.path.steps}
        uris = {wanted[a.id]: a.uri for a in handle.store.get_artifacts_by_id(list(wanted))}
    state = execution.last_known_state
    if state not in (mlmd.Execution.COMPLETE, mlmd.Execution.CACHED):
        raise RuntimeError(f"TFX ended the stage as {mlmd.Execution.State.Name(state)}: an input could not be resolved")
    return state == mlmd.Execution.CACHED, uris


def prepare_tensorflow(threads: int) -> None:
    """Imports TensorFlow with Keras 3 and fixed thread pools (float results of some CPU kernels depend on their size)."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


def run_job(job: Job, emit: Emit) -> None:
    """Plans and runs; every problem becomes an event."""
    config = PipelineConfig.model_validate(job.config)
    try:
        planned = plan_job(job, config)
    except ConfigError as error:
        emit(Event(kind="error", stage="plan", problem="config", message="\n".join(error.problems)))
        return
    except DataBlocked as error:
        emit(Event(kind="stage", stage="ingest", state="blocked"))
        emit(Event(kind="error", stage="ingest", problem="blocked", message=sentence(error), findings=error.findings))
        return
    remember(job, planned)
    emit(
        Event(
            kind="plan",
            data={"plan": planned.plan.model_dump(mode="json"), "contract": planned.contract.model_dump(mode="json")},
            findings=list(planned.findings),
        )
    )
    run_graph(job, config, planned, emit)


def remember(job: Job, planned: Planned) -> None:
    """Writes plan and schema into the run's folder: a replay starts from them."""
    document = {"plan": planned.plan.model_dump(mode="json"), "contract": planned.contract.model_dump(mode="json")}
    write_atomic(job.folder / PLAN, json.dumps(document, indent=1))
    if planned.schema_file:
        write_atomic(job.folder / SCHEMA, planned.schema_file.read_text(encoding="utf-8"))


def run_graph(job: Job, config: PipelineConfig, planned: Planned, emit: Emit) -> None:
    """Builds the TFX pipeline and runs it."""
    prepare_tensorflow(config.train.threads)
    from components.augmentation_report import SHEETS
    from components.graph_digest import graph_digest
    from components.inspect_data import Parameters
    from components.require_ok import link_tree
    from pipeline.build import Graph, build
    from pipeline.versions import code_digest

    reports: list[Path] = []

    def done(stage: str, artifacts: dict[str, str]) -> dict[str, Any]:
        if stage == "ingest":
            reports.append(Path(artifacts["report"]))
        if stage == "trainer":
            kept.keep_trained(job.root, config.name, planned.plan, reports[0])
        if stage == "augment":
            link_tree(str(Path(artifacts["audit"]) / SHEETS), str(job.folder / SHEETS))
        if stage == "transform":
            return {"digest": graph_digest(Path(artifacts["transform_graph"]) / "transform_fn")}
        proposal = Path(artifacts.get("schema", "")) / "schema.pbtxt"
        if stage == "schema" and proposal.is_file():
            write_atomic(job.folder / SCHEMA, proposal.read_text(encoding="utf-8"))
        if stage == "require_ok":
            return keep(job, config, planned)
        return {}

    graph = Graph(
        config=config,
        plan=planned.plan,
        contract=planned.contract,
        schema_file=str(planned.schema_file) if planned.schema_file else None,
        code=code_digest(),
        run_id=job.run_id,
        root=job.root,
        serving=job.serving,
        accept=job.accept,
        cache=job.cache,
        known=Parameters(
            files=[f"{Path(f.path).parent.name}/{Path(f.path).name}" for f in planned.plan.files],
            newest_accepted=planned.newest_accepted,
            manifests=[f.path for f in planned.plan.files] if planned.plan.form == "images" else [],
            trained=list(planned.trained),
        ),
        until=job.until,
    )
    observer = Observer(emit, done)
    observer.install()
    runner = importlib.import_module(f"pipeline.runners.{config.runner}")
    try:
        runner.run(build(graph))
    except Exception:
        if not observer.reported:
            raise
        traceback.print_exc()
        return
    emit(Event(kind="end"))


def keep(job: Job, config: PipelineConfig, planned: Planned) -> dict[str, Any]:
    """From the first accepted run on: rows keep their splits, and an inferred schema becomes the one to hold data against.

    Returns:
        ``said``: a sentence for the user, when there is something to say.
    """
    kept.keep_accepted(job.root, config.name, planned.plan.window[-1])
    redelivered.keep_digests(job.root, config.name, config.data.source.pattern, planned.plan.files, job.base)
    if config.data.split.stratify and not config.data.split.by_time and not config.data.split.group_by:
        kept.keep_bounds(job.root, config, planned.plan.bounds)
    # A replay has a workspace of its own, but not a folder of its own beside the configuration.
    if job.recorded or config.data.schema_file or not (job.folder / SCHEMA).exists():
        return {}
    proposal = job.folder / SCHEMA
    said = kept.keep_schema(job.root, config, proposal, planned.contract, base=job.base, run_id=job.run_id)
    return {"said": said} if said else {}


def main() -> int:
    """Reads the job from the file named on the command line; events go to the inherited file descriptor."""
    die_with_parent()
    job = Job.model_validate_json(Path(sys.argv[1]).read_text(encoding="utf-8"))
    events = os.fdopen(int(os.environ.pop(EVENTS_FD)), "w", encoding="utf-8", buffering=1)

    def emit(event: Event) -> None:
        events.write(event.model_dump_json() + "\n")

    try:
        run_job(job, emit)
    except Exception as error:
        traceback.print_exc()
        emit(Event(kind="error", problem="failed", message=sentence(error), traceback=traceback.format_exc()))
        return 1
    return 0

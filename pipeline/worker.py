"""The worker process: plans, builds and runs one pipeline, and reports events. The parent stays light and survives whatever
happens here, a crash of native code or the out-of-memory killer included.

Its standard output and error are the run's log file: all framework output goes there.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import shutil
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

from components.progress import listen
from components.served import link_or_copy, served
from pipeline import held_out, kept, redelivered, tuned
from pipeline.job import CHAMPION, EVENTS_FD, FIRST_STEP, PLAN, SCHEMA, STAGES, Event, Job
from pipeline.metadata_guard import guard
from pipeline.model_files import keep_code
from pipeline.observer import Emit, Observer, sentence
from pipeline.planning import Planned, plan_job
from pipeline.record_json import write_atomic
from pipeline.steps import done_stages, load_planned, run_stage, save_planned
from schemas.config import ConfigError, PipelineConfig
from schemas.findings import DataBlocked


def die_with_parent(number: int = signal.SIGKILL) -> None:
    """Asks the kernel to end this process when the parent dies, so that a killed run leaves nothing behind that works on.

    Args:
        number: the signal that it gets then.
    """
    pr_set_pdeathsig = 1
    ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, int(number))
    if _adopted():
        os._exit(1)


def _adopted() -> bool:
    """Whether the parent has died already, so that process 1 has taken this one over.

    Where process 1 is the parent, as a command is that a container starts, it runs the same Python.
    """
    if os.getppid() != 1:
        return False
    try:
        return not os.path.samefile("/proc/1/exe", "/proc/self/exe")
    except OSError:
        return True


def prepare_tensorflow(threads: int) -> None:
    """Imports TensorFlow with Keras 3 and fixed thread pools (float results of some CPU kernels depend on their size)."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)


def run_job(job: Job, emit: Emit) -> None:
    """Plans and runs; every problem becomes an event."""
    config = PipelineConfig.model_validate(job.config)
    if job.step not in (None, FIRST_STEP):
        run_graph(job, config, load_planned(job.folder), emit)
        return
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
    emit(Event(kind="plan", data=document_of(planned), findings=list(planned.findings)))
    reset = guard(job.root / "metadata.db", job.root / "artifacts") if config.metadata is None else None
    if reset is not None:
        emit(Event(kind="notice", findings=[reset]))
    if job.step is None:
        run_graph(job, config, planned, emit)
    else:
        save_planned(job.folder, planned)


def document_of(planned: Planned) -> dict[str, Any]:
    """What the run's folder and its record keep of a plan."""
    return {
        "plan": planned.plan.model_dump(mode="json"),
        "contract": planned.contract.model_dump(mode="json"),
        "frozen": planned.registry.model_dump(mode="json"),
        "model_files": [f.model_dump(mode="json") for f in planned.model.files],
    }


def remember(job: Job, planned: Planned) -> None:
    """Writes plan, schema, the code of a user's model and what a warm start begins with into the run's folder: a replay needs them."""
    write_atomic(job.folder / PLAN, json.dumps(document_of(planned), indent=1))
    keep_code(planned.model, job.folder)
    now = served(str(job.serving)) if (job.config.get("train") or {}).get("warm_start") else None
    if now:
        shutil.copytree(now["path"], job.folder / CHAMPION, copy_function=link_or_copy)
    if planned.schema_file:
        write_atomic(job.folder / SCHEMA, planned.schema_file.read_text(encoding="utf-8"))


def run_graph(job: Job, config: PipelineConfig, planned: Planned, emit: Emit) -> None:
    """Builds the TFX pipeline and runs it."""
    prepare_tensorflow(config.train.threads)
    from components.artifacts import DOCUMENT
    from components.augmentation_report import SHEETS
    from components.graph_digest import graph_digest
    from components.require_ok import link_tree
    from pipeline.beam_costs import lower
    from pipeline.build import Graph, build
    from pipeline.previous import previous_of
    from pipeline.versions import code_digest

    lower()
    before = {} if job.step is None else done_stages(job.folder)
    reports = [Path(before["ingest"].artifacts["report"])] if "ingest" in before else []

    def done(stage: str, artifacts: dict[str, str]) -> dict[str, Any]:
        if stage == "ingest":
            reports.append(Path(artifacts["report"]))
        if stage == "tuner" and planned.tuning:
            document = Path(artifacts["tuner_results"]) / DOCUMENT
            return tuned.keep(job.root, config.name, planned.tuning, document, job.folder, planned.plan.window[-1])
        if stage == "trainer":
            kept.keep_trained(job.root, config.name, planned.plan, reports[0])
            held_out.add(job.root, config.name, job.run_id, planned.plan, reports[0])
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
        model=planned.model.spec,
        model_files=[(f.name, f.sha256) for f in planned.model.files],
        code=code_digest(),
        run_id=job.run_id,
        root=job.root,
        serving=job.serving,
        accept=job.accept,
        cache=job.cache,
        tuning=planned.tuning,
        known=known_of(planned),
        until=job.until,
        previous=previous_of(job.root, config.name, job.serving, planned.plan),
    )
    _launch(job, build(graph), config.runner, Observer(emit, done), emit)


def _launch(job: Job, graph: Any, runner: str, observer: Observer, emit: Emit) -> None:
    """Runs TFX's pipeline, or one stage of it, and says when it has ended. What a stage has reported is not raised again."""
    observer.install()
    listen(lambda stage, said: emit(Event(kind="progress", stage=stage, message=said)))
    try:
        if job.step is None:
            importlib.import_module(f"pipeline.runners.{runner}").run(graph)
        else:
            run_stage(graph, job.step, job.run_id)
    except Exception:
        if not observer.reported:
            raise
        traceback.print_exc()
        return
    if job.step in (None, STAGES[-1]):
        emit(Event(kind="end"))


def known_of(planned: Planned) -> Any:
    """What `inspect_data` must know besides its inputs."""
    from components.inspect_data import Parameters

    return Parameters(
        files=[f"{Path(f.path).parent.name}/{Path(f.path).name}" for f in planned.plan.files],
        newest_accepted=planned.newest_accepted,
        manifests=[f.path for f in planned.plan.files] if planned.plan.form == "images" else [],
        trained=list(planned.trained),
        frozen=list(planned.frozen),
    )


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
    # Stages make a million small objects and few cycles: to look for these after every 700 takes a twentieth of a run.
    gc.set_threshold(20_000)
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

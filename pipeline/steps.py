"""One run in several processes, one a stage: for schedulers whose tasks are processes, like Airflow.

The first step plans and keeps the plan; each stage is then the same node of the same graph, under one run in ML Metadata, so its inputs are
what earlier steps left there. A stage behind a gate that blocked has no input, and fails: no order of steps leads around a gate.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from pipeline.events import read_events
from pipeline.job import PLANNED, STAGES, Event
from pipeline.planning import Planned
from pipeline.record_json import write_atomic

DONE = ("done", "cached")
_PLANNED = TypeAdapter(Planned)


def save_planned(folder: Path, planned: Planned) -> None:
    """Keeps what was planned: later steps must not plan anew, since an earlier one may have changed what is kept in the workspace."""
    write_atomic(folder / PLANNED, _PLANNED.dump_json(planned, indent=1).decode())


def load_planned(folder: Path) -> Planned:
    """What the first step planned."""
    return _PLANNED.validate_json((folder / PLANNED).read_bytes())


def events_of(folder: Path) -> list[Event]:
    """All events of a run so far, without errors that a later attempt at the same step made good."""
    events = read_events(folder / "events.jsonl")
    good = {e.stage: n for n, e in enumerate(events) if e.kind == "stage" and e.state in DONE}
    return [e for n, e in enumerate(events) if not (e.kind == "error" and good.get(e.stage, -1) > n)]


def done_stages(folder: Path) -> dict[str, Event]:
    """The stages of a run that are done, with the event that says so."""
    return {e.stage: e for e in events_of(folder) if e.kind == "stage" and e.state in DONE and e.stage}


def nodes_of(stage: str, ids: list[str]) -> list[str]:
    """A stage's node, and the nodes right before it that are no stages: they fetch what it is compared with."""
    at = ids.index(stage)
    first = at
    while first and ids[first - 1] not in STAGES:
        first -= 1
    return ids[first : at + 1]


def run_stage(pipeline: Any, stage: str, run_id: str) -> None:
    """Runs one stage in this process; raises what it raises.

    Args:
        run_id: under which earlier stages of the run were run.
    """
    from tfx.dsl.compiler.compiler import Compiler
    from tfx.dsl.compiler.constants import PIPELINE_RUN_ID_PARAMETER_NAME
    from tfx.orchestration.local.local_dag_runner import LocalDagRunner
    from tfx.orchestration.portable.runtime_parameter_utils import substitute_runtime_parameter

    compiled = Compiler().compile(pipeline)
    name = f"{compiled.pipeline_info.id}.{run_id}"  # names of runs are unique in a whole database
    substitute_runtime_parameter(compiled, {PIPELINE_RUN_ID_PARAMETER_NAME: name})
    nodes = [n.pipeline_node for n in compiled.nodes]
    wanted = nodes_of(stage, [n.node_info.id for n in nodes])
    for node in nodes:
        if node.node_info.id not in wanted:
            node.execution_options.skip.SetInParent()
    LocalDagRunner().run_with_ir(compiled)

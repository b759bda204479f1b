"""What the parent process asks the worker process to do, and the events that come back, one JSON object a line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from schemas.findings import Finding

#: Stages a person sees, in order; the nodes of the graph have these ids.
STAGES = (
    "ingest",
    "statistics",
    "schema",
    "example_validator",
    "inspect_data",
    "require_ok",
    "transform",
    "augment",
    "augmentation_ok",
    "tuner",
    "trainer",
    "evaluator",
    "judge_model",
    "pusher",
)
#: Only in the graph with `transform.augment`.
AUGMENTING = ("augment", "augmentation_ok")
#: Only in the graph with `train.tune`.
TUNING = ("tuner",)
EVENTS_FD = "RETRAIN_EVENTS_FD"
PLAN, SCHEMA, TUNED = "plan.json", "schema.pbtxt", "tuning.json"
#: Folder with the model that a warm start began from, in the folder of a run.
CHAMPION = "champion"
#: The first and the last step of a run whose stages are processes of their own, and what the first one leaves for the others.
FIRST_STEP, LAST_STEP = "plan", "verdict"
PLANNED = "planned.json"


def stages_for(config: Mapping[str, Any]) -> tuple[str, ...]:
    """The stages of a run with this configuration (plain data, as in a record)."""
    augments, tunes = (config.get("transform") or {}).get("augment"), (config.get("train") or {}).get("tune")
    left_out = (() if augments else AUGMENTING) + (() if tunes else TUNING)
    return tuple(s for s in STAGES if s not in left_out)


class Job(BaseModel):
    """One run for the worker.

    Attributes:
        config: plain configuration data, defaults included.
        base: folder that paths of the configuration are relative to.
        root: the workspace.
        folder: the run's folder.
        recorded: folder of a run whose plan and schema are to be used again (replay); None to plan anew.
        until: the last stage to run; None for all.
        left_out: places of rows, as findings name them, that only test may hold.
        step: the only stage to run, after others ran in processes of their own; ``plan`` to plan and run none. None for a whole run.
    """

    model_config = ConfigDict(extra="forbid")

    config: dict[str, Any]
    base: Path
    root: Path
    folder: Path
    serving: Path
    run_id: str
    span: int | None
    accept: dict[str, str] = {}
    cache: bool = True
    recorded: Path | None = None
    until: str | None = None
    left_out: tuple[str, ...] = ()
    step: str | None = None


class Event(BaseModel):
    """Something that happened in the worker.

    Attributes:
        kind: ``plan`` (data: the plan and the contract), ``notice`` (findings about the workspace), ``stage``, ``progress`` (message: a
            sentence for the user), ``error`` or ``end``.
        stage: the stage it is about.
        state: its new state, for ``stage``.
        problem: ``config``, ``blocked`` or ``failed``, for ``error``.
    """

    model_config = ConfigDict(extra="forbid")

    kind: Literal["plan", "notice", "stage", "progress", "error", "end"]
    stage: str | None = None
    state: str | None = None
    seconds: float | None = None
    artifacts: dict[str, str] = {}
    problem: Literal["config", "blocked", "failed"] | None = None
    message: str = ""
    traceback: str = ""
    findings: list[Finding] = []
    data: dict[str, Any] = {}

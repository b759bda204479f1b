"""A run at work, from its events: which stages are done, which one works and since when."""

from __future__ import annotations

import time
from typing import Any

from pipeline.events import read_events
from pipeline.explain import explanation_of
from pipeline.job import stages_for
from pipeline.wording import STAGE_GLYPHS, duration, outcome
from pipeline.workspace import Workspace
from schemas.run_record import RunRecord, Stage, StageState, Status


def as_of_now(workspace: Workspace, record: RunRecord) -> RunRecord:
    """The record with the stages as its events tell them; one that has ended stays as it is."""
    if record.status is not Status.RUNNING:
        return record
    names = stages_for(record.config)
    if record.until in names:
        names = names[: names.index(record.until) + 1]
    stages = {name: Stage(name=name) for name in names}
    path = workspace.events_path(record.run_id)
    for event in read_events(path):
        if event.kind == "stage" and event.stage in stages and event.state:
            stages[event.stage] = Stage(name=event.stage, state=StageState(event.state), seconds=event.seconds)
    for name, stage in stages.items():
        if stage.state is StageState.RUNNING:
            # The last event is the one that says so.
            since = max(0.0, time.time() - path.stat().st_mtime)
            stages[name] = stage.model_copy(update={"seconds": round(since, 1)})
    return record.model_copy(update={"stages": list(stages.values())})


def live_data(record: RunRecord) -> dict[str, Any]:
    """What the page asks for again and again: small, whatever the run."""
    ended = [s for s in record.stages if s.state not in (StageState.PENDING, StageState.RUNNING)]
    return {
        "status": record.status.value,
        "running": record.status is Status.RUNNING,
        "outcome": outcome(record),
        "headline": explanation_of(record).headline,
        "ended": len(ended),
        "stages": [
            {
                "name": s.name,
                "state": s.state.value,
                "glyph": STAGE_GLYPHS[s.state],
                "text": " ".join([_word(s), *([duration(s.seconds)] if s.seconds is not None else [])]),
            }
            for s in record.stages
        ],
    }


def _word(stage: Stage) -> str:
    return "not run" if stage.state is StageState.PENDING else stage.state.value

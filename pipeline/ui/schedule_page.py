"""The schedule's page: what comes, what was, and pause and resume, from the state that `retrain schedule` keeps."""

from __future__ import annotations

from typing import Any

from components.spans import span_label
from pipeline.errors import UsageError
from pipeline.schedule.blocked import told
from pipeline.schedule.decision import clock, coming, when
from pipeline.schedule.serve import CLOCKS, scheduler_at_work
from pipeline.schedule.state import Pause, StateFile
from pipeline.schema_log import user
from pipeline.wording import STATUS_TONES
from pipeline.workspace import Workspace
from schemas.config import PipelineConfig

#: Ticks ahead, and ends of runs, that are shown.
NEXT, PAST = 5, 50


def schedule_names(config: PipelineConfig, workspace: Workspace) -> dict[str, Any]:
    """The names of the page's template; a state that cannot be read is an error that says so.

    Raises:
        UsageError: when the state cannot be read.
    """
    policy = config.schedule
    if policy is None:
        return {"policy": None}
    file, now = StateFile(workspace.root, config.name), CLOCKS.now()
    state, pause, held = file.load(), file.pause(), scheduler_at_work(workspace, config.name)
    return {
        "policy": policy,
        "at_work": held,
        "pause": pause,
        "paused": policy.paused or pause is not None,
        "coming": [(when(t, policy.timezone), t.trigger) for t in coming(policy, config.name, state, now, NEXT)],
        "state": state,
        "blocked": told(state.blocked) if state and state.blocked else "",
        "past": state.history[-PAST:][::-1] if state else [],
        "last": next((o for o in reversed(state.history) if not o.skipped), None) if state else None,
        "ids": set(workspace.run_ids()),
        "clock": lambda at: clock(at, policy.timezone),
        "span": lambda number: span_label(number, config.data.source.pattern),
        "tones": {status.value: tone for status, tone in STATUS_TONES.items()},
    }


def set_paused(config: PipelineConfig, workspace: Workspace, pauses: bool, reason: str) -> str:
    """Pauses or resumes the schedule, as `retrain schedule CONFIG pause`; returns what was done.

    Raises:
        UsageError: when the configuration has no schedule.
    """
    if config.schedule is None:
        raise UsageError("The configuration has no section schedule: there is nothing to pause.")
    file = StateFile(workspace.root, config.name)
    file.set_pause(Pause(since=CLOCKS.now(), reason=reason or f"by {user()}") if pauses else None)
    if pauses:
        return "The schedule is paused; a run at work goes on, nothing new starts."
    return (
        "Still paused by schedule.paused in the configuration."
        if config.schedule.paused
        else "The schedule is resumed."
    )

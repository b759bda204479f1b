"""What the stages of a run report: when they begin, how they end, and that nothing damaged is reused."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from components.whole import is_whole, note
from pipeline.job import STAGES, Event
from schemas.config import ConfigError
from schemas.findings import DataBlocked, Finding, Severity

Emit = Callable[[Event], None]


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
        from tfx.types import artifact_utils

        original, verify, observer = launcher.Launcher.launch, artifact_utils.verify_artifacts, self

        def launch(node: Any) -> Any:
            return observer.observe(node, original)

        def verify_files(artifacts: Any) -> None:
            verify(artifacts)
            observer.refuse_damaged([a for found in artifacts.values() for a in found])

        launcher.Launcher.launch = launch
        artifact_utils.verify_artifacts = verify_files

    def refuse_damaged(self, artifacts: list[Any]) -> None:
        """Before a stage is cached: what it left must be whole.

        Raises:
            RuntimeError: it is not. TFX then looks for older outputs, and runs the stage when there are none.
        """
        for artifact in artifacts:
            if not is_whole(artifact.mlmd_artifact):
                self._emit(Event(kind="notice", findings=[damaged(artifact.uri)]))
                raise RuntimeError(f"{artifact.uri}: damaged")

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
        blocked, config = isinstance(error, DataBlocked), isinstance(error, ConfigError)
        self._emit(Event(kind="stage", stage=stage, state="blocked" if blocked else "failed", seconds=seconds))
        self._emit(
            Event(
                kind="error",
                stage=stage,
                problem="blocked" if blocked else "config" if config else "failed",
                message="\n".join(error.problems) if isinstance(error, ConfigError) else sentence(error),
                traceback=traceback.format_exc(),
                findings=error.findings if isinstance(error, DataBlocked) else [],
            )
        )
        self.reported = True


def outcome(connection: Any, info: Any) -> tuple[bool, dict[str, str]]:
    """Whether a node was cached, and its outputs (name -> folder), from ML Metadata. Of new ones it is noted what they are made of.

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
        artifacts, state = handle.store.get_artifacts_by_id(list(wanted)), execution.last_known_state
        if state == mlmd.Execution.COMPLETE:
            for artifact in artifacts:
                note(artifact)
            handle.store.put_artifacts(artifacts)
    uris = {wanted[a.id]: a.uri for a in artifacts}
    if state not in (mlmd.Execution.COMPLETE, mlmd.Execution.CACHED):
        raise RuntimeError(f"TFX ended the stage as {mlmd.Execution.State.Name(state)}: an input could not be resolved")
    return state == mlmd.Execution.CACHED, uris


def damaged(folder: str) -> Finding:
    """The warning about an output that is not what its stage left.

    Args:
        folder: ends with stage, output and number.
    """
    stage, output, number = Path(folder).parts[-3:]
    return Finding(
        code="artifact_damaged",
        severity=Severity.WARN,
        subject=f"{output} {number}",
        message=f"{stage}: the output {output} in {folder} must be as the stage left it, got other files, sizes or contents. "
        "It was not reused: the stage ran again.",
        remedy="Look at the disk, and at who may write into the workspace. For this run nothing needs to be done.",
        stage=stage,
    )

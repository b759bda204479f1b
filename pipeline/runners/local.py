"""One stage after the other in this process (TFX's LocalDagRunner)."""

from __future__ import annotations

from typing import Any


def run(pipeline: Any) -> None:
    """Runs all stages; raises what a stage raises."""
    from tfx.orchestration.local.local_dag_runner import LocalDagRunner

    LocalDagRunner().run(pipeline)

"""The stages as one Beam pipeline (TFX's BeamDagRunner): independent stages may overlap."""

from __future__ import annotations

from typing import Any


def run(pipeline: Any) -> None:
    """Runs all stages; raises what a stage raises, wrapped by Beam."""
    from tfx.orchestration.beam.beam_dag_runner import BeamDagRunner

    from pipeline.build import FN_API_RUNNER

    BeamDagRunner(beam_orchestrator_args=[f"--runner={FN_API_RUNNER}"]).run(pipeline)

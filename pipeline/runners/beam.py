"""The stages as one Beam pipeline (TFX's BeamDagRunner)."""

from __future__ import annotations

from typing import Any


def run(pipeline: Any) -> None:
    """Runs all stages; raises what a stage raises, wrapped by Beam.

    The orchestrating pipeline takes no options (giving some selects TFX's legacy runner), so the runner is set as Beam's default:
    Beam's own default would try to download a binary.
    """
    from apache_beam.options.pipeline_options import StandardOptions
    from tfx.orchestration.beam.beam_dag_runner import BeamDagRunner

    from pipeline.build import FN_API_RUNNER

    StandardOptions.DEFAULT_RUNNER = FN_API_RUNNER
    BeamDagRunner().run(pipeline)

"""The node that looks: evidence, schema anomalies and all checks become findings. It never fails because data are bad.

No `from __future__ import annotations` here: TFX reads the annotations of `@component` functions.
"""

import json
from typing import Any

import apache_beam as beam
from tfx.dsl.component.experimental.annotations import BeamComponentParameter, InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import ExampleAnomalies, Examples

from components import examples as example_files
from components import inspection, registry
from components.anomalies import read_findings
from components.artifacts import AcceptedData, DataFindings, IngestReport, read_json, write_json
from schemas.config import PipelineConfig
from schemas.evidence import SPLITS, DataEvidence
from schemas.features import FeatureContract


def _count(element: tuple[str, str], label: str, kinds: dict[str, str]) -> dict[str, Any]:
    return inspection.count_file(element[1], element[0], label, kinds)


def watched(contract: FeatureContract, config: PipelineConfig) -> dict[str, str]:
    """Columns that checks look at: all inputs, and columns that are none only because they have no values."""
    left_out = {*config.data.exclude, config.data.split.group_by}
    kinds = {f.name: f.kind.value for f in contract.features}
    return kinds | {n: "numeric" for n in contract.excluded if n not in left_out}


@component(use_beam=True)
def inspect_data(
    config: Parameter[str],
    contract: Parameter[str],
    code: Parameter[str],
    examples: InputArtifact[Examples],
    report: InputArtifact[IngestReport],
    anomalies: InputArtifact[ExampleAnomalies],
    findings: OutputArtifact[DataFindings],
    previous: InputArtifact[AcceptedData] = None,
    beam_pipeline: BeamComponentParameter[beam.Pipeline] = None,
) -> None:
    """Measures the examples and runs all checks.

    Args:
        config: the `PipelineConfig` as JSON.
        contract: the `FeatureContract` as JSON.
        code: digest of our code and of the framework versions.
        previous: evidence of the newest earlier span that was accepted; None on a first run.
    """
    del code
    parsed = PipelineConfig.model_validate_json(config)
    features = FeatureContract.model_validate_json(contract)
    kinds = watched(features, parsed)
    files = [(split, path) for split in SPLITS for path in example_files.split_files(examples.uri, split)]
    counted = findings.uri + "/counts"
    with beam_pipeline as p:
        _ = (
            p
            | "Files" >> beam.Create(files)
            | "Spread" >> beam.Reshuffle()
            | "Count" >> beam.Map(_count, features.label, kinds)
            | "Collect" >> beam.combiners.ToList()
            | "Keep" >> beam.Map(lambda parts: write_json(counted, parts))
        )
    window = inspection.merge_counts(read_json(counted), features.label, kinds, read_json(report.uri)["unlabelled"])
    accepted = DataEvidence.model_validate(read_json(previous.uri)["evidence"]) if previous else None
    found = read_findings(anomalies.uri, set(features.excluded), window.newest.span)
    checks = registry.build_all(parsed).checks
    for context in inspection.contexts(window, accepted, parsed.train.class_weights is not None):
        found.append(inspection.unlabelled_finding(context.current, features.label))
        for name, check in checks.items():
            found += inspection.run_check(name, check, context)
    document = {"evidence": window.model_dump(), "findings": [f.model_dump(mode="json") for f in found]}
    write_json(findings.uri, json.loads(json.dumps(document)))

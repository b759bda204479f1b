"""The node that looks: evidence, schema anomalies and all checks become findings. It never fails because data are bad.

No `from __future__ import annotations` here: TFX reads the annotations of `@component` functions.
"""

import collections
import dataclasses
import functools
import json
import os
from typing import Any, Optional

import apache_beam as beam
import numpy as np
from pydantic import BaseModel, ConfigDict
from tfx.dsl.component.experimental.annotations import BeamComponentParameter, InputArtifact, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types.standard_artifacts import ExampleAnomalies, Examples

from components import counting, inspection, registry, sample_files, samples
from components.anomalies import read_findings
from components.artifacts import ROWS, SAMPLE, AcceptedData, DataFindings, IngestReport, read_json, write_json
from components.frozen import HeldFile
from components.image_files import names_of
from components.interfaces import Facts, FrozenKeys
from components.remembered import File, Memory, files_of, results
from schemas.config import PipelineConfig
from schemas.evidence import SPLITS, DataEvidence
from schemas.features import FeatureContract, Kind
from schemas.findings import Finding


class Parameters(BaseModel):
    """What the run knows besides data and configuration; part of the node's parameters, so that the cache misses when it changes.

    Attributes:
        files: names of the input files, in the order of the plan.
        newest_accepted: newest accepted span, when newer than the one under examination.
        manifests: paths of the manifests, when the source is images.
        trained: files with fingerprints of rows that were trained on under another way of splitting.
        frozen: files with fingerprints of test rows that earlier runs held out.
    """

    model_config = ConfigDict(extra="forbid")

    files: list[str] = []
    newest_accepted: Optional[int] = None
    manifests: list[str] = []
    trained: list[str] = []
    frozen: list[HeldFile] = []


def watched(contract: FeatureContract, config: PipelineConfig) -> dict[str, str]:
    """Columns that checks look at: all inputs, and columns that are none only because they have no values.

    A label that is an amount is looked at like a numeric input. Yes and no are categories. Of times and texts only what is missing is
    looked at: times grow and texts differ by nature.
    """
    kinds = {f.name: "categorical" if f.kind is Kind.BOOLEAN else f.kind.value for f in contract.features}
    kinds |= {n: "numeric" for n in contract.excluded if n not in left_out(config)}
    return kinds | {contract.label: "numeric"} if contract.amounts else kinds


def left_out(config: PipelineConfig) -> frozenset[str]:
    """Columns that the configuration makes no inputs."""
    data = config.data
    named = {*data.exclude, data.split.group_by, data.time, data.id, data.entity, config.train.sample_weight}
    return frozenset(n for n in named - {*data.features} if n)


def unnamed(config: PipelineConfig) -> frozenset[str]:
    """Columns whose values no finding quotes."""
    return frozenset() if config.checks.show_values else config.data.unnamed


def quotas(shards: list[dict[str, Any]], sample: int) -> dict[str, int]:
    """Examples file -> how many of its first rows go into the sample: its share of the span's, rounded up."""
    rows = collections.Counter[int]()
    for shard in shards:
        rows[shard["span"]] += shard["rows"]
    return {s["file"]: -(-s["rows"] * min(sample, rows[s["span"]]) // rows[s["span"]]) for s in shards}


def count(
    report: dict[str, Any],
    examples: str,
    report_uri: str,
    folder: str,
    sample: int,
    kinds: dict[str, str],
    classes: str,
    memory: Memory,
    pipeline: Any = None,
) -> tuple[list[dict[str, Any]], list[int]]:
    """Counts all examples files, and writes the samples.

    Args:
        folder: for the samples.
        sample: rows of each span that go into it.
        classes: the column of classes; empty where the label is an amount.
        memory: what is known of files that were counted before.
        pipeline: Beam's.

    Returns:
        The counts of `counting.count_file`, and the spans of which nothing was counted anew.
    """
    quota = quotas(report["shards"], sample)
    first = {os.path.join(examples, s["file"]): quota[s["file"]] for s in report["shards"]}
    files = [dataclasses.replace(f, first=first[f.path]) for f in files_of(report, examples)]
    found, reused = results(memory, files, functools.partial(_count, classes=classes, kinds=kinds), pipeline)
    keys = {os.path.join(examples, s["file"]): s["keys"] for s in report["shards"]}
    for file, counted in zip(files, found, strict=True):
        if counted["rows_of_sample"] is not None:
            place = os.path.join(folder, str(file.span), keys[file.path].replace(os.sep, "-"))
            sample_files.write_sample(counted["rows_of_sample"], os.path.join(report_uri, keys[file.path]), place)
    return found, reused


def _count(file: File, classes: str, kinds: dict[str, str]) -> dict[str, Any]:
    return counting.count_file(file.path, file.split, classes, kinds, file.first)


def read_seen(
    report: dict[str, Any],
    report_uri: str,
    counted: list[dict[str, Any]],
    folder: str,
    label: str,
    kinds: dict[str, str],
) -> inspection.Seen:
    """Evidence, samples and keys of the window."""
    window, columns = (
        counting.merge_counts(counted, label, kinds, report["unlabelled"]),
        sample_files.sample_kinds(kinds),
    )
    found = {s.span: samples.read_sample(os.path.join(folder, str(s.span)), columns, s.rows) for s in window.spans}
    known = {n: s for n, s in found.items() if s is not None}
    spans = [counting.with_quantiles(s, known.get(s.span)) for s in window.spans]
    spans[-1] = counting.with_splits(spans[-1], counted, known.get(spans[-1].span))
    ordered = sorted(report["shards"], key=lambda s: (s["span"], s["file"]))
    files = [(s["span"], SPLITS.index(s["split"]), os.path.join(report_uri, s["keys"])) for s in ordered]
    keys = samples.read_keys(files, sum(s["rows"] for s in ordered))
    serving_folder = os.path.join(report_uri, "serving")
    serving = None
    if os.path.isdir(serving_folder):
        inputs = {n: k for n, k in columns.items() if n != label}
        serving = samples.read_sample(serving_folder, inputs, read_json(serving_folder)["rows"])
    return inspection.Seen(window.model_copy(update={"spans": spans}), known, keys, serving)


def read_accepted(uri: str, kinds: dict[str, str]) -> inspection.Accepted:
    """What an accepted run left."""
    document = read_json(uri)
    span = DataEvidence.model_validate(document["evidence"]).newest
    keys = np.load(os.path.join(uri, ROWS))
    return inspection.Accepted(
        span,
        samples.read_sample(os.path.join(uri, SAMPLE), sample_files.sample_kinds(kinds), span.rows),
        keys,
        document["history"],
    )


def facts_of(config: PipelineConfig, seen: Parameters, report_uri: str) -> Facts:
    """What checks may need to know besides the data."""
    data, serving = config.data, os.path.join(report_uri, "serving")
    trained = [np.load(p) for p in seen.trained]
    return Facts(
        time=data.time or data.split.by_time,
        id=data.id,
        entity=data.entity or data.split.group_by,
        group=data.split.group_by,
        by_time=data.split.by_time is not None,
        newest_accepted=seen.newest_accepted,
        trained=np.unique(np.concatenate(trained)) if trained else None,
        frozen=tuple(FrozenKeys(f.span, f.way, f.column, np.load(f.path)) for f in seen.frozen),
        held=read_json(report_uri)["held"],
        files=tuple(seen.files),
        members={i: names_of(p) for i, p in enumerate(seen.manifests)},
        rows_named=config.checks.rows_named,
        unnamed=unnamed(config),
        serving_lacks=tuple(read_json(serving)["lacks"]) if os.path.isdir(serving) else (),
        seed=data.split.seed,
        amount=data.label if data.task == "regression" else None,
    )


def examine(
    seen: inspection.Seen, accepted: Optional[inspection.Accepted], config: PipelineConfig, facts: Facts
) -> list[Finding]:
    """Findings of all checks about all spans that are new."""
    plugins = registry.build_all(config)
    checks, found = plugins.checks, []
    for context in inspection.contexts(seen, accepted, config.train.evens_out, facts):
        for name, check in checks.items():
            seen_by = inspection.context_for(name, check, context)
            found += inspection.run_check(name, check, seen_by, config.checks.on_fail.get(name, "block"))
    if plugins.class_weights is not None and seen.window.labels.get("train"):
        found += inspection.unfit_weights(plugins.class_weights, seen.window)
    return found


@component(use_beam=True)
def inspect_data(
    config: Parameter[str],
    contract: Parameter[str],
    code: Parameter[str],
    known: Parameter[str],
    kept: Parameter[str],
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
        known: `Parameters` as JSON.
        kept: folder for the counts of each span; empty to keep none and use none.
        previous: evidence of the newest earlier span that was accepted; None on a first run.
    """
    parsed = PipelineConfig.model_validate_json(config)
    features = FeatureContract.model_validate_json(contract)
    kinds, ingested = watched(features, parsed), read_json(report.uri)
    folder, classes = os.path.join(findings.uri, SAMPLE), "" if features.amounts else features.label
    memory = Memory(kept or os.path.join(findings.uri, "counts"), json.dumps(["counts", code, classes, kinds]))
    sample = parsed.checks.sample
    counted, reused = count(ingested, examples.uri, report.uri, folder, sample, kinds, classes, memory, beam_pipeline)
    seen = read_seen(ingested, report.uri, counted, folder, features.label, kinds)
    newest = seen.window.newest.span
    if seen.keys is not None:
        np.save(os.path.join(findings.uri, ROWS), np.unique(seen.keys.row[seen.keys.span == newest]))
    accepted = read_accepted(previous.uri, kinds) if previous else None
    facts = facts_of(parsed, Parameters.model_validate_json(known), report.uri)
    found = read_findings(anomalies.uri, set(features.excluded), newest, left_out(parsed), unnamed(parsed))
    found += examine(seen, accepted, parsed, facts)
    document = {
        "evidence": seen.window.model_dump(),
        "findings": [f.model_dump(mode="json") for f in found],
        "history": accepted.history if accepted else {},
        "reused": reused,
    }
    write_json(findings.uri, json.loads(json.dumps(document)))

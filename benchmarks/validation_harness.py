"""Runs the data stages on rows in memory or on folders of images, without TFX around them.

Ingest, samples, checks and schema anomalies are the real ones.

What a pipeline run would do in 20 seconds takes two; so a matrix of some hundred cases is affordable.
"""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from components import inspection
from schemas.config import PipelineConfig, parse_config
from schemas.evidence import DataEvidence
from schemas.findings import DataBlocked, Finding

Rows = list[dict[str, str]]


@dataclass
class Outcome:
    """Findings about the newest span, the anomalies that TFDV alone reports (subject, kind), what a later run would compare with, and the
    evidence of the window."""

    findings: list[Finding]
    tfdv: list[tuple[str, str]] = field(default_factory=list)
    accepted: inspection.Accepted | None = None
    schema: Any = None
    plan: Any = None
    trained: Any = None
    evidence: DataEvidence | None = None


def write_rows(path: Path, rows: Rows) -> None:
    """A CSV file; columns in the order of the first row."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _place(target: Path, data: Rows | Path) -> None:
    """Lays the data of a span where the configuration's source finds them; images of an earlier call are replaced."""
    if isinstance(data, Path):
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(data, target)
    else:
        write_rows(target / "rows.csv", data)


def statistics(examples: Path, report: Mapping[str, Any], span: int) -> Any:
    """TFDV's statistics of a span, all splits together."""
    from components.remembered import files_of
    from components.statistics import accumulators, added_up

    return added_up([accumulators(f) for f in files_of(report, str(examples)) if f.span == span])


def anomalies(
    stats: Any, schema: Any, excluded: set[str], ignored: frozenset[str], span: int, folder: Path
) -> tuple[list[Finding], list[tuple[str, str]]]:
    """Our findings of TFDV's anomalies, and the anomalies themselves."""
    import tensorflow_data_validation as tfdv
    from tensorflow_metadata.proto.v0 import anomalies_pb2

    from components.anomalies import read_findings

    found = tfdv.validate_statistics(stats, schema)
    target = folder / "anomalies" / "Split-train"
    target.mkdir(parents=True, exist_ok=True)
    (target / "SchemaDiff.pb").write_bytes(found.SerializeToString())
    kinds = [
        (name, anomalies_pb2.AnomalyInfo.Type.Name(r.type))
        for name, info in found.anomaly_info.items()
        for r in info.reason
    ]
    return read_findings(str(folder / "anomalies"), excluded, span, ignored), kinds


def observe(
    spans: Mapping[int, Rows | Path],
    config: Mapping[str, Any],
    before: Outcome | None = None,
    serving: Rows | None = None,
    newest_accepted: int | None = None,
    folder: Path | None = None,
) -> Outcome:
    """Inspects the newest of the spans.

    Args:
        config: as in a configuration file; its source is ``span-{SPAN}/*.csv``, or ``span-{SPAN}/{label}/*.png`` for images.
        spans: span -> rows, or a folder of images, one subfolder a label. All of them are the window. Empty for data that lie in
            `folder` already.
        before: outcome of the span that is the reference; None on a first run.
        serving: rows as they are served.
        newest_accepted: newest accepted span, when that is newer than the one inspected.
        folder: where the data are put, and where files that the configuration names lie; None for a temporary one.
    """
    import apache_beam as beam
    from apache_beam.runners.portability.fn_api_runner import FnApiRunner

    from components import inspect_data
    from components.artifacts import read_json
    from components.ingest import read_and_write
    from components.remembered import Memory
    from pipeline.job import Job
    from pipeline.planning import plan_job

    work = Path(tempfile.mkdtemp(prefix="matrix-"))
    base = folder or work
    try:
        for number, data in spans.items():
            _place(base / f"span-{number}", data)
        if serving:
            write_rows(base / "serving.csv", serving)
        parsed: PipelineConfig = parse_config(json.loads(json.dumps(config)))
        job = Job(
            config=parsed.model_dump(mode="json"),
            base=base,
            root=work / "workspace",
            folder=work,
            serving=work / "serving",
            run_id="matrix",
            span=max(spans) if spans else None,
            until="require_ok",
        )
        try:
            planned = plan_job(job, parsed)
            examples, report_uri = work / "examples", work / "report"
            read_and_write(beam.Pipeline(runner=FnApiRunner()), planned.plan, str(examples), str(report_uri))
        except DataBlocked as blocked:
            return Outcome(blocked.findings)
        report, label = read_json(str(report_uri)), planned.contract.label
        classes = "" if planned.contract.amounts else label
        kinds = inspect_data.watched(planned.contract, parsed)
        counted, _ = inspect_data.count(
            *(report, str(examples), str(report_uri), str(work / "sample"), parsed.checks.sample, kinds, classes),
            Memory(str(work / "counts"), ""),
        )
        seen = inspect_data.read_seen(report, str(report_uri), counted, str(work / "sample"), label, kinds)
        newest = seen.window.newest.span
        known = inspect_data.Parameters(
            files=[f"{Path(f.path).parent.name}/{Path(f.path).name}" for f in planned.plan.files],
            newest_accepted=newest_accepted,
            manifests=[f.path for f in planned.plan.files] if planned.plan.form == "images" else [],
        )
        facts = inspect_data.facts_of(parsed, known, str(report_uri))
        if before is not None and before.trained is not None:
            facts = dataclasses.replace(facts, trained=before.trained)
        found = inspect_data.examine(seen, before.accepted if before else None, parsed, facts)
        stats = statistics(examples, report, newest)
        schema = _schema(parsed, base, stats, before)
        more, alone = anomalies(
            stats, schema, set(planned.contract.excluded), inspect_data.left_out(parsed), newest, work
        )
        keys = seen.keys
        rows_of = np.unique(keys.row[keys.span == newest]) if keys is not None else None
        accepted = inspection.Accepted(seen.window.newest, seen.samples.get(newest), rows_of)
        trained = np.unique(keys.row[keys.split == 0]) if keys is not None else None
        return Outcome([*found, *more], alone, accepted, schema, planned.plan, trained, seen.window)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _schema(config: PipelineConfig, base: Path, stats: Any, before: Outcome | None) -> Any:
    """The schema in force: the curated file, else what the reference's statistics propose, as in a second run."""
    import tensorflow_data_validation as tfdv

    if config.data.schema_file:
        from components.tfmd import read_schema

        return read_schema(base / config.data.schema_file)
    if before is not None and before.schema is not None:
        return before.schema
    return tfdv.infer_schema(stats, infer_feature_shape=False)


def named(findings: Sequence[Finding], codes: Sequence[str], subject: str) -> str:
    """The worst severity of the findings of these codes about the subject: ``block``, ``warn`` or ``-``."""
    wanted = [f for f in findings if f.code in codes and (subject in ("*", f.subject) or f.subject.startswith(subject))]
    worst = max((f.severity.rank for f in wanted), default=0)
    return ("-", "warn", "block")[worst]

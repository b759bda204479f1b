"""A run as OpenLineage events: its start, and its end with what it read, what it made and how it ended.

After the specification 2-0-2 and its standard facets (openlineage.io/spec). What has no standard facet is in facets named ``retrain_...``.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pipeline.explain import explanation_of
from pipeline.record_json import plain
from schemas import __version__
from schemas.features import FeatureContract
from schemas.findings import Finding, Severity
from schemas.run_record import RunRecord, Status

SPEC = "https://openlineage.io/spec"
EVENT = f"{SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent"
PRODUCER = f"urn:retrain:{__version__}"
#: A namespace of jobs, where none is given.
NAMESPACE = "retrain"
#: Stages whose findings are about the data that were read.
OF_DATA = ("ingest", "example_validator", "inspect_data")
Facet = dict[str, Any]


def events(record: RunRecord, namespace: str = NAMESPACE) -> list[dict[str, Any]]:
    """The events in their order; of a run that is still at work the first one. The same record gives the same events.

    Args:
        namespace: of the job.
    """
    start = _event(record, namespace, "START", record.started)
    if record.status is Status.RUNNING:
        return [start]
    end = _event(record, namespace, end_of(record.status), record.finished or record.started)
    end["outputs"] = _outputs(record)
    end["run"]["facets"] |= _ending(record)
    return [start, end]


def end_of(status: Status) -> str:
    """How a run that has ended counts: whole when `retrain run` gave exit code 0."""
    if status is Status.INTERRUPTED:
        return "ABORT"
    return "FAIL" if status.exit_code else "COMPLETE"


def run_uuid(record: RunRecord) -> str:
    """The run's id as a UUID, which OpenLineage wants; always the same."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"retrain:{record.name}:{record.run_id}"))


def _event(record: RunRecord, namespace: str, kind: str, when: str) -> dict[str, Any]:
    engine = {"name": "tfx", "version": record.versions.get("tfx", "unknown"), "openlineageAdapterVersion": __version__}
    about = {"runId": record.run_id, "span": record.span, "window": record.window, "configPath": record.config_path}
    return {
        "eventType": kind,
        "eventTime": when,
        "producer": PRODUCER,
        "schemaURL": EVENT,
        "run": {
            "runId": run_uuid(record),
            "facets": {
                "processing_engine": _facet("1-1-1", "ProcessingEngineRunFacet", engine),
                "retrain_run": _own("Run", about | {"configDigest": record.config_digest, "seeds": record.seeds}),
            },
        },
        "job": {
            "namespace": namespace,
            "name": record.name,
            "facets": {
                "jobType": _facet(
                    "2-0-3",
                    "JobTypeJobFacet",
                    {"processingType": "BATCH", "integration": "RETRAIN", "jobType": "PIPELINE"},
                )
            },
        },
        "inputs": _inputs(record),
        "outputs": [],
    }


def _ending(record: RunRecord) -> dict[str, Facet]:
    told = explanation_of(record)
    verdict: Facet = {"status": record.status.value, "exitCode": record.exit_code, "headline": told.headline}
    verdict |= {"why": told.why, "remedies": told.remedies, "champion": record.champion, "seconds": record.seconds}
    facets = {
        "retrain_verdict": _own("Verdict", verdict),
        "retrain_digests": _own("Digests", {"data": record.data_digest, **record.digests}),
        "retrain_versions": _own("Versions", dict(record.versions)),
    }
    if record.evaluation is not None:
        overall = record.evaluation.overall
        values = {name: value.model_dump() for name, value in overall.candidate.items()}
        facets["retrain_metrics"] = _own("Metrics", {"split": "test", "rows": overall.rows, "metrics": plain(values)})
    if end_of(record.status) != "COMPLETE":
        text = " ".join([told.headline, *told.why])
        failed = {"message": text, "programmingLanguage": "python"}
        facets["errorMessage"] = _facet("1-0-1", "ErrorMessageRunFacet", failed)
    return facets


def _inputs(record: RunRecord) -> list[dict[str, Any]]:
    """The files of all spans, then those that the model is made from."""
    data = []
    for f in record.files:
        facets = _version(f.sha256) | (_columns(record.contract) if record.contract else {})
        facets["retrain_file"] = _own("File", {"span": f.span, "sha256": f.sha256})
        data.append(_dataset(f.path, facets) | {"inputFacets": _read(f.bytes) | _judged(record, f.span)})
    model = [
        _dataset(m.path, _version(m.sha256) | {"retrain_file": _own("File", {"use": m.name, "sha256": m.sha256})})
        | {"inputFacets": _read(m.bytes)}
        for m in record.model_files
    ]
    return data + model


def _outputs(record: RunRecord) -> list[dict[str, Any]]:
    """The model that was pushed: its folder of versions, and which one; nothing where nothing was pushed."""
    if record.pushed is None:
        return []
    folder = Path(record.pushed.path)
    about = {"version": record.pushed.version, "path": record.pushed.path, "weights": record.digests.get("weights")}
    facets = _version(str(record.pushed.version)) | {"retrain_model": _own("Model", about)}
    return [_dataset(str(folder.parent), facets)]


def _dataset(path: str, facets: dict[str, Facet]) -> dict[str, Any]:
    """By OpenLineage's rules of naming: files of this machine are in the namespace ``file``, others in that of their store."""
    address = urlsplit(path)
    if address.scheme and address.netloc:
        name = address.path.lstrip("/")
        return {"namespace": f"{address.scheme}://{address.netloc}", "name": name, "facets": facets}
    return {"namespace": "file", "name": path, "facets": facets}


def _version(text: str) -> dict[str, Facet]:
    return {"version": _facet("1-0-1", "DatasetVersionDatasetFacet", {"datasetVersion": text})}


def _columns(contract: FeatureContract) -> dict[str, Facet]:
    """What the pipeline reads of a file: the inputs with their kinds, and the label."""
    fields = [{"name": f.name, "type": f.type.value, "description": f.kind.value} for f in contract.features]
    fields.append({"name": contract.label, "type": contract.label_type.value, "description": "label"})
    return {"schema": _facet("1-1-1", "SchemaDatasetFacet", {"fields": fields})}


def _read(size: int) -> dict[str, Facet]:
    return {"inputStatistics": _facet("1-0-0", "InputStatisticsInputDatasetFacet", {"size": size, "fileCount": 1})}


def _judged(record: RunRecord, span: int) -> dict[str, Facet]:
    """What the checks said of a span."""
    columns = {f.name for f in record.contract.features} | {record.contract.label} if record.contract else set()
    found = [_assertion(f, columns) for f in _of_span(record.findings, span)]
    if not found:
        return {}
    kind = "DataQualityAssertionsDatasetFacet"
    return {"dataQualityAssertions": _facet("1-0-1", kind, {"assertions": found})}


def _of_span(findings: Iterable[Finding], span: int) -> list[Finding]:
    return [f for f in findings if f.span == span and f.stage in OF_DATA]


def _assertion(finding: Finding, columns: set[str]) -> dict[str, Any]:
    about = {"column": finding.subject} if finding.subject in columns else {}
    return {"assertion": finding.code, "success": finding.severity is not Severity.BLOCK, **about}


def _facet(version: str, name: str, values: Facet) -> Facet:
    return {"_producer": PRODUCER, "_schemaURL": f"{SPEC}/facets/{version}/{name}.json#/$defs/{name}", **values}


def _own(name: str, values: Facet) -> Facet:
    return {"_producer": PRODUCER, "_schemaURL": f"urn:retrain:facets:1#{name}", **values}

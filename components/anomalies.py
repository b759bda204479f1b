"""TFDV's schema anomalies as findings. Codes start with ``schema_``; only breaches that make training wrong block."""

from __future__ import annotations

import glob
import os

from tensorflow_metadata.proto.v0 import anomalies_pb2

from schemas.findings import Finding, Severity

#: The rest warns: missing values and new categories are judged by checks that know how many and how sure.
BLOCKING = {
    "UNEXPECTED_DATA_TYPE",
    "SCHEMA_MISSING_COLUMN",
    "INT_TYPE_BIG_INT",
    "INT_TYPE_SMALL_INT",
    "FLOAT_TYPE_BIG_FLOAT",
    "FLOAT_TYPE_SMALL_FLOAT",
    "FLOAT_TYPE_NOT_FLOAT",
    "INT_TYPE_NOT_INT_STRING",
}


def _finding(name: str, info: anomalies_pb2.AnomalyInfo, split: str, excluded: set[str], span: int) -> list[Finding]:
    reasons = info.reason or [
        anomalies_pb2.AnomalyInfo.Reason(short_description=info.short_description, description=info.description)
    ]
    out = []
    for reason in reasons:
        kind = anomalies_pb2.AnomalyInfo.Type.Name(reason.type)
        block = kind in BLOCKING and name not in excluded
        said = reason.short_description.rstrip(".") or "schema anomaly"
        out.append(
            Finding(
                code=f"schema_{kind.lower()}",
                severity=Severity.BLOCK if block else Severity.WARN,
                subject=name,
                observed={"split": split},
                message=f"{name}: {said} ({split} split). {reason.description}".strip(),
                remedy=f"Repair {name!r} in the data; if the change is meant, change the schema.",
                stage="inspect_data",
                span=span,
            )
        )
    return out


def read_findings(uri: str, excluded: set[str], span: int) -> list[Finding]:
    """Findings of an ExampleAnomalies artifact, once per feature and kind (the first split that has it).

    Args:
        excluded: columns that are no inputs; their anomalies only warn.
    """
    found: dict[tuple[str, str], Finding] = {}
    for path in sorted(glob.glob(os.path.join(uri, "Split-*", "SchemaDiff.pb"))):
        split = os.path.basename(os.path.dirname(path)).removeprefix("Split-")
        with open(path, "rb") as file:
            anomalies = anomalies_pb2.Anomalies.FromString(file.read())
        for name, info in sorted(anomalies.anomaly_info.items()):
            for finding in _finding(name, info, split, excluded, span):
                found.setdefault((finding.subject, finding.code), finding)
    if not found:
        message = "The data match the schema: no anomaly in any split."
        return [
            Finding(
                code="schema", severity=Severity.OK, subject="data", message=message, stage="inspect_data", span=span
            )
        ]
    return list(found.values())

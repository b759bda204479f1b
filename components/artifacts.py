"""Artifact types of our own, all folders with one JSON document in them, and how to read and write those.

Kubeflow's pipelines want names like ``namespace.Title`` and take no declared properties, so the span is a custom one.
"""

import hashlib
import json
import os
from typing import Any

from tfx.types import artifact
from tfx.types.system_artifacts import Metrics


class OfSpan:
    """Of an artifact: the span that it is about, a whole number."""

    @property
    def span(self) -> int:
        """See the class."""
        found: int = self.get_int_custom_property("span")  # type: ignore[attr-defined]
        return found

    @span.setter
    def span(self, value: int) -> None:
        self.set_int_custom_property("span", value)  # type: ignore[attr-defined]


class IngestReport(artifact.Artifact):
    """Rows per split and span, rows without a label, digest of the examples."""

    TYPE_NAME = "retrain.IngestReport"


class DataFindings(artifact.Artifact):
    """Data evidence and the findings of all checks."""

    TYPE_NAME = "retrain.DataFindings"


class AcceptedData(OfSpan, artifact.Artifact):
    """Evidence of data that passed; exists only when nothing blocked. What later runs compare with."""

    TYPE_NAME = "retrain.AcceptedData"


class AugmentationAudit(OfSpan, artifact.Artifact):
    """What augmentation did to train: the audit, its findings, and contact sheets in ``sheets``."""

    TYPE_NAME = "retrain.AugmentationAudit"


class AcceptedAudit(OfSpan, artifact.Artifact):
    """An audit that passed; what later runs compare with."""

    TYPE_NAME = "retrain.AcceptedAudit"


class GateFindings(artifact.Artifact):
    """Model evidence and the findings of all gates."""

    TYPE_NAME = "retrain.GateFindings"
    TYPE_ANNOTATION = Metrics


DOCUMENT = "document.json"
#: Beside the document: the sample of the newest span (a folder), and the sorted fingerprints of its rows.
SAMPLE, ROWS = "sample", "rows.npy"


def artifact_name(uri: str) -> str:
    """What people call an artifact: the last two parts of its folder, like ``model/10``."""
    return "/".join(uri.rstrip("/").split("/")[-2:])


def write_json(uri: str, document: Any) -> None:
    """Writes the one JSON document of an artifact: keys sorted, so equal content is equal bytes."""
    os.makedirs(uri, exist_ok=True)
    with open(os.path.join(uri, DOCUMENT), "w", encoding="utf-8") as file:
        json.dump(document, file, sort_keys=True, indent=1, ensure_ascii=False)


def read_json(uri: str) -> Any:
    """Reads the one JSON document of an artifact."""
    with open(os.path.join(uri, DOCUMENT), encoding="utf-8") as file:
        return json.load(file)


def sha256_file(path: str) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()

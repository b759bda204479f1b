"""What a run held its data against, and what changed in that since the run before: from the schemas in the folders of runs."""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from pydantic import ValidationError
from tensorflow_metadata.proto.v0 import schema_pb2

from components import tfmd
from pipeline import kept
from pipeline.job import SCHEMA
from pipeline.schema_changes import changes, domain, presence
from pipeline.schema_log import digest, read_log
from pipeline.workspace import Workspace
from schemas.config import ConfigError, PipelineConfig
from schemas.features import FeatureContract
from schemas.run_record import RunRecord, SchemaColumn, SchemaEntry, SchemaSeen

#: Runs before it that are looked through for one that had a schema.
EARLIER = 20


def schema_seen(workspace: Workspace, record: RunRecord) -> SchemaSeen | None:
    """The schema of a run; None when it did not get that far, or its schema cannot be read."""
    text = _text(workspace, record.run_id)
    if text is None or record.contract is None:
        return None
    config = PipelineConfig.model_validate(record.config)
    read = _as_kept(workspace, record, config, text)
    if read is None:
        return None
    schema, inferred = read
    columns = [_column(schema, f, record.contract, config.data.unnamed) for f in schema.feature]
    seen = SchemaSeen(inferred=inferred, columns=columns)
    before = None if inferred else _before(workspace, record)
    if before is None:
        return seen
    run, old_text, old = before
    found = [c.sentence for c in changes(old, schema, config.data.unnamed)]
    accepted = _accepted(schema_file(record, config), old_text, text) if found else []
    return seen.model_copy(update={"before": run.run_id, "changes": found, "accepted": accepted})


def _as_kept(
    workspace: Workspace, record: RunRecord, config: PipelineConfig, text: str
) -> tuple[schema_pb2.Schema, bool] | None:
    """A run's schema, one that it proposed as it was kept; and whether it did. None where the text is no schema."""
    try:
        schema = tfmd.parse_schema(text, SCHEMA)
    except ConfigError:
        return None
    inferred = _inferred(workspace, text)
    return (kept.as_kept(schema, config, record.contract) if inferred and record.contract else schema), inferred


def _text(workspace: Workspace, run_id: str) -> str | None:
    try:
        return (workspace.run_folder(run_id) / SCHEMA).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _inferred(workspace: Workspace, text: str) -> bool:
    """Whether a run proposed this schema itself: one that it was given is pinned by its content."""
    return not kept.pinned_path(workspace.root, text.encode()).exists()


def _before(workspace: Workspace, record: RunRecord) -> tuple[RunRecord, str, schema_pb2.Schema] | None:
    """The newest earlier run that had a schema, the schema's text, and what it says."""
    for other in islice(workspace.iter_records(record.name, before=record.run_id), EARLIER):
        text = _text(workspace, other.run_id) if isinstance(other, RunRecord) else None
        if not isinstance(other, RunRecord) or text is None:
            continue
        try:
            config = PipelineConfig.model_validate(other.config)
        except ValidationError:
            continue  # a run of another version
        read = _as_kept(workspace, other, config, text)
        if read is not None:
            return other, text, read[0]
    return None


def _column(
    schema: schema_pb2.Schema, feature: schema_pb2.Feature, contract: FeatureContract, unnamed: frozenset[str]
) -> SchemaColumn:
    return SchemaColumn(
        name=feature.name,
        type=tfmd.column_type(feature).value,
        kind=kind_text(feature, contract),
        presence=presence(feature),
        domain=domain(schema, feature, feature.name not in unnamed),
    )


def kind_text(feature: schema_pb2.Feature, contract: FeatureContract) -> str:
    """What a column is to the pipeline, in words."""
    if tfmd.retired(feature):
        return "deprecated (no input)"
    if feature.name == contract.label:
        return "label"
    return next((f.kind.value for f in contract.features if f.name == feature.name), "left out (no input)")


def _accepted(path: Path | None, before: str, after: str) -> list[SchemaEntry]:
    """The recorded changes that lead from one text to the other; empty when somebody edited the file by hand."""
    if path is None:
        return []
    found: list[SchemaEntry] = []
    wanted = digest(before)
    for entry in read_log(path):
        if entry.get("before") == wanted:
            found.append(SchemaEntry(**{k: str(entry.get(k, "–")) for k in ("when", "who", "run", "reason")}))
            wanted = str(entry.get("after"))
    return found if wanted == digest(after) else []


def schema_file(record: RunRecord, config: PipelineConfig) -> Path | None:
    """The file that a run's schema was read from; None where there is none now."""
    base = Path(record.config_path).resolve().parent
    if config.data.schema_file:
        return base / config.data.schema_file
    return kept.schema_path(Path(record.workspace), config, base)

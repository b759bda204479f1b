"""What the data of a recorded run would have the schema say: from its statistics, and, where there are none or they do not know
a column's type, from its files. Works for blocked runs too.
"""

from __future__ import annotations

import os
from pathlib import Path

from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components import plan, spans, tfmd
from pipeline.errors import UsageError
from schemas.features import ColumnType
from schemas.findings import DataBlocked
from schemas.run_record import RunRecord

#: What fits into what: whole numbers into a float column, everything into a text column.
_WIDTH = (ColumnType.INT, ColumnType.FLOAT, ColumnType.STRING)


def proposal(schema: schema_pb2.Schema, record: RunRecord) -> schema_pb2.Schema:
    """The schema that lets the data of a run pass; equal to `schema` when they do.

    Raises:
        UsageError: when the run has neither statistics nor unchanged files.
    """
    splits = _statistics(record)
    if not splits:
        return _from_types(schema, _surveyed(record))
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    out = tfmd.widened(schema, splits)
    known, read = {f.name: tfmd.column_type(f) for f in schema.feature}, tfmd.statistics_types(splits)
    unused = {f.name for f in schema.feature if tfmd.retired(f)}
    if any(known.get(n) is not kind for n, kind in read.items() if n not in unused):
        # What the run's schema did not know was read as text, so the statistics do not know its type; the files do.
        types = _surveyed(record)
        out = tfmd.retyped(_typed(out, set(known), types), _wider(schema, types))
    return out


def _statistics(record: RunRecord) -> list[statistics_pb2.DatasetFeatureStatisticsList]:
    uri = next((s.artifacts.get("statistics") for s in record.stages if s.name == "statistics"), None)
    return tfmd.read_statistics(uri) if uri else []


def _surveyed(record: RunRecord) -> dict[str, ColumnType | None]:
    """Columns of a run's files and the narrowest type of each."""
    run, config = f"run {record.run_id}", record.config
    if not record.files:
        why = next((f.message for f in record.findings if f.severity.rank == 2), record.error or "it ended too early.")
        raise UsageError(
            f"{run}: its data were not read so far that a schema could be held against them: {why} "
            "Mend that first, or name another run with --run RUN."
        )
    form = next((k for k in ("csv", "parquet", "tfrecord", "images") if config["data"]["source"].get(k)), "csv")
    for file in record.files:
        if not _unchanged(file.path, file.sha256, file.span):
            raise UsageError(
                f"{run}: {file.path} has changed since, or is gone, and it is needed to know the types of columns. "
                "Run again with: retrain run CONFIG --until require_ok"
            )
    try:
        return plan.survey_types(record.files, form)
    except DataBlocked as error:
        raise UsageError(*(f"{run}: {f.message} {f.remedy}" for f in error.findings)) from None


def _unchanged(path: str, digest: str, span: int) -> bool:
    try:
        return Path(path).is_file() and spans.digest_file(path, span).sha256 == digest
    except OSError:
        return False


def _typed(schema: schema_pb2.Schema, known: set[str], types: dict[str, ColumnType | None]) -> schema_pb2.Schema:
    """New columns with the types of the files; one without any value is left out, as nothing is known about it."""
    new = {n: t for n, t in types.items() if n not in known and t is not None}
    out = tfmd.retyped(schema, new)
    kept = [f for f in out.feature if f.name in known or f.name in new]
    del out.feature[:]
    out.feature.extend(kept)
    return out


def _from_types(schema: schema_pb2.Schema, types: dict[str, ColumnType | None]) -> schema_pb2.Schema:
    """The schema with what is known without statistics: columns that are new or lost, and types that no longer hold."""
    out = tfmd.without(tfmd.retyped(schema, _wider(schema, types)), {f.name for f in schema.feature} - set(types))
    known = {f.name for f in schema.feature}
    for name, found in types.items():
        if name not in known and found:
            tfmd.add_column(out, name, found)
    return out


def _wider(schema: schema_pb2.Schema, types: dict[str, ColumnType | None]) -> dict[str, ColumnType]:
    """Columns whose values do not fit into the schema's type, with the type that they need."""
    wider = {}
    for feature in schema.feature:
        found, now = types.get(feature.name), tfmd.column_type(feature)
        if found and not tfmd.retired(feature) and _WIDTH.index(found) > _WIDTH.index(now):
            wider[feature.name] = found
    return wider

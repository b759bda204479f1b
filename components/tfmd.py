"""Reads curated TFMD schemas: column types, and which integers are names rather than quantities."""

from __future__ import annotations

from pathlib import Path

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2

from components.plan import SchemaColumn
from schemas.config import ConfigError
from schemas.features import ColumnType

_TYPES = {schema_pb2.INT: ColumnType.INT, schema_pb2.FLOAT: ColumnType.FLOAT, schema_pb2.BYTES: ColumnType.STRING}


def read_schema(path: Path) -> schema_pb2.Schema:
    """A schema in text format.

    Raises:
        ConfigError: when the file is missing or is no schema.
    """
    try:
        return text_format.Parse(path.read_text(encoding="utf-8"), schema_pb2.Schema())
    except OSError as error:
        raise ConfigError(
            [f"data.schema_file: {path} cannot be read ({error.strerror}). Give the path of a schema."]
        ) from None
    except (text_format.ParseError, UnicodeDecodeError) as error:
        raise ConfigError([f"data.schema_file: {path} is not a TFMD schema in text format ({error})."]) from None


def schema_columns(schema: schema_pb2.Schema) -> dict[str, SchemaColumn]:
    """Type of each column, and whether it is categorical: texts are, integers where their domain says so."""
    columns = {}
    for feature in schema.feature:
        kind = _TYPES.get(feature.type, ColumnType.STRING)
        domain = feature.WhichOneof("domain_info")
        named = domain == "int_domain" and feature.int_domain.is_categorical
        columns[feature.name] = SchemaColumn(
            type=kind, categorical=kind is ColumnType.STRING or named or domain == "bool_domain"
        )
    return columns

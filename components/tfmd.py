"""TFMD schemas: what they say about columns, what the first run proposes, and what data would have them say.

Light to import: TFDV is needed for `widened` only.
"""

from __future__ import annotations

import glob
import os
import warnings
from collections.abc import Collection, Mapping
from pathlib import Path

from google.protobuf import text_format
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.contract import SchemaColumn
from schemas.config import ConfigError
from schemas.features import ColumnType, FeatureContract, Kind

_TYPES = {schema_pb2.INT: ColumnType.INT, schema_pb2.FLOAT: ColumnType.FLOAT, schema_pb2.BYTES: ColumnType.STRING}
_NUMBERS = {kind: number for number, kind in _TYPES.items()}
_STATISTICS = {
    statistics_pb2.FeatureNameStatistics.INT: ColumnType.INT,
    statistics_pb2.FeatureNameStatistics.FLOAT: ColumnType.FLOAT,
    statistics_pb2.FeatureNameStatistics.STRING: ColumnType.STRING,
}
#: Stages in which neither TFDV validates a column nor Transform parses it: such a column is no input.
RETIRED = {
    schema_pb2.PLANNED,
    schema_pb2.ALPHA,
    schema_pb2.DEPRECATED,
    schema_pb2.DISABLED,
    schema_pb2.DEBUG_ONLY,
}
#: Before the kind in an annotation tag of a column: ``annotation { tag: "retrain:kind=text" }``.
KIND_TAG = "retrain:kind="
_DOMAIN_KINDS = {
    "bool_domain": Kind.BOOLEAN,
    "time_domain": Kind.TIMESTAMP,
    "natural_language_domain": Kind.TEXT,
    "image_domain": Kind.IMAGE,
}
TRAINING, SERVING = "TRAINING", "SERVING"


def parse_schema(text: str, where: Path | str) -> schema_pb2.Schema:
    """A schema from text format.

    Raises:
        ConfigError: when it is none.
    """
    try:
        return text_format.Parse(text, schema_pb2.Schema())
    except text_format.ParseError as error:
        raise ConfigError([f"data.schema_file: {where} is not a TFMD schema in text format ({error})."]) from None


def read_schema(path: Path) -> schema_pb2.Schema:
    """A schema in text format.

    Raises:
        ConfigError: when the file is missing or is no schema.
    """
    return parse_schema(read_text(path), path)


def read_text(path: Path) -> str:
    """The text of a schema file.

    Raises:
        ConfigError: when the file is missing or is no text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(
            [f"data.schema_file: {path} cannot be read ({error.strerror}). Give the path of a schema."]
        ) from None
    except UnicodeDecodeError as error:
        raise ConfigError([f"data.schema_file: {path} is not a TFMD schema in text format ({error})."]) from None


def retired(feature: schema_pb2.Feature) -> bool:
    """Whether a column is out of use."""
    return feature.deprecated or feature.lifecycle_stage in RETIRED


def required(feature: schema_pb2.Feature) -> bool:
    """Whether data without this column break the schema."""
    return not retired(feature) and (feature.presence.min_count > 0 or feature.presence.min_fraction > 0)


def trained(schema: schema_pb2.Schema, feature: schema_pb2.Feature) -> bool:
    """Whether a column is in data for training, as far as the schema names environments."""
    named = schema.default_environment or feature.in_environment
    there = not named or TRAINING in schema.default_environment or TRAINING in feature.in_environment
    return there and TRAINING not in feature.not_in_environment


def column_type(feature: schema_pb2.Feature) -> ColumnType:
    """How a column is stored; what is neither int nor float is text."""
    return _TYPES.get(feature.type, ColumnType.STRING)


def schema_columns(schema: schema_pb2.Schema) -> dict[str, SchemaColumn]:
    """What is said about each column in use."""
    return {
        f.name: SchemaColumn(
            type=column_type(f), kind=kind_of(f), domain=bounds(f), silent=trained(schema, f) and not required(f)
        )
        for f in schema.feature
        if not retired(f)
    }


def kind_of(feature: schema_pb2.Feature) -> Kind | None:
    """How a column is modelled: as its tag says, else its domain, else its type; None for plain numbers.

    Texts are categorical, integers where their domain says so.
    """
    tags = [t.removeprefix(KIND_TAG) for t in feature.annotation.tag if t.startswith(KIND_TAG)]
    if tags and tags[-1] in {k.value for k in Kind}:
        return Kind(tags[-1])
    domain = feature.WhichOneof("domain_info")
    if domain in _DOMAIN_KINDS:
        return _DOMAIN_KINDS[domain]
    named = domain == "int_domain" and feature.int_domain.is_categorical
    return Kind.CATEGORICAL if named or column_type(feature) is ColumnType.STRING else None


def bounds(feature: schema_pb2.Feature) -> tuple[float | None, float | None] | None:
    """Lowest and highest value by an int or float domain; None without one, or when it bounds nothing."""
    domain = feature.WhichOneof("domain_info")
    if domain not in ("int_domain", "float_domain"):
        return None
    said = getattr(feature, domain)
    low, high = (float(getattr(said, side)) if said.HasField(side) else None for side in ("min", "max"))
    return None if low is None and high is None else (low, high)


def with_kinds(
    schema: schema_pb2.Schema, contract: FeatureContract, unnamed: Collection[str] = ()
) -> schema_pb2.Schema:
    """The schema with a tag for each input whose kind it would not tell otherwise, and without lists of the values of those that are
    new by nature (times, texts and pictures), and of `unnamed` columns, whose values say whom a row is about.

    A tag, not a domain such as `bool_domain`: TFDV's booleans have one spelling each, and a domain that new data widen becomes another
    one, so that the kind would change with it.
    """
    out = schema_pb2.Schema()
    out.CopyFrom(schema)
    kinds = {f.name: f.kind for f in contract.features}
    for feature in out.feature:
        kind = kinds.get(feature.name)
        if kind is not None and kind is not (kind_of(feature) or Kind.NUMERIC):
            feature.annotation.tag.append(f"{KIND_TAG}{kind.value}")
        fresh = kind in (Kind.TIMESTAMP, Kind.TEXT, Kind.IMAGE) or feature.name in unnamed
        if fresh and feature.WhichOneof("domain_info") in ("domain", "string_domain"):
            feature.ClearField(feature.WhichOneof("domain_info"))
    used = {f.domain for f in out.feature}
    kept = [d for d in out.string_domain if d.name in used]
    del out.string_domain[:]
    out.string_domain.extend(kept)
    return out


def with_environments(schema: schema_pb2.Schema, unserved: Collection[str]) -> schema_pb2.Schema:
    """The schema for training and serving: every column is in both; the label, and what weights rows, only in training."""
    out = schema_pb2.Schema()
    out.CopyFrom(schema)
    del out.default_environment[:]
    out.default_environment.extend([TRAINING, SERVING])
    for feature in out.feature:
        if feature.name in unserved and SERVING not in feature.not_in_environment:
            feature.not_in_environment.append(SERVING)
    return out


def retyped(schema: schema_pb2.Schema, types: Mapping[str, ColumnType]) -> schema_pb2.Schema:
    """The schema with other types for some columns; a range or a list of values that fits no longer is left out."""
    out = schema_pb2.Schema()
    out.CopyFrom(schema)
    for feature in out.feature:
        kind = types.get(feature.name)
        if kind is None or kind is column_type(feature):
            continue
        domain = feature.WhichOneof("domain_info")
        bounds = feature.int_domain if domain == "int_domain" and kind is ColumnType.FLOAT else None
        low = float(bounds.min) if bounds is not None and bounds.HasField("min") else None
        high = float(bounds.max) if bounds is not None and bounds.HasField("max") else None
        if domain:
            feature.ClearField(domain)
        if low is not None:
            feature.float_domain.min = low
        if high is not None:
            feature.float_domain.max = high
        feature.type = _NUMBERS[kind]
    return out


def without(schema: schema_pb2.Schema, columns: set[str]) -> schema_pb2.Schema:
    """The schema when data lack these columns: those that it requires are deprecated, as TFDV does it."""
    out = schema_pb2.Schema()
    out.CopyFrom(schema)
    for feature in out.feature:
        if feature.name in columns and required(feature):
            feature.lifecycle_stage = schema_pb2.DEPRECATED
    return out


def read_statistics(uri: str) -> list[statistics_pb2.DatasetFeatureStatisticsList]:
    """Statistics of the splits that have rows, train first: it has the most rows."""
    paths = glob.glob(os.path.join(uri, "Split-*", "FeatureStats.pb"))
    found = []
    for path in sorted(paths, key=lambda p: ("Split-train" not in p, p)):
        with open(path, "rb") as file:
            split = statistics_pb2.DatasetFeatureStatisticsList.FromString(file.read())
        if split.datasets and split.datasets[0].num_examples > 0:
            found.append(split)
    return found


def statistics_types(splits: list[statistics_pb2.DatasetFeatureStatisticsList]) -> dict[str, ColumnType]:
    """The columns that any split has values of, and their types there."""
    found = {}
    for split in reversed(splits):  # where they differ, train's type counts
        for feature in split.datasets[0].features:
            kind = feature.WhichOneof("stats")
            if kind and getattr(feature, kind).common_stats.num_non_missing:
                found[_name(feature)] = _STATISTICS.get(feature.type, ColumnType.STRING)
    return found


def widened(schema: schema_pb2.Schema, splits: list[statistics_pb2.DatasetFeatureStatisticsList]) -> schema_pb2.Schema:
    """The schema that lets these data pass, by TFDV. A share of missing values is not fitted to the data but let go:
    how many may be missing is for checks that know how sure they are. Columns of another type than the schema's stay as they are.
    """
    with warnings.catch_warnings():
        # Of Google's clients, about versions to come: nothing that a person who asks about a schema can act on.
        warnings.simplefilter("ignore", FutureWarning)
        import tensorflow_data_validation as tfdv

    there = statistics_types(splits)
    before = {f.name: f for f in schema.feature}
    other = {n for n, f in before.items() if there.get(n, column_type(f)) is not column_type(f)}
    out = schema
    for split in splits:
        out = tfdv.update_schema(out, _only(split, {*there} - other), infer_feature_shape=False)
        for feature in out.feature:
            # Deprecated because this one split has no value of it; whether all lack it is for `without`.
            if feature.lifecycle_stage == schema_pb2.DEPRECATED:
                feature.ClearField("lifecycle_stage")
                if feature.name in before and before[feature.name].HasField("lifecycle_stage"):
                    feature.lifecycle_stage = before[feature.name].lifecycle_stage
    for feature in out.feature:
        old = before.get(feature.name)
        if old is None or feature.presence.min_fraction < old.presence.min_fraction:
            feature.presence.ClearField("min_fraction")
    return without(out, set(before) - set(there))


def _only(
    split: statistics_pb2.DatasetFeatureStatisticsList, columns: set[str]
) -> statistics_pb2.DatasetFeatureStatisticsList:
    out = statistics_pb2.DatasetFeatureStatisticsList()
    out.CopyFrom(split)
    kept = [f for f in out.datasets[0].features if _name(f) in columns]
    del out.datasets[0].features[:]
    out.datasets[0].features.extend(kept)
    return out


def _name(feature: statistics_pb2.FeatureNameStatistics) -> str:
    return feature.name or ".".join(feature.path.step)


def add_column(schema: schema_pb2.Schema, name: str, kind: ColumnType) -> None:
    """Adds a column with one value a row, of which nothing else is known."""
    feature = schema.feature.add(name=name, type=_NUMBERS[kind])
    feature.value_count.min = feature.value_count.max = 1

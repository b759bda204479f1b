"""What changes from one TFMD schema to another, in sentences, and how to take over some of it. Pure: reads protos, nothing else."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from tensorflow_metadata.proto.v0 import schema_pb2

from components.tfmd import column_type, retired

#: More values than these are not named in a sentence.
MOST = 5
#: Parts of a feature that have sentences of their own.
_TOLD = ("type", "presence", "value_count", "lifecycle_stage", "deprecated")


@dataclass(frozen=True)
class SchemaChange:
    """One change.

    Attributes:
        kind: ``new_column``, ``lost_column``, ``type``, ``values``, ``range``, ``domain``, ``presence``, ``shape`` or ``other``.
        feature: the column.
        sentence: what changes, like ``fare: float -> string``; without a full stop.
    """

    kind: str
    feature: str
    sentence: str


def changes(old: schema_pb2.Schema, new: schema_pb2.Schema, unnamed: Collection[str] = ()) -> list[SchemaChange]:
    """What is different in `new`, column by column, in its order.

    Args:
        unnamed: columns whose values are counted and not named.
    """
    before = {f.name: f for f in old.feature}
    found = []
    for feature in new.feature:
        if feature.name not in before:
            text = f"new column {feature.name}: {column_type(feature).value}"
            found.append(SchemaChange("new_column", feature.name, text))
        else:
            found += _of_feature(old, before[feature.name], new, feature, feature.name not in unnamed)
    lost = [n for n in before if n not in {f.name for f in new.feature}]
    return found + [SchemaChange("lost_column", n, f"{n}: taken out of the schema") for n in lost]


def _of_feature(
    old: schema_pb2.Schema, was: schema_pb2.Feature, new: schema_pb2.Schema, now: schema_pb2.Feature, named: bool
) -> list[SchemaChange]:
    name = now.name
    found = []
    if retired(now) and not retired(was):
        found.append(SchemaChange("lost_column", name, f"{name}: lost; required -> deprecated (no input any more)"))
    elif retired(was) and not retired(now):
        found.append(SchemaChange("other", name, f"{name}: deprecated -> in use"))
    pairs = [
        ("type", column_type(was).value, column_type(now).value),
        ("presence", presence(was), presence(now)),
        ("shape", shape(was), shape(now)),
    ]
    found += [SchemaChange(kind, name, f"{name}: {a} -> {b}") for kind, a, b in pairs if a != b]
    found += _of_domain(old, was, new, now, named)
    if not found and _rest(was) != _rest(now):
        parts = sorted(
            {d.name for d, v in [*_fields(was), *_fields(now)] if getattr(was, d.name) != getattr(now, d.name)}
        )
        found.append(SchemaChange("other", name, f"{name}: changed in {', '.join(parts)}"))
    return found


def _of_domain(
    old: schema_pb2.Schema, was: schema_pb2.Feature, new: schema_pb2.Schema, now: schema_pb2.Feature, named: bool
) -> list[SchemaChange]:
    name, a, b = now.name, values(old, was), values(new, now)
    if a is not None and b is not None:
        more, fewer = [v for v in b if v not in set(a)], [v for v in a if v not in set(b)]
        told = [
            f"{len(s)} {word} value{'s' * (len(s) > 1)}{_some(s, named)}"
            for word, s in (("new", more), ("lost", fewer))
            if s
        ]
        return [SchemaChange("values", name, f"{name}: {' and '.join(told)}")] if told else []
    before, after = domain(old, was, named), domain(new, now, named)
    if before == after:
        return []
    kinds = {was.WhichOneof("domain_info"), now.WhichOneof("domain_info")}
    kind = "range" if kinds <= {"int_domain", "float_domain"} else "domain"
    return [SchemaChange(kind, name, f"{name}: {before} -> {after}")]


def _some(texts: list[str], named: bool) -> str:
    """The first values in brackets; nothing where they are not to be named."""
    rest = len(texts) - MOST
    return f" ({', '.join(texts[:MOST])}{f' and {rest} more' if rest > 0 else ''})" if named else ""


def _fields(feature: schema_pb2.Feature) -> list[tuple[schema_pb2.Feature, object]]:
    return list(feature.ListFields())


def _rest(feature: schema_pb2.Feature) -> bytes:
    """A feature without the parts that have sentences of their own."""
    copy = schema_pb2.Feature()
    copy.CopyFrom(feature)
    for part in (*_TOLD, copy.WhichOneof("domain_info")):
        if part:
            copy.ClearField(part)
    return bytes(copy.SerializeToString(deterministic=True))


def values(schema: schema_pb2.Schema, feature: schema_pb2.Feature) -> list[str] | None:
    """The texts that a column may hold, from its own list or one of the schema's; None when it has no list."""
    if feature.WhichOneof("domain_info") == "domain":
        return next((list(d.value) for d in schema.string_domain if d.name == feature.domain), None)
    return list(feature.string_domain.value) if feature.WhichOneof("domain_info") == "string_domain" else None


def domain(schema: schema_pb2.Schema, feature: schema_pb2.Feature, named: bool = True) -> str:
    """What a column may hold, in words; without `named`, texts are counted only."""
    listed, kind = values(schema, feature), feature.WhichOneof("domain_info")
    if listed is not None:
        return f"{len(listed)} value{'s' * (len(listed) != 1)}{_some(listed, named)}"
    if kind not in ("int_domain", "float_domain"):
        return {None: "any value", "domain": "any value", "bool_domain": "two values"}.get(kind, f"{kind}")
    bounds = getattr(feature, kind)
    low = f"{bounds.min:g}" if bounds.HasField("min") else None
    high = f"{bounds.max:g}" if bounds.HasField("max") else None
    if low is None and high is None:
        return "any value"
    return f"{low} to {high}" if low and high else f"from {low}" if low else f"up to {high}"


def presence(feature: schema_pb2.Feature) -> str:
    """How often a column must have a value, in words."""
    if feature.presence.min_fraction >= 1:
        return "in every row"
    if feature.presence.min_fraction > 0:
        return f"in at least {100 * feature.presence.min_fraction:g} % of rows"
    if feature.presence.min_count > 1:
        return f"in at least {feature.presence.min_count} rows"
    return "may be missing in rows" if feature.presence.min_count else "optional"


def shape(feature: schema_pb2.Feature) -> str:
    """How many values a row may have, in words."""
    if not feature.HasField("value_count"):
        return "any number of values a row"
    low, high = feature.value_count.min, feature.value_count.max
    return f"{low} value{'s' * (low != 1)} a row" if low == high else f"{low} to {high or 'any number of'} values a row"


def taken_over(old: schema_pb2.Schema, new: schema_pb2.Schema, features: Iterable[str]) -> schema_pb2.Schema:
    """`old` with what `new` says about some columns. Lists of values that they share with other columns change for those too."""
    out = schema_pb2.Schema()
    out.CopyFrom(old)
    wanted, there = set(features), {f.name: f for f in out.feature}
    lists = {d.name: d for d in out.string_domain}
    for feature in [f for f in new.feature if f.name in wanted]:
        target = there[feature.name] if feature.name in there else out.feature.add()
        target.CopyFrom(feature)
        if feature.WhichOneof("domain_info") != "domain":
            continue
        for source in [d for d in new.string_domain if d.name == feature.domain]:
            (lists[source.name] if source.name in lists else out.string_domain.add()).CopyFrom(source)
    return out

"""The contract of features: which columns are inputs, of which kind and why; and what of the schema or the configuration has no column."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from pydantic import BaseModel

from components import image_files
from components.kinds.facts import ColumnFacts
from components.kinds.inference import contradiction, infer_kind
from schemas.config import ConfigError, PipelineConfig, did_you_mean
from schemas.features import ColumnType, Feature, FeatureContract, Kind
from schemas.findings import DataBlocked, Finding, Severity


class SchemaColumn(BaseModel):
    """What a schema says about a column, as far as reading it goes.

    Attributes:
        type: how it is stored.
        kind: how it is modelled; None where the schema does not say, as for plain numbers.
        domain: lowest and highest possible value, None where there is no bound; None without a domain.
        silent: whether TFDV would say nothing if it were lost: it belongs to training, but the schema requires no presence.
    """

    type: ColumnType
    kind: Kind | None = None
    domain: tuple[float | None, float | None] | None = None
    silent: bool = False


def check_columns(config: PipelineConfig, columns: list[str], known: Collection[str] = ()) -> None:
    """Every column that the configuration names must be in the data; one that is excluded may also be in the schema only.

    Raises:
        ConfigError: with all names that are not.
    """
    data = config.data
    named = [("data.label", data.label)]
    named += [("data.exclude", n) for n in data.exclude if n not in known] + [
        ("data.features", n) for n in data.features
    ]
    keys = {"group_by": data.split.group_by, "by_time": data.split.by_time}
    named += [(f"data.{k}", n) for k, n in (("time", data.time), ("id", data.id), ("entity", data.entity)) if n]
    named += [(f"data.split.{k}", n) for k, n in keys.items() if n]
    named += [("evaluate.slices", n) for n in config.evaluate.slice_columns]
    named += [("train.sample_weight", n) for n in [config.train.sample_weight] if n]
    named += [("transform.impute", n) for n in config.transform.impute.features]
    problems = [
        f"{where}: {name!r} is not a column of the data.{did_you_mean(str(name), columns)}"
        for where, name in named
        if name not in columns
    ]
    if problems:
        raise ConfigError(problems)


def refuse_lost(config: PipelineConfig, columns: list[str], known: Mapping[str, SchemaColumn], path: str) -> None:
    """A column of the schema that no file has must not vanish from the inputs unnoticed; those with `presence` are TFDV's to report.

    Raises:
        DataBlocked: with one finding per column.
    """
    lost = [n for n in known if n not in columns and n not in config.data.exclude and known[n].silent]
    findings = [
        Finding(
            code="lost_column",
            severity=Severity.BLOCK,
            subject=name,
            message=f"{name}: every column of the schema must be in the data, but no file of the window has it.",
            remedy=f"Deliver {name!r} again; or, if it is gone for good, set `lifecycle_stage: DEPRECATED` on it in the schema, take it "
            "out of there, or list it in data.exclude.",
            stage="ingest",
            observed={"file": path},
        )
        for name in sorted(lost)
    ]
    if findings:
        raise DataBlocked(findings)


def make_contract(
    config: PipelineConfig,
    types: Mapping[str, ColumnType | None],
    known: Mapping[str, SchemaColumn],
    facts: Mapping[str, ColumnFacts] | None = None,
) -> FeatureContract:
    """Inputs, label and what is left out, with a reason for each kind: from the configuration, the schema, or the values.

    Args:
        types: column -> type, None for a column without any value.
        known: what the schema says; empty on a first run. A column that a schema does not know is no input.
        facts: what a survey found; needed on a first run, and of columns whose kind the configuration sets (without, only types can
            contradict it).

    Raises:
        ConfigError: when a kind that is set does not fit the column, or no input is left.
    """
    data, facts, weight = config.data, facts or {}, config.train.sample_weight
    features, excluded, wrong = [], [], []
    keys = {weight, data.split.group_by, data.time, data.id, data.entity} - {*data.features}
    for name in sorted(types):
        stored = types[name]
        if name == data.label:
            continue
        if name in data.exclude or name in keys or stored is None or (known and name not in known):
            excluded.append(name)
            continue
        kind, reason = _kind(config, name, stored, known.get(name), facts.get(name))
        if name in data.features and (why := contradiction(name, kind, stored, facts.get(name))):
            wrong.append(why)
        domain = known[name].domain if name in known and kind is Kind.NUMERIC else None
        features.append(Feature(name=name, type=stored, kind=kind, reason=reason, domain=domain))
    if not features:
        wrong.append("data: no input is left besides the label. Exclude less, or add columns.")
    weight_type = types.get(weight) if weight else ColumnType.FLOAT
    if weight_type not in (ColumnType.INT, ColumnType.FLOAT):
        got = "texts" if weight_type else "no values"
        unknown = ", and the schema does not know it (retrain schema accept)" if known and weight not in known else ""
        wrong.append(f"train.sample_weight: {weight!r} must be a column of numbers, and it has {got}{unknown}.")
    if data.task == "regression" and types.get(data.label) not in (ColumnType.INT, ColumnType.FLOAT, None):
        wrong.append(
            f"data.label: {data.label!r} must be a column of numbers with data.task: regression, and it has texts."
        )
    if wrong:
        raise ConfigError(wrong)
    return FeatureContract(
        label=data.label,
        label_type=types.get(data.label) or ColumnType.STRING,
        amounts=data.task == "regression",
        features=tuple(features),
        excluded=tuple(excluded),
        sample_weight=weight,
        sample_weight_type=weight_type or ColumnType.FLOAT,
    )


def _kind(
    config: PipelineConfig, name: str, stored: ColumnType, said: SchemaColumn | None, facts: ColumnFacts | None
) -> tuple[Kind, str]:
    """The kind of an input, and why."""
    if name in config.data.features:
        return Kind(config.data.features[name]), "set in data.features"
    if config.data.source.format == "images" and name == image_files.IMAGE:
        return Kind.IMAGE, "the image of data.source.images"
    if said and said.kind:
        return said.kind, f"{said.kind.value} in the schema"
    if said is None and facts is not None and facts.type is not None:
        return infer_kind(name, facts)
    return Kind.CATEGORICAL if stored is ColumnType.STRING else Kind.NUMERIC, f"{stored.value} values"


def unconfirmed(config: PipelineConfig, known: Mapping[str, SchemaColumn]) -> set[str]:
    """Columns whose kind the configuration sets, and whose values must be looked at to see whether they can be of it."""
    judged = {Kind.BOOLEAN.value, Kind.TIMESTAMP.value}
    return {n for n, k in config.data.features.items() if k in judged and n in known and known[n].kind != Kind(k)}

"""From a job to an ingest plan and a contract: everything that can be wrong with the data's files and columns shows here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from components import plan as plans
from components.plan import IngestPlan, SchemaColumn
from components.splits import SplitBounds, plain_bounds
from pipeline import kept
from pipeline.job import PLAN, SCHEMA, STAGES, Job
from schemas.config import ConfigError, PipelineConfig
from schemas.features import ColumnType, FeatureContract, Kind


@dataclass(frozen=True)
class Planned:
    """What `build` needs besides the configuration."""

    plan: IngestPlan
    contract: FeatureContract
    schema_file: Path | None
    newest_accepted: int | None = None
    trained: tuple[str, ...] = ()


def schema_source(config: PipelineConfig, base: Path, root: Path) -> Path | None:
    """The schema to use: the curated file, else the kept proposal, else None (a first run)."""
    if config.data.schema_file:
        return base / config.data.schema_file
    return kept.schema_path(root, config, base)


def plan_job(job: Job, config: PipelineConfig) -> Planned:
    """Plans a run, or takes the plan of a recorded one.

    Raises:
        ConfigError: when the configuration does not fit the data.
        DataBlocked: when files cannot be used.
    """
    if job.recorded:
        return _recorded(job.recorded)
    files = plans.find_files(config, job.base, job.span, job.root)
    form = config.data.source.format
    columns = plans.common_columns(files, form)
    plans.check_columns(config, columns)
    schema = schema_source(config, job.base, job.root)
    known = _schema_columns(schema)
    types: dict[str, ColumnType | None] = (
        {n: known[n].type if n in known else ColumnType.STRING for n in columns}
        if known
        else dict.fromkeys(columns, ColumnType.STRING)
        if form == "images"
        else plans.survey_types(files, form)
    )
    contract = plans.make_contract(config, types, known)
    _refuse_training_on_images(contract, job.until)
    split = config.data.split
    serving, form_of_serving = plans.find_serving(config, job.base, max(f.span for f in files))
    plan = IngestPlan(
        form=form,
        files=tuple(files),
        types={n: t or ColumnType.STRING for n, t in types.items()},
        label=config.data.label,
        group_by=split.group_by,
        by_time=split.by_time,
        seed=split.seed,
        bounds=plain_bounds(split),
        rows_per_shard=config.data.rows_per_shard,
        inputs=tuple(f.name for f in contract.features),
        id=config.data.id,
        entity=config.data.entity or split.group_by,
        time=config.data.time or split.by_time,
        serving=tuple(serving),
        serving_form=form_of_serving,
        serving_sample=config.checks.sample,
    )
    plan = plan.model_copy(update={"bounds": _bounds(job, config, plan)})
    newest = kept.newest_accepted(job.root, config.name)
    return Planned(
        plan,
        contract,
        kept.pinned_schema(job.root, schema) if schema else None,
        newest_accepted=newest if newest is not None and newest > plan.window[-1] else None,
        trained=tuple(kept.trained_otherwise(job.root, config.name, plan)),
    )


def _refuse_training_on_images(contract: FeatureContract, until: str | None) -> None:
    images = [f.name for f in contract.of_kind(Kind.IMAGE)]
    last = STAGES.index(until) if until else len(STAGES)
    if images and last > STAGES.index("require_ok"):
        raise ConfigError(
            [
                f"data: {images[0]!r} is an image; images can be checked but not trained on yet. Run with --until require_ok."
            ]
        )


def _schema_columns(schema: Path | None) -> dict[str, SchemaColumn]:
    if schema is None:
        return {}
    from components.tfmd import read_schema, schema_columns

    return schema_columns(read_schema(schema))


def _bounds(job: Job, config: PipelineConfig, plan: IngestPlan) -> SplitBounds:
    split = config.data.split
    if split.by_time:
        return plans.survey_bounds(plan, config)
    if not split.stratify or split.group_by:
        return plan.bounds
    return kept.load_bounds(job.root, config) or plans.survey_bounds(plan, config)


def _recorded(folder: Path) -> Planned:
    import json

    document = json.loads((folder / PLAN).read_text(encoding="utf-8"))
    schema = folder / SCHEMA
    return Planned(
        IngestPlan.model_validate(document["plan"]),
        FeatureContract.model_validate(document["contract"]),
        schema if schema.exists() else None,
    )

"""From a job to an ingest plan and a contract: everything that can be wrong with the data's files and columns shows here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from components import contract as contracts
from components import plan as plans
from components.contract import SchemaColumn
from components.frozen import HeldFile
from components.inspection import apply_accepted
from components.kinds.facts import ColumnFacts, survey
from components.kinds.picture_paths import list_pictures
from components.kinds.shapes import with_shapes
from components.left_out import row_numbers
from components.model_choice import unsuited
from components.plan import IngestPlan
from components.registry import build_all
from components.splits import SplitBounds, plain_bounds
from components.tuning_kept import TuningOrder
from pipeline import held_out, kept, redelivered, tuned
from pipeline.job import PLAN, SCHEMA, Job
from pipeline.model_files import PlacedModel, place_model, placed_again
from schemas.config import ConfigError, PipelineConfig
from schemas.features import ColumnType, FeatureContract, Kind
from schemas.findings import DataBlocked, Finding, verdict
from schemas.run_record import DataFile, FrozenTest, ModelFile

NO_FILES = PlacedModel()


@dataclass(frozen=True)
class Planned:
    """What `build` needs besides the configuration; `findings` are those that were let through before anything was read."""

    plan: IngestPlan
    contract: FeatureContract
    schema_file: Path | None
    newest_accepted: int | None = None
    trained: tuple[str, ...] = ()
    model: PlacedModel = NO_FILES
    tuning: TuningOrder | None = None
    frozen: tuple[HeldFile, ...] = ()
    registry: FrozenTest = field(default_factory=FrozenTest)
    findings: tuple[Finding, ...] = ()


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
        return _recorded(job.recorded, job, config)
    files = plans.find_files(config, job.base, job.span, job.root)
    again = refuse_redelivered(job, config, files)
    form = config.data.source.format
    schema = schema_source(config, job.base, job.root)
    known = _schema_columns(schema)
    columns = plans.common_columns(files, form)
    contracts.check_columns(config, columns, known)
    contracts.refuse_lost(config, columns, known, files[-1].path)
    facts = _facts(config, files, known)
    types = _types(columns, form, known, facts)
    contract = contracts.make_contract(config, types, known, facts)
    contract = with_shapes(contract, files, form, config.transform.image)
    refuse_misfits(config, contract)
    pictures = [f.name for f in contract.of_kind(Kind.IMAGE)]
    listed = list_pictures(files, form, pictures, job.root)
    split = config.data.split
    serving, form_of_serving = plans.find_serving(config, job.base, max(f.span for f in files))
    listed += list_pictures(serving, form_of_serving, pictures, job.root)
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
        pictures=tuple(pictures),
        listed=tuple(listed),
        id=config.data.id,
        entity=config.data.entity or split.group_by,
        time=config.data.time or split.by_time,
        sample_weight=config.train.sample_weight,
        amounts=contract.amounts,
        serving=tuple(serving),
        serving_form=form_of_serving,
        serving_sample=config.checks.sample,
        left_out=row_numbers(job.left_out, files, form == "images") if job.left_out else {},
    )
    plan = plan.model_copy(update={"bounds": _bounds(job, config, plan)})
    holdouts = held_out.read(job.root, config.name)
    plan = plan.model_copy(update={"held": held_out.holding(plan, holdouts)})
    plan = held_out.with_whole_groups(job.root, config.name, plan)
    newest = kept.newest_accepted(job.root, config.name)
    model = place_model(config.train.model, job.base, job.root)
    return Planned(
        plan,
        contract,
        kept.pinned_schema(job.root, schema) if schema else None,
        newest_accepted=newest if newest is not None and newest > plan.window[-1] else None,
        trained=tuple(kept.trained_otherwise(job.root, config.name, plan, held_out.came_back(plan, holdouts))),
        model=model,
        tuning=tuned.order(job.root, config, contract, model.files),
        frozen=tuple(held_out.to_prove(plan, holdouts)),
        registry=held_out.summary(plan, holdouts),
        findings=tuple(again),
    )


def refuse_redelivered(job: Job, config: PipelineConfig, files: list[DataFile]) -> list[Finding]:
    """Stops a run whose window has a span that was accepted with other content; findings that were let through come back.

    Raises:
        DataBlocked: when one was not.
    """
    known = redelivered.read_digests(job.root, config.name)
    found = redelivered.findings(known, config.data.source.pattern, files, job.base)
    judged = apply_accepted(found, job.accept)
    if not verdict(judged).ok:
        raise DataBlocked(judged)
    return judged


def _facts(config: PipelineConfig, files: list[DataFile], known: dict[str, SchemaColumn]) -> dict[str, ColumnFacts]:
    """What the values say: on a first run of all columns, later of those whose kind is set against the schema."""
    form, wanted = config.data.source.format, contracts.unconfirmed(config, known) if known else None
    if form == "images" or wanted == set():
        return {}
    return survey(files, form, wanted)


def _types(
    columns: list[str], form: str, known: dict[str, SchemaColumn], facts: dict[str, ColumnFacts]
) -> dict[str, ColumnType | None]:
    """The type of each column by the schema; without one, by the values. What a schema does not know is read as text."""
    if known:
        return {n: known[n].type if n in known else ColumnType.STRING for n in columns}
    if form == "images":
        return dict.fromkeys(columns, ColumnType.STRING)
    return {n: f.type for n, f in facts.items()}


def refuse_misfits(config: PipelineConfig, contract: FeatureContract) -> None:
    """Stops a run whose plug-ins do not fit the data's columns.

    Raises:
        ConfigError: with all problems.
    """
    problems = build_all(config).problems(contract, config.transform.log)
    if config.train.model:
        problems += unsuited(config.train.model.name, [f.kind.value for f in contract.features])
    if problems:
        raise ConfigError(problems)


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


def _recorded(folder: Path, job: Job, config: PipelineConfig) -> Planned:
    import json

    document = json.loads((folder / PLAN).read_text(encoding="utf-8"))
    schema = folder / SCHEMA
    files = [ModelFile.model_validate(f) for f in document.get("model_files", [])]
    return Planned(
        IngestPlan.model_validate(document["plan"]),
        FeatureContract.model_validate(document["contract"]),
        schema if schema.exists() else None,
        model=placed_again(config.train.model, job.base, job.root, folder, files),
        tuning=tuned.order_again(job.root, config, folder),
    )

"""The whole graph on one screen: a job in, a TFX pipeline out.

Imported piece by piece: `tfx.v1` also imports the clients of Google Cloud, which takes two seconds and serves nothing here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from tfx.components import ExampleValidator, SchemaGen, Trainer
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.dsl.components.common.importer import Importer
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import trainer_pb2, transform_pb2
from tfx.types.channel import Channel

from components import evaluate, resolvers
from components.artifacts import AcceptedAudit, AcceptedData
from components.augment import augment
from components.augmentation_ok import augmentation_ok
from components.champion import champion
from components.cross import Previous
from components.ingest import ingest
from components.inspect_data import Parameters, inspect_data
from components.judge_model import judge_model
from components.plan import IngestPlan
from components.pusher import pusher
from components.require_ok import require_ok
from components.served import served
from components.statistics import statistics as compute_statistics
from components.transform import Transform
from components.tuner import Tuner
from components.tuning_kept import TuningOrder
from pipeline.metadata_store import connection, pipeline_name
from schemas.config import PipelineConfig, PluginSpec
from schemas.features import FeatureContract

FN_API_RUNNER = "apache_beam.runners.portability.fn_api_runner.FnApiRunner"
#: Workers of the local runner are this process or its children, whatever image is named. Without one, TFX builds a package of itself for
#: them: 1.3 s in each of five stages.
NOTHING_TO_SHIP = "--sdk_container_image=none"
#: As newer Beams do by themselves. With dill, an older one looks at all loggers of the process for each function.
PICKLED = "--pickle_library=cloudpickle"


class Earlier(BaseModel):
    """What an earlier span left: its folder and its number."""

    uri: str
    span: int


class Graph(BaseModel):
    """All that the graph depends on.

    Attributes:
        model: the configured model, with full paths; `model_files` are names and digests of what it is made from.
        resolves: whether ML Metadata is asked what earlier spans left. Kubeflow's pipelines cannot: there, `earlier` says it.
        earlier: producing node -> what it left, unless the graph resolves.
        tuning: what is asked of the tuner; None for no tuner.
    """

    config: PipelineConfig
    plan: IngestPlan
    contract: FeatureContract
    schema_file: str | None
    code: str
    run_id: str
    root: Path
    serving: Path
    accept: dict[str, str] = {}
    cache: bool = True
    known: Parameters = Parameters()
    model: PluginSpec | None = None
    model_files: list[tuple[str, str]] = []
    tuning: TuningOrder | None = None
    until: str | None = None
    resolves: bool = True
    earlier: dict[str, Earlier] = {}
    previous: Previous = Previous()


def beam_args(config: PipelineConfig) -> list[str]:
    """Beam's options. The runner is named in full: the default one tries to download a binary (apache/beam#34549)."""
    beam = config.beam
    mode = [f"--direct_num_workers={beam.workers}", f"--direct_running_mode={beam.mode}"]
    return [f"--runner={FN_API_RUNNER}", NOTHING_TO_SHIP, PICKLED, *mode, *beam.args]


def _previous(g: Graph, node: str, kind: type, producer: str) -> tuple[list[Any], dict[str, Channel]]:
    """The node that fetches what the newest earlier accepted span left, and its output as `previous`; nothing where there is none."""
    if g.resolves:
        channel = Channel(type=kind, producer_component_id=producer)
        strategy = {"strategy_class": resolvers.PreviousAcceptedSpan, "config": {"span": g.plan.window[-1]}}
        found = Resolver(**strategy, accepted=channel).with_id(node)
        return [found], {"previous": found.outputs["accepted"]}
    if producer not in g.earlier:
        return [], {}
    left = g.earlier[producer]
    found = Importer(source_uri=left.uri, artifact_type=kind, custom_properties={"span": left.span}).with_id(node)
    return [found], {"previous": found.outputs["result"]}


def _schema_node(g: Graph, statistics: Any) -> Any:
    if g.schema_file:
        return ImportSchemaGen(schema_file=g.schema_file).with_id("schema")
    inferred = SchemaGen(statistics=statistics, infer_feature_shape=False, exclude_splits=["eval", "test"])
    return inferred.with_id("schema")


def _augmentation(g: Graph, checked: Channel, transform_graph: Channel) -> tuple[list[Any], Channel]:
    """The nodes of augmentation, and the examples that training consumes; none without augmentation."""
    if g.config.transform.augment is None:
        return [], checked
    fetching, previous = _previous(g, "previous_augmentation", AcceptedAudit, "augmentation_ok")
    audited = augment(
        config=g.config.transform.augment.model_dump_json(),
        contract=g.contract.model_dump_json(),
        span=g.plan.window[-1],
        code=g.code,
        examples=checked,
        transform_graph=transform_graph,
        **previous,
    ).with_id("augment")
    ok = augmentation_ok(
        accept=json.dumps(g.accept, sort_keys=True), examples=checked, audit=audited.outputs["audit"]
    ).with_id("augmentation_ok")
    return [*fetching, audited, ok], ok.outputs["checked_examples"]


def _champion(g: Graph) -> tuple[list[Any], Channel | None]:
    """The node of the champion, and its model; none when nothing is served. The worker holds the lock: what is served now stays so."""
    now = served(str(g.serving))
    if now is None:
        return [], None
    node = champion(directory=str(g.serving), digest=now["digest"], code=g.code).with_id("champion")
    return [node], node.outputs["model"]


def _data(g: Graph) -> tuple[list[Any], Channel, Channel]:
    """From files to the examples that passed all checks: the nodes, those examples, and the schema."""
    data = ingest(plan=g.plan.model_dump_json(), code=g.code).with_id("ingest")
    examples = data.outputs["examples"]
    # What is known of old spans; `--no-cache` neither uses nor keeps it.
    kept = str(g.root / "remembered" / g.config.name) if g.cache else ""
    statistics = compute_statistics(code=g.code, kept=kept, examples=examples, report=data.outputs["report"]).with_id(
        "statistics"
    )
    schema = _schema_node(g, statistics.outputs["statistics"])
    validator = ExampleValidator(statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"]).with_id(
        "example_validator"
    )
    fetching, previous = _previous(g, "previous_data", AcceptedData, "require_ok")
    findings = inspect_data(
        config=json.dumps(g.config.recipe),
        contract=g.contract.model_dump_json(),
        code=g.code,
        known=g.known.model_dump_json(),
        kept=kept,
        examples=examples,
        report=data.outputs["report"],
        anomalies=validator.outputs["anomalies"],
        **previous,
    ).with_id("inspect_data")
    ok = require_ok(
        accept=json.dumps(g.accept, sort_keys=True), examples=examples, findings=findings.outputs["findings"]
    ).with_id("require_ok")
    nodes = [data, statistics, schema, validator, *fetching, findings, ok]
    return nodes, ok.outputs["checked_examples"], schema.outputs["schema"]


def _training(g: Graph, checked: Channel, schema: Channel, champion: Channel | None) -> tuple[list[Any], Any]:
    """Transform, augmentation and training: the nodes, and the trainer. A warm start depends on the champion."""
    contract, policy = g.contract.model_dump_json(), g.config.transform.augment
    transform = Transform(
        examples=checked,
        schema=schema,
        preprocessing_fn="components.preprocessing.preprocessing_fn",
        splits_config=transform_pb2.SplitsConfig(analyze=["train"]),
        materialize=False,  # the graph is applied where rows are used, in canonical order; materialised rows have no order
        disable_statistics=True,
        disable_analyzer_cache=True,
        custom_config={
            "contract": contract,
            "transform": g.config.transform.model_dump_json(exclude={"augment"}),
            "code": g.code,
        },
    ).with_id("transform")
    augmenting, training_examples = _augmentation(g, checked, transform.outputs["transform_graph"])
    train = g.config.train.model_copy(update={"model": g.model or g.config.train.model})
    common: dict[str, Any] = {
        "examples": training_examples,
        "transform_graph": transform.outputs["transform_graph"],
        "schema": schema,
        "base_model": champion if train.warm_start else None,
        "train_args": trainer_pb2.TrainArgs(splits=["train"]),
        "eval_args": trainer_pb2.EvalArgs(splits=["eval"]),
    }
    settings = {
        "contract": contract,
        "model_files": json.dumps(g.model_files),
        "indicator": json.dumps(g.config.transform.impute.indicator),
        "augment": policy.model_dump_json() if policy else "",
        "code": g.code,
    }
    tuning, best = _tuning(g, common, {**settings, "train": train.model_dump_json()})
    # The trainer knows the values that were found, not how: another budget alone trains nothing anew.
    settings["train"] = train.model_copy(update={"tune": None}).model_dump_json()
    settings["threshold"] = g.config.evaluate.model_dump_json(include={"threshold"})
    settings["backup"] = str(g.root / "training" / g.config.name)
    trainer = Trainer(
        run_fn="components.training.run_fn", hyperparameters=best, custom_config=settings, **common
    ).with_id("trainer")
    return [transform, *augmenting, *tuning, trainer], trainer


def _tuning(g: Graph, common: dict[str, Any], settings: dict[str, str]) -> tuple[list[Any], Channel | None]:
    """The node of the tuning, and the values that training takes; none without `train.tune`."""
    if g.tuning is None:
        return [], None
    settings = {**settings, "tuning": g.tuning.model_dump_json()}
    node = Tuner(tuner_fn="components.tuning.tuner_fn", custom_config=settings, **common).with_id("tuner")
    return [node], node.outputs["best_hyperparameters"]


def _judging(g: Graph, checked: Channel, report: Channel, trainer: Any, baseline: Channel | None) -> list[Any]:
    """Evaluation, gates and push."""
    model, model_run = trainer.outputs["model"], trainer.outputs["model_run"]
    evaluator = evaluate.Evaluator(
        examples=checked,
        model=model,
        baseline_model=baseline,
        label=g.contract.label,
        evaluate=g.config.evaluate,
        code=g.code,
    ).with_id("evaluator")
    judged = judge_model(
        config=json.dumps(g.config.recipe),
        code=g.code,
        previous=g.previous.model_dump_json(),
        accept=json.dumps(g.accept, sort_keys=True),
        report=report,
        evaluation=evaluator.outputs["evaluation"],
        tfma_blessing=evaluator.outputs["blessing"],
        model=model,
        model_run=model_run,
        **({"champion": baseline} if baseline else {}),
    ).with_id("judge_model")
    push = pusher(
        directory=str(g.serving), run=g.run_id, model=model, model_run=model_run, blessing=judged.outputs["blessing"]
    ).with_id("pusher")
    return [evaluator, judged, push]


def build(g: Graph) -> Pipeline:
    """Wires all stages. Transform and everything after it consume the output of `require_ok`: gating is a data dependency."""
    of_data, checked, schema = _data(g)
    serving, baseline = _champion(g)
    of_training, trainer = _training(g, checked, schema, baseline)
    early, late = (serving, []) if g.config.train.warm_start else ([], serving)
    nodes = [
        *of_data,
        *early,
        *of_training,
        *late,
        *_judging(g, checked, of_data[0].outputs["report"], trainer, baseline),
    ]
    if g.until:
        nodes = nodes[: [n.id for n in nodes].index(g.until) + 1]
    return Pipeline(
        pipeline_name=pipeline_name(g.config, g.root),
        pipeline_root=str(g.root / "artifacts" / g.config.name),
        components=nodes,
        enable_cache=g.cache,
        metadata_connection_config=connection(g.config, g.root),
        beam_pipeline_args=beam_args(g.config),
    )

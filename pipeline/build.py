"""The whole graph on one screen: a job in, a TFX pipeline out.

Imported piece by piece: `tfx.v1` also imports the clients of Google Cloud, which takes two seconds and serves nothing here.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from tfx.components import ExampleValidator, SchemaGen, StatisticsGen, Trainer
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.dsl.components.common.resolver import Resolver
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import trainer_pb2, transform_pb2
from tfx.types.channel import Channel

from components import evaluate, resolvers
from components.artifacts import AcceptedAudit, AcceptedData
from components.augment import augment
from components.augmentation_ok import augmentation_ok
from components.champion import champion
from components.ingest import ingest
from components.inspect_data import Parameters, inspect_data
from components.judge_model import judge_model
from components.plan import IngestPlan
from components.pusher import pusher
from components.require_ok import require_ok
from components.served import served
from components.transform import Transform
from schemas.config import PipelineConfig
from schemas.features import FeatureContract

FN_API_RUNNER = "apache_beam.runners.portability.fn_api_runner.FnApiRunner"
#: Workers of the local runner are this process or its children, whatever image is named. Without one, TFX builds a package of itself for
#: them: 1.3 s in each of five stages.
NOTHING_TO_SHIP = "--sdk_container_image=none"


class Graph(BaseModel):
    """All that the graph depends on."""

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
    until: str | None = None


def beam_args(config: PipelineConfig) -> list[str]:
    """Beam's options. The runner is named in full: the default one tries to download a binary (apache/beam#34549)."""
    beam = config.beam
    mode = [f"--direct_num_workers={beam.workers}", f"--direct_running_mode={beam.mode}"]
    return [f"--runner={FN_API_RUNNER}", NOTHING_TO_SHIP, *mode, *beam.args]


def _schema_node(g: Graph, statistics: Any) -> Any:
    if g.schema_file:
        return ImportSchemaGen(schema_file=g.schema_file).with_id("schema")
    inferred = SchemaGen(statistics=statistics, infer_feature_shape=False, exclude_splits=["eval", "test"])
    return inferred.with_id("schema")


def _augmentation(g: Graph, checked: Channel, transform_graph: Channel) -> tuple[list[Any], Channel]:
    """The nodes of augmentation, and the examples that training consumes; none without augmentation."""
    if g.config.transform.augment is None:
        return [], checked
    previous = Resolver(
        strategy_class=resolvers.PreviousAcceptedSpan,
        config={"span": g.plan.window[-1]},
        accepted=Channel(type=AcceptedAudit, producer_component_id="augmentation_ok"),
    ).with_id("previous_augmentation")
    audited = augment(
        config=g.config.transform.augment.model_dump_json(),
        contract=g.contract.model_dump_json(),
        span=g.plan.window[-1],
        code=g.code,
        examples=checked,
        transform_graph=transform_graph,
        previous=previous.outputs["accepted"],
    ).with_id("augment")
    ok = augmentation_ok(
        accept=json.dumps(g.accept, sort_keys=True), examples=checked, audit=audited.outputs["audit"]
    ).with_id("augmentation_ok")
    return [previous, audited, ok], ok.outputs["checked_examples"]


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
    statistics = StatisticsGen(examples=examples).with_id("statistics")
    schema = _schema_node(g, statistics.outputs["statistics"])
    validator = ExampleValidator(statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"]).with_id(
        "example_validator"
    )
    previous = Resolver(
        strategy_class=resolvers.PreviousAcceptedSpan,
        config={"span": g.plan.window[-1]},
        accepted=Channel(type=AcceptedData, producer_component_id="require_ok"),
    ).with_id("previous_data")
    findings = inspect_data(
        config=g.config.model_dump_json(),
        contract=g.contract.model_dump_json(),
        code=g.code,
        known=g.known.model_dump_json(),
        examples=examples,
        report=data.outputs["report"],
        anomalies=validator.outputs["anomalies"],
        previous=previous.outputs["accepted"],
    ).with_id("inspect_data")
    ok = require_ok(
        accept=json.dumps(g.accept, sort_keys=True), examples=examples, findings=findings.outputs["findings"]
    ).with_id("require_ok")
    nodes = [data, statistics, schema, validator, previous, findings, ok]
    return nodes, ok.outputs["checked_examples"], schema.outputs["schema"]


def _training(g: Graph, checked: Channel, schema: Channel) -> tuple[list[Any], Any]:
    """Transform, augmentation and training: the nodes, and the trainer."""
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
    trainer = Trainer(
        run_fn="components.training.run_fn",
        examples=training_examples,
        transform_graph=transform.outputs["transform_graph"],
        schema=schema,
        train_args=trainer_pb2.TrainArgs(splits=["train"]),
        eval_args=trainer_pb2.EvalArgs(splits=["eval"]),
        custom_config={
            "contract": contract,
            "train": g.config.train.model_dump_json(),
            "augment": policy.model_dump_json() if policy else "",
            "threshold": g.config.evaluate.model_dump_json(include={"threshold"}),
            "code": g.code,
        },
    ).with_id("trainer")
    return [transform, *augmenting, trainer], trainer


def _judging(g: Graph, checked: Channel, trainer: Any) -> list[Any]:
    """Champion, evaluation, gates and push."""
    serving, baseline = _champion(g)
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
        config=g.config.model_dump_json(),
        code=g.code,
        evaluation=evaluator.outputs["evaluation"],
        tfma_blessing=evaluator.outputs["blessing"],
        model=model,
        model_run=model_run,
        **({"champion": baseline} if baseline else {}),
    ).with_id("judge_model")
    push = pusher(
        directory=str(g.serving), run=g.run_id, model=model, model_run=model_run, blessing=judged.outputs["blessing"]
    ).with_id("pusher")
    return [*serving, evaluator, judged, push]


def build(g: Graph) -> Pipeline:
    """Wires all stages. Transform and everything after it consume the output of `require_ok`: gating is a data dependency."""
    of_data, checked, schema = _data(g)
    of_training, trainer = _training(g, checked, schema)
    nodes = [*of_data, *of_training, *_judging(g, checked, trainer)]
    if g.until:
        nodes = nodes[: [n.id for n in nodes].index(g.until) + 1]
    return Pipeline(
        pipeline_name=g.config.name,
        pipeline_root=str(g.root / "artifacts" / g.config.name),
        components=nodes,
        enable_cache=g.cache,
        metadata_connection_config=sqlite_metadata_connection_config(str(g.root / "metadata.db")),
        beam_pipeline_args=beam_args(g.config),
    )

"""Stock TFX on a CSV: default components, one stage after the other. Prints seconds per stage as JSON into a file.

python -m benchmarks.stock DATA_FOLDER WORK_FOLDER EPOCHS OUTPUT.json
"""

from __future__ import annotations

import json
import os
import sys
import time

os.environ["TF_USE_LEGACY_KERAS"] = "0"
BEGAN = time.monotonic()

import tensorflow_model_analysis as tfma  # noqa: E402
from tensorflow_model_analysis.proto import config_pb2  # noqa: E402
from tfx import v1 as tfx  # noqa: E402
from tfx.orchestration.portable import launcher  # noqa: E402

RUNNER = "--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner"
MODULE = "benchmarks.stock_module"


def build(data: str, work: str, epochs: int) -> tfx.dsl.Pipeline:
    """The pipeline of TFX's own taxi example, with a test split."""
    c, p = tfx.components, tfx.proto
    buckets = [p.SplitConfig.Split(name=n, hash_buckets=b) for n, b in (("train", 14), ("eval", 3), ("test", 3))]
    split = p.SplitConfig(splits=buckets)
    example_gen = c.CsvExampleGen(input_base=data, output_config=p.Output(split_config=split))
    examples = example_gen.outputs["examples"]
    statistics = c.StatisticsGen(examples=examples)
    schema = c.SchemaGen(statistics=statistics.outputs["statistics"], infer_feature_shape=False)
    validator = c.ExampleValidator(statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"])
    transform = c.Transform(
        examples=examples, schema=schema.outputs["schema"], preprocessing_fn=f"{MODULE}.preprocessing_fn"
    )
    trainer = c.Trainer(
        run_fn=f"{MODULE}.run_fn",
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema.outputs["schema"],
        train_args=p.TrainArgs(splits=["train"]),
        eval_args=p.EvalArgs(splits=["eval"]),
        custom_config={"epochs": epochs},
    )
    resolver = tfx.dsl.Resolver(
        strategy_class=tfx.dsl.experimental.LatestBlessedModelStrategy,
        model=tfx.dsl.Channel(type=tfx.types.standard_artifacts.Model),
        model_blessing=tfx.dsl.Channel(type=tfx.types.standard_artifacts.ModelBlessing),
    ).with_id("champion")
    floor = config_pb2.MetricThreshold(value_threshold=config_pb2.GenericValueThreshold(lower_bound={"value": 0.5}))
    config = config_pb2.EvalConfig(
        model_specs=[config_pb2.ModelSpec(signature_name="serving_default", label_key="big_tipper")],
        metrics_specs=[
            config_pb2.MetricsSpec(
                metrics=[
                    config_pb2.MetricConfig(class_name="ExampleCount"),
                    config_pb2.MetricConfig(class_name="AUC", threshold=floor),
                    config_pb2.MetricConfig(class_name="AUCPrecisionRecall"),
                    config_pb2.MetricConfig(class_name="BinaryAccuracy"),
                ]
            )
        ],
        slicing_specs=[
            config_pb2.SlicingSpec(),
            config_pb2.SlicingSpec(feature_keys=["payment_type"]),
            config_pb2.SlicingSpec(feature_keys=["trip_start_hour"]),
        ],
    )
    evaluator = c.Evaluator(
        examples=examples,
        model=trainer.outputs["model"],
        baseline_model=resolver.outputs["model"],
        eval_config=config,
        example_splits=["test"],
    )
    target = p.PushDestination(filesystem=p.PushDestination.Filesystem(base_directory=f"{work}/serving"))
    pusher = c.Pusher(
        model=trainer.outputs["model"], model_blessing=evaluator.outputs["blessing"], push_destination=target
    )
    return tfx.dsl.Pipeline(
        pipeline_name="stock",
        pipeline_root=f"{work}/root",
        components=[example_gen, statistics, schema, validator, transform, trainer, resolver, evaluator, pusher],
        metadata_connection_config=tfx.orchestration.metadata.sqlite_metadata_connection_config(f"{work}/metadata.db"),
        beam_pipeline_args=[RUNNER],
        enable_cache=False,
    )


def auc(work: str) -> float:
    """Test AUC as TFMA wrote it."""
    import glob

    (folder,) = glob.glob(f"{work}/root/Evaluator/evaluation/*")
    return float(tfma.load_eval_result(folder).get_metrics_for_slice()["auc"]["doubleValue"])


def main() -> None:
    """Runs once."""
    data, work, epochs, output = sys.argv[1:5]
    seconds = {"imports": time.monotonic() - BEGAN}
    original = launcher.Launcher.launch

    def timed(node):  # type: ignore[no-untyped-def]
        began = time.monotonic()
        result = original(node)
        seconds[node._pipeline_node.node_info.id] = time.monotonic() - began
        return result

    launcher.Launcher.launch = timed
    tfx.orchestration.LocalDagRunner().run(build(data, work, int(epochs)))
    with open(output, "w", encoding="utf-8") as file:
        json.dump({"seconds": seconds, "auc": auc(work), "pushed": os.path.isdir(f"{work}/serving")}, file)


if __name__ == "__main__":
    main()

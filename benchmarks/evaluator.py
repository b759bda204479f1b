"""The stock Evaluator against ours: the same SavedModel, test rows, slices and metrics, one after the other in one process.

python -m benchmarks.evaluator [--rows 100000] [--output docs/performance.md]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ["TF_USE_LEGACY_KERAS"] = "0"

from benchmarks.compare import ROOT, environment, make_data
from benchmarks.pages import put

MARKS = ("<!-- begin: python -m benchmarks.evaluator -->", "<!-- end: evaluator -->")
#: Four columns and a pair, of which both make the same slices: none is cut, none pooled.
SLICES = [
    ["payment_type"],
    ["trip_start_hour"],
    ["trip_start_day"],
    ["trip_start_month"],
    ["payment_type", "trip_start_day"],
]
RUNNER = "--runner=apache_beam.runners.portability.fn_api_runner.FnApiRunner"
LABEL = "big_tipper"
#: Nine of ten rows are test: the benchmark is about these.
CONFIG = """
name: bench
data:
  source: {{csv: "{data}/*.csv"}}
  label: big_tipper
  exclude: [tips, trip_start_timestamp, pickup_census_tract]
  schema_file: {schema}
  split: {{train: 0.05, eval: 0.05, test: 0.9}}
checks: {{missing_fraction: off, split_leakage: off, conflicting_labels: off, duplicates: off}}
train: {{epochs: 2, early_stopping: null, reduce_lr: null, class_weights: null}}
evaluate: {{metrics: [auc, pr_auc, accuracy], gates: {{metric_floor: {{auc: 0.5}}}}}}
"""


def prepare(rows: int, work: Path) -> tuple[str, str]:
    """A trained model and its test rows: folders of the artifacts."""
    make_data(rows * 10 // 9, work / "data")
    (work / "bench.yaml").write_text(CONFIG.format(data=work / "data", schema=ROOT / "schemas" / "taxi.pbtxt"))
    words = [sys.executable, "-m", "pipeline.cli", "run", str(work / "bench.yaml"), "--until", "trainer", "--json"]
    done = subprocess.run(words, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    found = {s["name"]: s["artifacts"] for s in json.loads(done.stdout)["stages"]}
    return found["require_ok"]["checked_examples"], found["trainer"]["model"]


def stock_config() -> Any:
    """What a user of stock TFX writes for our model: two probabilities, of which the second is looked at."""
    from tensorflow_model_analysis.proto import config_pb2

    curves = [config_pb2.MetricConfig(class_name=n) for n in ("AUC", "AUCPrecisionRecall", "BinaryAccuracy")]
    return config_pb2.EvalConfig(
        model_specs=[
            config_pb2.ModelSpec(signature_name="serving_default", label_key=LABEL, prediction_key="probabilities")
        ],
        metrics_specs=[
            config_pb2.MetricsSpec(metrics=[config_pb2.MetricConfig(class_name="ExampleCount")]),
            config_pb2.MetricsSpec(metrics=curves, binarize=config_pb2.BinarizationOptions(class_ids={"values": [1]})),
        ],
        slicing_specs=[config_pb2.SlicingSpec(), *(config_pb2.SlicingSpec(feature_keys=s) for s in SLICES)],
    )


def run(examples_uri: str, model_uri: str, work: Path) -> dict[str, Any]:
    """Both nodes in one pipeline: seconds of each, and by how much their values differ at most."""
    from tfx.components import Evaluator as StockEvaluator
    from tfx.dsl.components.common.importer import Importer
    from tfx.orchestration.local.local_dag_runner import LocalDagRunner
    from tfx.orchestration.metadata import sqlite_metadata_connection_config
    from tfx.orchestration.pipeline import Pipeline
    from tfx.orchestration.portable import launcher
    from tfx.types.standard_artifacts import Examples, Model

    from components.evaluate import Evaluator
    from schemas.config import Evaluate

    splits = {"split_names": '["train", "eval", "test"]', "version": 0}
    examples = Importer(source_uri=examples_uri, artifact_type=Examples, properties=splits).with_id("examples")
    model = Importer(source_uri=model_uri, artifact_type=Model).with_id("model")
    inputs = {"examples": examples.outputs["result"], "model": model.outputs["result"], "baseline_model": None}
    wanted = Evaluate(slices=SLICES, gates={"metric_floor": {"auc": 0.5}})  # type: ignore[arg-type]
    ours = Evaluator(**inputs, label=LABEL, evaluate=wanted, code="").with_id("ours")
    stock = StockEvaluator(**inputs, eval_config=stock_config(), example_splits=["test"]).with_id("stock")
    seconds, of_processor, original = {}, {}, launcher.Launcher.launch

    def timed(node: Any) -> Any:
        name, began, used = node._pipeline_node.node_info.id, time.monotonic(), time.process_time()
        result = original(node)
        seconds[name], of_processor[name] = time.monotonic() - began, time.process_time() - used
        return result

    launcher.Launcher.launch = timed
    LocalDagRunner().run(
        Pipeline(
            pipeline_name="evaluators",
            pipeline_root=str(work / "evaluators"),
            components=[examples, model, ours, stock],
            enable_cache=False,
            metadata_connection_config=sqlite_metadata_connection_config(str(work / "evaluators.db")),
            beam_pipeline_args=[RUNNER],
        )
    )
    values = {name: _values(work / "evaluators" / name) for name in ("ours", "stock")}
    pairs = [(values["ours"][at], v) for at, v in values["stock"].items() if at in values["ours"]]
    return {
        "seconds": seconds,
        "processor": of_processor,
        "rows": int(values["ours"][(), "example_count"]),
        "slices": {name: len({key for key, _ in found}) - 1 for name, found in values.items()},
        "compared": len(pairs),
        "difference": max(abs(a - b) for a, b in pairs if a == a and b == b),
    }


def _values(folder: Path) -> dict[tuple[Any, str], float]:
    """(slice key, metric) -> value, as TFMA loads it; a text for every value of a slice."""
    import tensorflow_model_analysis as tfma

    (place,) = (folder / "evaluation").iterdir()
    out = {}
    for key, by_output in tfma.load_eval_result(str(place)).slicing_metrics:
        for by_class in by_output.values():
            for metrics in by_class.values():
                texts = tuple((column, str(value)) for column, value in key)
                out |= {(texts, m): v["doubleValue"] for m, v in metrics.items() if "doubleValue" in v}
    return out


def table(result: dict[str, Any]) -> str:
    """One comparison as Markdown."""
    lines = ["| | stock Evaluator | ours | ratio |", "| --- | ---: | ---: | ---: |"]
    for what, of in (("seconds", result["seconds"]), ("seconds of the processor", result["processor"])):
        lines.append(f"| {what} | {of['stock']:.1f} | {of['ours']:.1f} | {of['stock'] / of['ours']:.1f} |")
    return "\n".join(
        [
            f"{result['rows']:,} test rows; {result['slices']['ours']} slices, in stock {result['slices']['stock']}.",
            "",
            *lines,
            "",
            f"{result['compared']:,} values that both wrote differ by {result['difference']:.1g} at most.",
        ]
    )


def main() -> None:
    """Runs once, and writes the section of the page if it has one."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--output", type=Path, help="a page that has the marks")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        made = table(run(*prepare(words.rows, Path(name)), Path(name)))
    print(made)
    if words.output:
        put(words.output, MARKS, made)


if __name__ == "__main__":
    main()

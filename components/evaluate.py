"""The Evaluator: candidate and champion score the test split once, in large batches; TFMA computes its metrics from the scores.

Stock TFX sends every row through TFMA's extractors and the model in small batches; here a batch of rows is scored by both models
first, and TFMA sees a label, two scores and the slice columns. The scores are kept (``predictions/*.parquet``), so gates can compare
the two models row by row.
"""

import os
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import tensorflow_model_analysis as tfma
from google.protobuf import json_format
from tensorflow_model_analysis.proto import config_pb2
from tfx import types
from tfx.components.evaluator.component import Evaluator as StockEvaluator
from tfx.dsl.components.base import base_beam_executor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.types import artifact_utils
from tfx.utils import path_utils

from components import examples as example_files
from components.counting import span_of_file
from schemas.features import label_text

CANDIDATE, CHAMPION, LABEL, SPAN = "candidate", "champion", "label", "span"
SLICE_PREFIX = "slice:"
PREDICTIONS = "predictions"


def eval_config(classes: int | None, slices: list[str], champion: bool) -> config_pb2.EvalConfig:
    """TFMA's configuration for rows that are scored already."""
    names = [CANDIDATE, CHAMPION] if champion else [CANDIDATE]
    specs = [
        config_pb2.ModelSpec(name=n if champion else "", prediction_key=n, label_key=LABEL, is_baseline=n == CHAMPION)
        for n in names
    ]
    chosen = ["ExampleCount"] + (
        ["AUC", "AUCPrecisionRecall", "BinaryAccuracy"] if classes in (None, 2) else ["SparseCategoricalAccuracy"]
    )
    metrics = [config_pb2.MetricConfig(class_name=m) for m in chosen]
    return config_pb2.EvalConfig(
        model_specs=specs,
        metrics_specs=[config_pb2.MetricsSpec(metrics=metrics, model_names=names if champion else [])],
        slicing_specs=[config_pb2.SlicingSpec(), *(config_pb2.SlicingSpec(feature_keys=[s]) for s in slices)],
    )


def aligned(probabilities: Any, labels: list[str], wanted: list[str]) -> Any:
    """Columns in the order of `wanted`; a class that the model does not know has probability 0."""
    out = np.zeros((len(probabilities), len(wanted)), np.float32)
    for i, value in enumerate(wanted):
        if value in labels:
            out[:, i] = probabilities[:, labels.index(value)]
    return out


class Score(beam.DoFn):
    """A test file -> its predictions (written as Parquet), and batches for TFMA."""

    def __init__(self, candidate: str, champion: str | None, label: str, slices: list[str], folder: str):
        self._paths = {CANDIDATE: candidate, **({CHAMPION: champion} if champion else {})}
        self._label, self._slices, self._folder = label, slices, folder

    def setup(self) -> None:
        from components.serving import Scorer

        self._scorers = {n: Scorer(p) for n, p in self._paths.items()}

    def _table(self, records: list[bytes], file: str) -> pa.Table:
        import tensorflow as tf

        wanted = self._scorers[CANDIDATE].labels
        flat = example_files.decode_flat(records, file)
        columns: dict[str, Any] = {"key": tf.fingerprint(tf.constant(records)).numpy().view(np.uint64).reshape(-1)}
        columns[SPAN] = np.full(len(records), span_of_file(file), np.int64)
        columns[LABEL] = [label_text(v) for v in flat.column(flat.schema.get_field_index(self._label)).to_pylist()]
        for name, scorer in self._scorers.items():
            scores = aligned(scorer(records), scorer.labels, wanted)
            columns[name] = pa.FixedSizeListArray.from_arrays(pa.array(scores.reshape(-1)), len(wanted))
        for name in self._slices:
            at = flat.schema.get_field_index(name)
            values = [None] * len(records) if at < 0 else flat.column(at).to_pylist()
            columns[SLICE_PREFIX + name] = pa.array([None if v is None else label_text(v) for v in values], pa.string())
        return pa.table(columns)

    def _batch(self, table: pa.Table) -> pa.RecordBatch:
        """What TFMA reads: label index, scores, slice columns, all as lists."""
        labels = self._scorers[CANDIDATE].labels
        index = {v: float(i) for i, v in enumerate(labels)}
        arrays = [
            pa.array([[index.get(v, float(len(labels)))] for v in table[LABEL].to_pylist()], pa.list_(pa.float32()))
        ]
        names = [LABEL]
        for name in self._scorers:
            scores = np.array(table[name].to_pylist(), np.float32).reshape(len(table), -1)
            scores = scores[:, 1:] if len(labels) == 2 else scores
            arrays.append(pa.array(list(scores), pa.list_(pa.float32())))
            names.append(name)
        for name in self._slices:
            values = table[SLICE_PREFIX + name].to_pylist()
            arrays.append(pa.array([None if v is None else [v.encode()] for v in values], pa.list_(pa.binary())))
            names.append(name)
        return pa.RecordBatch.from_arrays(arrays, names=names)

    def process(self, file: str) -> Iterator[pa.RecordBatch]:
        os.makedirs(self._folder, exist_ok=True)
        writer = None
        try:
            for records in example_files.read_records(file):
                table = self._table(records, file)
                writer = writer or pq.ParquetWriter(
                    os.path.join(self._folder, os.path.basename(file) + ".parquet"), table.schema
                )
                writer.write_table(table)
                yield self._batch(table)
        finally:
            if writer:
                writer.close()


class Executor(base_beam_executor.BaseBeamExecutor):
    """Scores the test split and lets TFMA evaluate and write its results; judging is `judge_model`'s business."""

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:  # noqa: N802
        """See `tfx.dsl.components.base.base_executor.BaseExecutor.Do`."""
        config = json_format.Parse(exec_properties["eval_config"], config_pb2.EvalConfig())
        output = artifact_utils.get_single_uri(output_dict["evaluation"])
        files = example_files.split_files(artifact_utils.get_single_uri(input_dict["examples"]), "test")
        models = {}
        for key in ("model", "baseline_model"):
            for artifact in input_dict.get(key) or []:
                models[key] = path_utils.serving_model_path(artifact.uri)
        slices = [k for spec in config.slicing_specs for k in spec.feature_keys]
        label = config.model_specs[0].label_key
        config = eval_config(_classes(models["model"]), slices, "baseline_model" in models)
        folder = os.path.join(output, PREDICTIONS)
        with self._make_beam_pipeline() as pipeline:
            _ = (
                pipeline
                | "Files" >> beam.Create(files)
                | "Spread" >> beam.Reshuffle()
                | "Score" >> beam.ParDo(Score(models["model"], models.get("baseline_model"), label, slices, folder))
                | "TFMA" >> tfma.ExtractEvaluateAndWriteResults(eval_config=config, output_path=output)
            )


def _classes(model: str) -> int:
    from components.serving import read_extra

    return len(read_extra(model)["labels"])


class Evaluator(StockEvaluator):
    """TFX's Evaluator with our executor: same inputs, outputs and artifact types."""

    EXECUTOR_SPEC = BeamExecutorSpec(Executor)

    def __init__(
        self,
        examples: types.BaseChannel,
        model: types.BaseChannel,
        baseline_model: types.BaseChannel | None,
        label: str,
        slices: list[str],
        code: str,
    ):
        # the label column travels in the template's model spec: the stock spec has no other place for it
        template = eval_config(None, slices, champion=False)
        template.model_specs[0].label_key = label
        template.model_specs[0].name = code  # so that another version of our code misses the cache
        super().__init__(
            examples=examples, model=model, baseline_model=baseline_model, eval_config=template, example_splits=["test"]
        )

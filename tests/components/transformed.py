"""Transform graphs for tests: analysed in memory, with any bundles, and applied to any batches."""

import functools
import itertools
import json

import apache_beam as beam
import numpy as np
import pyarrow as pa
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tfx_bsl.tfxio import raw_tf_record

from components.examples import RECORDS
from components.preprocessing import preprocessing_fn
from components.transform_graph import AppliedGraph
from schemas.config import Transform
from schemas.features import ColumnType, Feature, FeatureContract
from schemas.run_record import LearnedFeature

RUNNER = "apache_beam.runners.portability.fn_api_runner.FnApiRunner"


def record(row):
    """One row as a serialized tf.Example; None is missing."""
    feature = {}
    for name, value in row.items():
        if isinstance(value, bytes):
            feature[name] = tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
        elif isinstance(value, float):
            feature[name] = tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
        elif value is not None:
            feature[name] = tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def records(columns):
    """Columns of equal length as serialized rows."""
    return [record(dict(zip(columns, row, strict=True))) for row in zip(*columns.values(), strict=True)]


def contract(**kinds):
    """A contract without a label; ``name=(type, kind)`` or ``name=(type, kind, more fields)``."""
    made = []
    for name, (kind_of_column, kind, *more) in sorted(kinds.items()):
        made.append(
            Feature(name=name, type=ColumnType(kind_of_column), kind=kind, reason="test", **(more[0] if more else {}))
        )
    return FeatureContract(label="label", label_type=ColumnType.INT, features=tuple(made))


class Graph:
    """An analysed transform graph.

    Args:
        folder: where it is written.
        rows: serialized examples.
        bundles: sizes of the batches of the analysis; all rows in one by default.
    """

    def __init__(self, folder, rows, features, transform=None, bundles=None):
        self.features = features
        config = Transform.model_validate(transform or {})
        custom = {"contract": features.model_dump_json(), "transform": config.model_dump_json(exclude={"augment"})}
        source = raw_tf_record.RawTfRecordTFXIO("unused", RECORDS, ["test"])
        ends = list(itertools.accumulate([0, *(bundles or [len(rows)])]))
        batches = [_batch(rows[a:b], source) for a, b in itertools.pairwise(ends)]
        with (
            beam.Pipeline(runner=RUNNER, options=beam.pipeline.PipelineOptions(["--sdk_container_image=none"])) as p,
            tft_beam.Context(temp_dir=str(folder / "temporary")),
        ):
            data = p | beam.Create(batches, reshuffle=True)
            fn = functools.partial(preprocessing_fn, custom_config=custom)
            graph = (data, source.TensorAdapterConfig()) | tft_beam.AnalyzeDataset(fn)
            _ = graph | tft_beam.WriteTransformFn(str(folder / "out"))
        output = tft.TFTransformOutput(str(folder / "out"))
        self._layer = AppliedGraph(output)
        self.asset = (folder / "out/transform_fn/assets/learned").read_bytes()
        head = json.loads(self.asset.split(b"\n")[0])
        self.learned = {f["name"]: LearnedFeature.model_validate(f) for f in head}
        self._traced = tf.function(self._apply, input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)

    def _apply(self, rows):
        return self._layer({RECORDS: rows})

    def __call__(self, rows, size=None):
        """Outputs of serialized examples, `size` at a time, in a graph."""
        return _collected(self._traced, rows, size or len(rows))

    def eager(self, rows):
        """The same without a graph around it."""
        return _collected(self._apply, rows, len(rows))


def _batch(rows, source):
    schema = source.ArrowSchema()
    return pa.RecordBatch.from_arrays([pa.array([[r] for r in rows], schema.types[0])], schema=schema)


def _collected(function, rows, size):
    parts = [function(tf.constant(rows[i : i + size], tf.string)) for i in range(0, len(rows), size)]
    return {name: np.concatenate([p[name].numpy() for p in parts]) for name in parts[0]}

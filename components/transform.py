"""Transform as a node: TFX's, with an executor that reads and analyses serialized examples."""

from __future__ import annotations

import functools
import json
import os
import shutil
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils
from tfx.components import Transform as StockTransform
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.dsl.components.base.executor_spec import BeamExecutorSpec
from tfx.types import artifact_utils
from tfx.utils import io_utils
from tfx_bsl.tfxio import raw_tf_record

from components.examples import RECORDS
from components.preprocessing import preprocessing_fn


class Executor(BaseBeamExecutor):
    """Analyses train as serialized examples and writes the transform graph.

    TFX's own executor hands every feature over as three tensors, and builds, copies and describes each of them some thirty times: with 500
    features that alone takes ten times as long as the analysis. Here the graph's one input is `RECORDS`.
    """

    def Do(self, input_dict: Any, output_dict: Any, exec_properties: Any) -> None:  # noqa: N802
        """See `tfx.dsl.components.base.base_executor.BaseExecutor.Do`."""
        output = artifact_utils.get_single_uri(output_dict["transform_graph"])
        uris = artifact_utils.get_split_uris(input_dict["examples"], "train")
        source = raw_tf_record.RawTfRecordTFXIO([io_utils.all_files_pattern(u) for u in uris], RECORDS, ["Transform"])
        function = functools.partial(preprocessing_fn, custom_config=json.loads(exec_properties["custom_config"]))
        raw = schema_utils.schema_from_feature_spec({RECORDS: tf.io.FixedLenFeature([], tf.string)})
        temporary = os.path.join(output, ".temp_path")
        with (
            self._make_beam_pipeline() as pipeline,
            tft_beam.Context(temp_dir=temporary, use_deep_copy_optimization=True),
        ):
            batches = pipeline | "Read" >> source.BeamSource()
            graph = (batches, source.TensorAdapterConfig()) | "Analyze" >> tft_beam.AnalyzeDataset(function)
            _ = graph | "Write" >> tft_beam.WriteTransformFn(output)
            metadata = os.path.join(output, tft.TFTransformOutput.RAW_METADATA_DIR)
            _ = dataset_metadata.DatasetMetadata(raw) | "WriteRaw" >> tft_beam.WriteMetadata(metadata, pipeline)
        shutil.rmtree(temporary)


class Transform(StockTransform):
    """TFX's Transform with our executor: same inputs, outputs and artifact types."""

    EXECUTOR_SPEC = BeamExecutorSpec(Executor)

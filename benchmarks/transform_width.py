"""How the analysis of Transform grows with the number of features, at the same number of values.

python -m benchmarks.transform_width [--repeats 3]

Runs TFX's Transform node, with the settings of `pipeline.build`, on 10 numeric features x 100,000 rows and on 500 x 2,000 rows (a
million values each, 5 % of them missing). Each measurement is a process of its own; the time is that of the node, without
imports. Prints the seconds of each (wall clock and CPU), the medians, and their ratio; on a busy machine only that of CPU time counts.
"""

from __future__ import annotations

import argparse
import cProfile
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

SHAPES = {"narrow": (10, 100_000), "wide": (500, 2_000)}
MISSING = 0.05


def write_examples(folder: Path, features: int, rows: int) -> Any:
    """An Examples artifact with a train split of standard normal numbers, and the contract of its columns."""
    import pyarrow as pa

    from components import examples
    from schemas.features import ColumnType, Feature, FeatureContract, Kind

    rng = np.random.default_rng(0)
    names = [f"f{i:03d}" for i in range(features)]
    values = rng.normal(size=(rows, features)).astype(np.float32)
    lacking = rng.random(values.shape) < MISSING
    columns = [pa.array(values[:, i], mask=lacking[:, i]) for i in range(features)]
    label = pa.array(np.arange(rows) % 2)
    split = folder / "Split-train"
    split.mkdir(parents=True)
    for start in range(0, rows, 25_000):
        batch = pa.RecordBatch.from_arrays([*columns, label], names=[*names, "label"]).slice(start, 25_000)
        examples.write_records(str(split / f"data_tfrecord-{start:06d}"), examples.encode(batch))
    numbers = tuple(Feature(name=n, type=ColumnType.FLOAT, kind=Kind.NUMERIC, reason="drawn") for n in names)
    return FeatureContract(label="label", label_type=ColumnType.INT, features=numbers)


def write_schema(folder: Path, contract: Any) -> None:
    """A Schema artifact: each column has at most one value a row."""
    from google.protobuf import text_format
    from tensorflow_metadata.proto.v0 import schema_pb2

    schema = schema_pb2.Schema()
    for name, kind in [*((f.name, schema_pb2.FLOAT) for f in contract.features), (contract.label, schema_pb2.INT)]:
        schema.feature.add(name=name, type=kind).value_count.CopyFrom(schema_pb2.ValueCount(min=1, max=1))
    folder.mkdir()
    (folder / "schema.pbtxt").write_text(text_format.MessageToString(schema), encoding="utf-8")


def measure(features: int, rows: int, profile: str | None) -> tuple[float, float]:
    """Seconds of one run of the node, by the wall clock and of CPU."""
    from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
    from tfx.proto import transform_pb2
    from tfx.types import artifact_utils, standard_artifacts
    from tfx.utils import proto_utils

    from components.transform import Executor
    from pipeline.build import beam_args
    from schemas.config import PipelineConfig, Transform

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        contract = write_examples(folder / "examples", features, rows)
        write_schema(folder / "schema", contract)
        artifacts = {}
        for key, kind in (
            ("examples", standard_artifacts.Examples),
            ("schema", standard_artifacts.Schema),
            ("transform_graph", standard_artifacts.TransformGraph),
        ):
            artifacts[key] = kind()
            artifacts[key].uri = str(folder / key)
        artifacts["examples"].split_names = artifact_utils.encode_split_names(["train"])
        custom = {
            "contract": contract.model_dump_json(),
            "transform": Transform().model_dump_json(exclude={"augment"}),
        }
        data = {"source": {"csv": "x-{SPAN}.csv"}, "label": "label"}
        config = PipelineConfig.model_validate({"name": "width", "data": data})
        executor = Executor(
            BaseBeamExecutor.Context(
                beam_pipeline_args=beam_args(config), tmp_dir=str(folder / "tmp"), unique_id="transform"
            )
        )
        settings = {
            "preprocessing_fn": "components.preprocessing.preprocessing_fn",
            "splits_config": proto_utils.proto_to_json(transform_pb2.SplitsConfig(analyze=["train"])),
            "disable_statistics": 1,
            "custom_config": json.dumps(custom),
        }
        inputs = {k: [artifacts[k]] for k in ("examples", "schema")}
        profiler = cProfile.Profile()
        began, cpu = time.perf_counter(), time.process_time()
        if profile:
            profiler.enable()
        executor.Do(inputs, {"transform_graph": [artifacts["transform_graph"]]}, settings)
        seconds = time.perf_counter() - began, time.process_time() - cpu
        if profile:
            profiler.disable()
            profiler.dump_stats(profile)
        return seconds


def main() -> int:
    """Measures both shapes in turn and prints the ratio."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--only", choices=list(SHAPES), help="measure one shape, once, in this process")
    parser.add_argument("--profile", metavar="FILE", help="with --only: write cProfile's data")
    options = parser.parse_args()
    if options.only:
        print("\nseconds", *measure(*SHAPES[options.only], options.profile))
        return 0
    seconds: dict[str, list[list[float]]] = {shape: [] for shape in SHAPES}
    for _ in range(options.repeats):
        for shape, (features, rows) in SHAPES.items():
            words = [sys.executable, "-m", "benchmarks.transform_width", "--only", shape]
            done = subprocess.run(words, capture_output=True, text=True, check=True)
            seconds[shape].append([float(n) for n in done.stdout.rsplit("seconds ", 1)[1].split()])
            wall, cpu = seconds[shape][-1]
            print(f"{features} features x {rows} rows: {wall:.2f} s, CPU {cpu:.2f} s", flush=True)
    for i, clock in enumerate(("wall clock", "CPU")):
        narrow, wide = (statistics.median(s[i] for s in seconds[shape]) for shape in SHAPES)
        print(f"{clock}, medians: narrow {narrow:.2f} s, wide {wide:.2f} s, ratio {wide / narrow:.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""ExampleGen: CSV, Parquet or TFRecord in, tf.Examples out, in three splits and in canonical order.

Files are read as Arrow batches, rows are fingerprinted, assigned to a split and serialized, grouped by (split, span, shard) and
sorted by fingerprint. So the same rows in another order, in other files, or on other workers give the same bytes.
No `from __future__ import annotations` here: TFX reads the annotations of `@component` functions.
"""

import hashlib
import json
import os
from collections.abc import Iterator
from typing import Any

import apache_beam as beam
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tfx.dsl.component.experimental.annotations import BeamComponentParameter, OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.types import artifact_utils
from tfx.types.standard_artifacts import Examples

from components import examples as example_files
from components import fingerprints, frozen, left_out, sources, splits
from components import plan as plans
from components.artifacts import IngestReport, read_json, sha256_file, write_json
from components.kinds import picture_paths
from components.samples import sample_table
from schemas.evidence import SPLITS
from schemas.findings import DataBlocked, Finding
from schemas.run_record import DataFile

UNLABELLED, PROBLEM, HELD = "unlabelled", "problem", "held"
KEYS, SERVING = "keys", "serving"


class ReadFile(beam.DoFn):
    """A file -> ((split, span), rows of a batch: fingerprints and serialized examples)."""

    def __init__(self, plan: plans.IngestPlan):
        self._plan = plan.model_dump_json()

    def setup(self) -> None:
        self._parsed = plans.IngestPlan.model_validate_json(self._plan)

        self._held = frozen.Held(self._parsed.held)

    def process(self, file: DataFile) -> Iterator[Any]:
        plan = self._parsed
        try:
            for row, batch in plans.read_rows(file, plan):
                rows = plans.labelled(batch, plan.label)
                there = batch.column(batch.schema.get_field_index(plan.label)).is_valid()
                numbers = row + np.flatnonzero(there.to_numpy(zero_copy_only=False))
                yield beam.pvalue.TaggedOutput(UNLABELLED, (file.span, batch.num_rows - rows.num_rows))
                plans.refuse_weights(rows, numbers, plan, file.path)
                plans.refuse_amounts(rows, numbers, plan, file.path)
                if rows.num_rows:
                    yield from self._by_split(rows, file, numbers)
        except DataBlocked as blocked:
            for finding in blocked.findings:
                yield beam.pvalue.TaggedOutput(PROBLEM, finding.model_dump(mode="json"))

    def _by_split(self, rows: pa.RecordBatch, file: DataFile, numbers: Any) -> Iterator[Any]:
        high, low, position = plans.positions(rows, self._parsed)
        names = plans.row_labels(rows, self._parsed)
        split = splits.assign(self._parsed.bounds, position, names)
        if self._held:
            split, moved = frozen.hold(split, self._held.holds(rows, high))
            yield from (beam.pvalue.TaggedOutput(HELD, item) for item in moved.items())
        index = self._parsed.files.index(file)
        if index in self._parsed.left_out:
            split = left_out.without(split, numbers, self._parsed.left_out, index)
        columns = {
            "high": pa.array(high),
            "low": pa.array(low),
            "record": pa.array(example_files.encode(rows), pa.binary()),
        }
        columns |= plans.row_keys(rows, self._parsed)
        columns["files"] = pa.array(np.full(rows.num_rows, index, np.int64))
        columns["numbers"] = pa.array(numbers, pa.int64())
        table = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
        for number, name in enumerate(SPLITS):
            chosen = table.filter(pa.array(split == number))
            if chosen.num_rows:
                yield (name, file.span), chosen


class ReadServing(beam.DoFn):
    """A file of serving data -> rows with the lowest fingerprints, as an Arrow stream; rows need no label."""

    def __init__(self, plan: plans.IngestPlan):
        self._plan = plan.model_dump_json()

    def setup(self) -> None:
        self._parsed = plans.IngestPlan.model_validate_json(self._plan)

    def process(self, file: DataFile) -> Iterator[Any]:
        plan, row = self._parsed, 1
        types = {n: plan.types[n] for n in plan.inputs}
        for raw in sources.read_raw(file.path, plan.serving_form):
            known = [n for n in raw.schema.names if n in types]
            part = pa.RecordBatch.from_arrays([raw.column(raw.schema.get_field_index(n)) for n in known], names=known)
            typed = sources.typed(sources.complete(part, types), types, file.path, row)
            row += raw.num_rows
            parts = picture_paths.with_pictures(raw, typed, plan.pictures, file.path, plan.serving_form)
            for batch in parts:
                yield 0, (batch.num_rows, sorted(set(types) - set(known)), self._lowest(batch))

    def _lowest(self, batch: pa.RecordBatch) -> bytes:
        """The rows with the lowest fingerprints, as an Arrow stream."""
        high = fingerprints.row_fingerprints(zip(batch.schema.names, batch.columns, strict=True))[0]
        index = np.sort(np.argsort(high, kind="stable")[: self._parsed.serving_sample])
        columns = {"high": pa.array(high[index])}
        columns |= {n: batch.column(i).take(pa.array(index)) for i, n in enumerate(batch.schema.names)}
        sink, table = pa.BufferOutputStream(), pa.table(columns)
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        return bytes(sink.getvalue().to_pybytes())


def _write_serving(element: Any, most: int, report_uri: str) -> None:
    """The serving rows with the lowest fingerprints, whatever the order of files and batches."""
    parts = list(element[1])
    table = pa.concat_tables([pa.ipc.open_stream(data).read_all() for _, _, data in parts])
    order = np.argsort(table.column("high").to_numpy(), kind="stable")[:most]
    batch = table.drop(["high"]).take(pa.array(order)).combine_chunks().to_batches()[0]
    nowhere = np.full(batch.num_rows, -1, np.int64)
    folder = os.path.join(report_uri, SERVING)
    os.makedirs(folder, exist_ok=True)
    pq.write_table(sample_table(batch, None, 0, nowhere, nowhere), os.path.join(folder, "sample.parquet"))
    lacks = sorted({n for _, lacking, _ in parts for n in lacking})
    write_json(folder, {"rows": sum(n for n, _, _ in parts), "lacks": lacks})


def _to_shards(element: Any, rows: dict[Any, int], rows_per_shard: int) -> Iterator[Any]:
    """Cuts a batch by fingerprint range; as many ranges as the split's row count calls for."""
    (split, span), batch = element
    shards = -(-rows[(split, span)] // rows_per_shard)
    high = batch.column(0).to_numpy()
    shard = np.minimum((high.astype(np.float64) / 2.0**64 * shards).astype(np.int64), shards - 1)
    for number in range(shards):
        chosen = batch if shards == 1 else batch.filter(pa.array(shard == number))
        if chosen.num_rows:
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, chosen.schema) as writer:
                writer.write_batch(chosen)
            yield (split, span, number, shards), sink.getvalue().to_pybytes()


def _write_shard(element: Any, uri: str, report_uri: str) -> dict[str, Any]:
    """Sorts one shard by fingerprint and writes its examples, and beside the report the keys of its rows in the same order."""
    (split, span, number, shards), parts = element
    table = pa.concat_tables([pa.ipc.open_stream(p).read_all() for p in parts]).combine_chunks()
    order = np.lexsort([table.column(n).to_numpy() for n in ("numbers", "files", "low", "high")])
    records = table.column("record").to_numpy()[order]
    folder = os.path.join(uri, f"Split-{split}")
    os.makedirs(folder, exist_ok=True)
    name = f"data_tfrecord-span-{span:08d}-{number:05d}-of-{shards:05d}"
    example_files.write_records(os.path.join(folder, name), records)
    keys = os.path.join(KEYS, f"{split}-{name}.parquet")
    os.makedirs(os.path.join(report_uri, KEYS), exist_ok=True)
    named = table.drop(["low", "record"]).rename_columns(
        ["row", *[n for n in table.column_names if n not in ("high", "low", "record")]]
    )
    pq.write_table(
        named.take(pa.array(order)), os.path.join(report_uri, keys), compression="none", use_dictionary=False
    )
    return {
        "split": split,
        "span": span,
        "file": f"Split-{split}/{name}",
        "keys": keys,
        "rows": len(records),
        "sha256": sha256_file(os.path.join(folder, name)),
    }


def _summary(parts: list[tuple[str, Any]]) -> dict[str, Any]:
    """The ingest report from what the workers said, whatever the order."""
    shards = sorted((p for kind, p in parts if kind == "shard"), key=lambda s: s["file"])
    unlabelled: dict[str, int] = {}
    held: dict[str, int] = {}
    for kind, value in parts:
        if kind == HELD:
            held[value[0]] = held.get(value[0], 0) + value[1]
        if kind == UNLABELLED:
            unlabelled[str(value[0])] = unlabelled.get(str(value[0]), 0) + value[1]
    digest = hashlib.sha256(json.dumps([[s["file"], s["sha256"]] for s in shards]).encode()).hexdigest()
    problems = sorted((p for kind, p in parts if kind == PROBLEM), key=lambda p: (p["observed"]["file"], p["message"]))
    return {"shards": shards, "unlabelled": unlabelled, "held": held, "digest": digest, "problems": problems}


def _no_rows(plan: plans.IngestPlan, unlabelled: int) -> DataBlocked:
    return sources.problem(
        "no_labelled_rows",
        plan.files[-1].path,
        f"none of the {unlabelled} rows of the window has a label in {plan.label!r}.",
        "Deliver labelled data.",
    )


def _empty_splits(plan: plans.IngestPlan, shards: list[dict[str, Any]], held: dict[str, int]) -> DataBlocked | None:
    """Equal rows share a split, so data with few distinct rows can leave one empty; so can test rows that stay where shares change."""
    lacking = [s for s in SPLITS if not any(p["split"] == s for p in shards)]
    if not lacking:
        return None
    rows = sum(p["rows"] for p in shards)
    if kept := sum(held.get(s, 0) for s in lacking):
        return sources.problem(
            "empty_split",
            plan.files[-1].path,
            f"none of the {rows} rows of the window is left for {' or '.join(lacking)}: data.split as it is now takes rows that "
            f"earlier runs held out, and {kept} of these stay in test.",
            "Give what test loses to eval first, not to train; move it on to train when the window holds newer rows.",
        )
    return sources.problem(
        "empty_split",
        plan.files[-1].path,
        f"none of the {rows} rows of the window falls into {' or '.join(lacking)}: rows are split by what they say, so equal rows share "
        "a split, and too few of these differ.",
        "Deliver more rows; or, if equal rows are different cases, add a column that tells them apart and name it in data.split.group_by.",
    )


def read_and_write(
    pipeline: beam.Pipeline, plan: plans.IngestPlan, examples_uri: str, report_uri: str
) -> dict[str, Any]:
    """Runs the Beam part.

    Returns:
        The report, also written to `report_uri`.

    Raises:
        DataBlocked: with the problems of all files at once.
    """
    for split in SPLITS:
        os.makedirs(os.path.join(examples_uri, f"Split-{split}"), exist_ok=True)
    os.makedirs(report_uri, exist_ok=True)
    with pipeline as p:
        if plan.serving:
            _ = (
                p
                | "ServingFiles" >> beam.Create(list(plan.serving))
                | "ReadServing" >> beam.ParDo(ReadServing(plan))
                | "GatherServing" >> beam.GroupByKey()
                | "WriteServing" >> beam.Map(_write_serving, plan.serving_sample, report_uri)
            )
        read = (
            p
            | "Files" >> beam.Create(list(plan.files))
            | "Spread" >> beam.Reshuffle()
            | "Read" >> beam.ParDo(ReadFile(plan)).with_outputs(UNLABELLED, PROBLEM, HELD, main="rows")
        )
        counts = (
            read.rows
            | "Rows" >> beam.MapTuple(lambda key, batch: (key, batch.num_rows))
            | "Count" >> beam.CombinePerKey(sum)
        )
        shards = (
            read.rows
            | "ToShards" >> beam.FlatMap(_to_shards, beam.pvalue.AsDict(counts), plan.rows_per_shard)
            | "Gather" >> beam.GroupByKey()
            | "Write" >> beam.Map(_write_shard, examples_uri, report_uri)
        )
        _ = (
            (
                shards | "TagShard" >> beam.Map(lambda s: ("shard", s)),
                read[UNLABELLED] | "TagUnlabelled" >> beam.Map(lambda u: (UNLABELLED, u)),
                read[PROBLEM] | "TagProblem" >> beam.Map(lambda f: (PROBLEM, f)),
                read[HELD] | "TagHeld" >> beam.Map(lambda h: (HELD, h)),
            )
            | beam.Flatten()
            | "Collect" >> beam.combiners.ToList()
            | "Report" >> beam.Map(lambda parts: write_json(report_uri, _summary(parts)))
        )
    report = read_json(report_uri)
    if report["problems"]:
        raise DataBlocked([Finding.model_validate(f) for f in report["problems"]])
    if not report["shards"]:
        raise _no_rows(plan, sum(report["unlabelled"].values()))
    if blocked := _empty_splits(plan, report["shards"], report["held"]):
        raise blocked
    return report


@component(use_beam=True)
def ingest(
    plan: Parameter[str],
    code: Parameter[str],
    examples: OutputArtifact[Examples],
    report: OutputArtifact[IngestReport],
    beam_pipeline: BeamComponentParameter[beam.Pipeline] = None,
) -> None:
    """Reads the planned files into an Examples artifact.

    Args:
        plan: an `IngestPlan` as JSON.
        code: digest of our code and of the framework versions; a new one makes the cache miss.
    """
    del code
    parsed = plans.IngestPlan.model_validate_json(plan)
    read_and_write(beam_pipeline, parsed, examples.uri, report.uri)
    examples.split_names = artifact_utils.encode_split_names(list(SPLITS))
    examples.span = parsed.window[-1]
    examples.version = 0
    examples.set_string_custom_property("payload_format", "FORMAT_TF_EXAMPLE")

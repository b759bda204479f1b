"""What an evaluation is made from and what it leaves, besides TFMA's own files: records in, ``predictions`` and ``scored.json`` out."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from components import examples
from schemas.evidence import ServingEvidence

SCORED = "scored.json"


def fingerprints(records: list[bytes]) -> npt.NDArray[np.uint64]:
    """Fingerprints of serialized examples, [n]."""
    import tensorflow as tf

    prints: npt.NDArray[np.uint64] = tf.fingerprint(tf.constant(records, tf.string)).numpy().view(np.uint64).reshape(-1)
    return prints


def first_records(files: Sequence[str], wanted: int) -> list[bytes]:
    """The first records of the files, in order."""
    every = (record for file in files for batch in examples.read_records(file, wanted) for record in batch)
    return list(itertools.islice(every, wanted))


def column_of(batch: pa.RecordBatch, name: str) -> pa.Array:
    """A column; one that no row of the batch has is missing in all of them."""
    at = batch.schema.get_field_index(name)
    return pa.nulls(batch.num_rows, pa.string()) if at < 0 else batch.column(at)


def aligned(probabilities: npt.NDArray[np.float32], labels: list[str], wanted: list[str]) -> npt.NDArray[np.float32]:
    """Columns in the order of `wanted`; a class that the model does not know has probability 0. Amounts, without labels, stay."""
    if not wanted:
        return probabilities
    out = np.zeros((len(probabilities), len(wanted)), np.float32)
    for i, value in enumerate(wanted):
        if value in labels:
            out[:, i] = probabilities[:, labels.index(value)]
    return out


@contextlib.contextmanager
def table_writer(path: str) -> Iterator[Callable[[pa.Table], None]]:
    """Writes tables one after the other into a Parquet file; a column without values gets the type of the first table."""
    writer: pq.ParquetWriter | None = None

    def write(table: pa.Table) -> None:
        nonlocal writer
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table.cast(writer.schema))

    try:
        yield write
    finally:
        if writer:
            writer.close()


def tfma_failures(evaluation: str) -> list[str]:
    """What TFMA's own validation did not accept, one sentence each; it fails closed, also where it has nothing to say."""
    import tensorflow_model_analysis as tfma

    result = tfma.load_validation_result(evaluation)
    if result.validation_ok:
        return []
    failed = [
        f"TFMA's {f.metric_key.name} is {f.metric_value.double_value.value:.4f}, and {_bound(f.metric_threshold.value_threshold)}"
        for part in result.metric_validations_per_slice
        for f in part.failures
    ]
    return sorted(failed) or ["TFMA: nothing was validated"]


def _bound(limit: Any) -> str:
    if limit.HasField("upper_bound"):
        return f"at most {limit.upper_bound.value:.4f} is allowed"
    return f"at least {limit.lower_bound.value:.4f} is needed"


def write(
    evaluation: str, thresholds: Mapping[str, float], failures: Sequence[str], serving: ServingEvidence | None
) -> None:
    """Writes ``scored.json``: what gates need to know besides scores."""
    document = {
        "thresholds": dict(thresholds),
        "tfma_failures": list(failures),
        "serving": serving.model_dump() if serving else None,
    }
    with open(os.path.join(evaluation, SCORED), "w", encoding="utf-8") as file:
        json.dump(document, file, sort_keys=True)


def read(evaluation: str) -> dict[str, Any]:
    """``thresholds``, ``tfma_failures`` and ``serving`` of an evaluation."""
    with open(os.path.join(evaluation, SCORED), encoding="utf-8") as file:
        document: dict[str, Any] = json.load(file)
    return document

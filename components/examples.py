"""tf.Example on disk: Arrow batches to serialized examples and back, TFRecord files in and out."""

from __future__ import annotations

import collections
import glob
import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pyarrow as pa

RECORDS_PER_BATCH = 4096
#: Name of the one input of the transform graph: serialized examples, parsed inside the graph.
RECORDS = "raw_example"


def encode(batch: pa.RecordBatch) -> npt.NDArray[np.object_]:
    """Serialized tf.Examples of a typed, flat batch (int64, float32, binary), one per row; see `components.wire`."""
    from components.wire import serialize

    return serialize(batch).to_numpy(zero_copy_only=False)


def write_records(path: str, records: npt.NDArray[np.object_]) -> None:
    """Writes an uncompressed TFRecord file (Beam's and TFX's readers are fastest on those)."""
    import tensorflow as tf

    with tf.io.TFRecordWriter(path) as writer:
        for record in records:
            writer.write(record)


def read_records(path: str, batch_size: int = RECORDS_PER_BATCH) -> Iterator[list[bytes]]:
    """Batches of records of a TFRecord file, compressed when its name ends in ``.gz``.

    Raises:
        DataBlocked: when the file is damaged (length or checksum) or cannot be read.
    """
    import tensorflow as tf

    from components.sources import problem

    dataset = tf.data.TFRecordDataset(path, compression_type="GZIP" if path.endswith(".gz") else "").batch(batch_size)
    try:
        for batch in dataset.as_numpy_iterator():
            yield list(batch)
    except tf.errors.OpError as error:
        reason = (error.message or str(error)).splitlines()[0][:160]
        raise problem(
            "unreadable_file",
            path,
            f"is not an intact TFRecord file ({reason}).",
            "Deliver the file again, then run again.",
        ) from None


def split_files(uri: str, split: str) -> list[str]:
    """Files of one split of an Examples artifact, in canonical order (span, then shard)."""
    return sorted(glob.glob(os.path.join(uri, f"Split-{split}", "data_tfrecord*")))


def decode_flat(records: list[bytes], path: str) -> pa.RecordBatch:
    """Serialized tf.Examples as a batch of flat columns (int64, float32, binary).

    Raises:
        DataBlocked: when a record is no tf.Example or a feature has more than one value.
    """
    from tfx_bsl.coders import example_coder

    from components.sources import problem

    try:
        batch = example_coder.ExamplesToRecordBatchDecoder().DecodeBatch(records)
    except (ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0][:160]
        raise problem(
            "unreadable_file", path, f"holds a record that is no tf.Example ({reason}).", "Deliver it again."
        ) from None
    names, arrays = [], []
    for name, column in zip(batch.schema.names, batch.columns, strict=True):
        names.append(name)
        arrays.append(_one_value(column, name, path))
    return pa.RecordBatch.from_arrays(arrays, names=names)


def read_flat(path: str) -> Iterator[pa.RecordBatch]:
    """The rows of a TFRecord file of tf.Examples, in order, as batches of flat columns; a few batches are decoded ahead, by two threads.

    Raises:
        DataBlocked: as `read_records` and `decode_flat`.
    """
    ahead: collections.deque[Future[pa.RecordBatch]] = collections.deque()
    with ThreadPoolExecutor(2) as pool:
        for records in read_records(path):
            ahead.append(pool.submit(decode_flat, records, path))
            if len(ahead) > 4:
                yield ahead.popleft().result()
        while ahead:
            yield ahead.popleft().result()


def _one_value(column: pa.Array, name: str, path: str) -> pa.Array:
    from components.sources import problem

    if pa.types.is_null(column.type):
        return pa.nulls(len(column), pa.binary())
    lengths = np.diff(column.offsets.to_numpy())
    if lengths.size and lengths.max() > 1:
        raise problem(
            "column_type",
            path,
            f"feature {name!r} has several values in one example.",
            "One value per feature is supported.",
        )
    index = np.where(lengths > 0, np.cumsum(lengths) - 1, 0)
    values = column.flatten()
    if pa.types.is_large_binary(values.type):
        values = values.cast(pa.binary())
    if not len(values):
        return pa.nulls(len(column), values.type)
    return values.take(pa.array(index, mask=lengths == 0))

"""Reads files of raw rows one by one, so that a bad row is put aside with its number and a reason, and the rest goes on.

Training never reads like this: there, a bad row stops the run. Here, rows are asked to be scored, and each stands for itself.
"""

from __future__ import annotations

import csv
import gzip
import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import google_crc32c
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from components import sources
from components.examples import decode_flat
from schemas.findings import DataBlocked

I64 = npt.NDArray[np.int64]
ROWS = 4096
#: Longest field of a CSV file and longest record: a damaged length must not ask for all memory.
LONGEST = 1 << 28


@dataclass(frozen=True)
class Rejected:
    """A row that cannot be scored.

    Attributes:
        row: its number in the file; the first data row is 1.
        reason: a sentence without values of the row.
        rest: whether nothing after it could be read either.
    """

    row: int
    reason: str
    rest: bool = False


@dataclass(frozen=True, eq=False)
class Chunk:
    """Some consecutive rows of a file.

    Attributes:
        rows: those that could be read, as `sources.read_raw` gives them.
        numbers: their numbers in the file, int64 [n].
        rejected: the others.
    """

    rows: pa.RecordBatch
    numbers: I64
    rejected: list[Rejected] = field(default_factory=list)


def read(path: str, form: str, wanted: Sequence[str]) -> Iterator[Chunk]:
    """The rows of a file in their order.

    Args:
        form: ``csv``, ``parquet`` or ``tfrecord``.
        wanted: columns to read, where the format has columns.

    Raises:
        DataBlocked: when not even the first row can be read.
    """
    seen, rejected = 0, 0
    readers = {"csv": _csv, "tfrecord": _records}
    try:
        for chunk in readers[form](path, wanted) if form in readers else _stored(path, form):
            seen += len(chunk.numbers)
            rejected += len(chunk.rejected)
            yield chunk
    except (OSError, EOFError, zlib.error, csv.Error, pa.ArrowException, DataBlocked) as error:
        if not seen + rejected:
            raise error if isinstance(error, DataBlocked) else sources.unreadable(path, error) from None
        text = error.findings[0].message if isinstance(error, DataBlocked) else type(error).__name__
        yield Chunk(_none(), np.empty(0, np.int64), [_end(seen + rejected + 1, text)])
    if not seen + rejected:
        raise sources.problem("empty_file", path, "has no rows.", "Give a file with rows to score.")


def _end(row: int, reason: str) -> Rejected:
    return Rejected(row, f"The file cannot be read from here on ({reason.rstrip('.')}).", rest=True)


def _none() -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([], names=[])


def _csv(path: str, wanted: Sequence[str]) -> Iterator[Chunk]:
    """Rows by Python's reader: Arrow's is faster, but does not say which rows it left out.

    Bytes that are no UTF-8 pass unchanged, as in training, where texts are bytes.
    """
    names = sources.column_names(path, "csv")
    places = {n: names.index(n) for n in wanted if n in names}
    csv.field_size_limit(LONGEST)
    with (
        open(path, "rb") as stored,
        io.TextIOWrapper(
            gzip.open(stored) if path.endswith(".gz") else stored, "utf-8-sig", "surrogateescape", newline=""
        ) as file,
    ):
        lines = csv.reader(file)
        next(lines)
        good: list[list[str]] = []
        numbers: list[int] = []
        rejected: list[Rejected] = []
        row = 0
        for line in lines:
            if not line:
                continue
            row += 1
            if len(line) == len(names):
                good.append(line)
                numbers.append(row)
            else:
                rejected.append(Rejected(row, f"It must have {len(names)} columns, got {len(line)}."))
            if len(good) + len(rejected) == ROWS:
                yield _of_lines(good, numbers, rejected, places)
                good, numbers, rejected = [], [], []
        yield _of_lines(good, numbers, rejected, places)


def _of_lines(good: list[list[str]], numbers: list[int], rejected: list[Rejected], places: dict[str, int]) -> Chunk:
    columns = [_bytes([line[i] for line in good]) for i in places.values()]
    return Chunk(
        pa.RecordBatch.from_arrays(columns, names=list(places)) if good else _none(),
        np.array(numbers, np.int64),
        rejected,
    )


def _bytes(texts: list[str]) -> pa.Array:
    try:
        return pa.array(texts, pa.string()).cast(pa.binary())
    except UnicodeEncodeError:
        return pa.array([t.encode("utf-8", "surrogateescape") for t in texts], pa.binary())


def _stored(path: str, form: str) -> Iterator[Chunk]:
    row = 1
    for batch in sources.read_raw(path, form):
        yield Chunk(batch, np.arange(row, row + batch.num_rows))
        row += batch.num_rows


def _records(path: str, _: Sequence[str]) -> Iterator[Chunk]:
    """TFRecord: a record with a wrong checksum is put aside; one with a wrong length takes the rest with it."""
    with gzip.open(path, "rb") if path.endswith(".gz") else open(path, "rb") as file:
        good: list[bytes] = []
        numbers: list[int] = []
        rejected: list[Rejected] = []
        for row, record in enumerate(_framed(file), 1):
            if isinstance(record, bytes):
                good.append(record)
                numbers.append(row)
            else:
                rejected.append(Rejected(row, record.reason, record.rest))
            if len(good) + len(rejected) == ROWS:
                yield from _decoded(good, numbers, rejected, path)
                good, numbers, rejected = [], [], []
        yield from _decoded(good, numbers, rejected, path)


def _framed(file: gzip.GzipFile | io.BufferedReader) -> Iterator[bytes | Rejected]:
    """Records of a TFRecord file, or why they are none.

    A record is its length (uint64) and the length's checksum (uint32), then its bytes and their checksum, all little-endian; checksums
    are masked CRC-32C (tensorflow/core/lib/io/record_writer.h).
    """
    while head := file.read(12):
        length, check = struct.unpack("<QI", head) if len(head) == 12 else (LONGEST + 1, 0)
        if length > LONGEST or _checksum(head[:8]) != check:
            yield _end(0, "the length of a record is damaged")
            return
        body = file.read(length + 4)
        if len(body) < length + 4:
            yield _end(0, "the file ends within a record")
            return
        record, (check,) = body[:-4], struct.unpack("<I", body[-4:])
        yield record if _checksum(record) == check else Rejected(0, "The checksum of the record is wrong.")


def _checksum(data: bytes) -> int:
    plain = google_crc32c.value(data)
    return int((((plain >> 15) | (plain << 17)) + 0xA282EAD8) & 0xFFFFFFFF)


def _decoded(good: list[bytes], numbers: list[int], rejected: list[Rejected], path: str) -> Iterator[Chunk]:
    """Chunks of decoded records: one, or several where a record cannot be decoded."""
    if good:
        try:
            yield Chunk(decode_flat(good, path), np.array(numbers, np.int64), rejected)
        except DataBlocked as error:
            if len(good) == 1:
                reason = error.findings[0].message.partition(": ")[2]
                yield Chunk(_none(), np.empty(0, np.int64), [*rejected, Rejected(numbers[0], f"It {reason}")])
                return
            half = len(good) // 2
            border = numbers[half]
            yield from _decoded(good[:half], numbers[:half], [r for r in rejected if r.row < border], path)
            yield from _decoded(good[half:], numbers[half:], [r for r in rejected if r.row >= border], path)
    elif rejected:
        yield Chunk(_none(), np.empty(0, np.int64), rejected)

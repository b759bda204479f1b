"""Reads CSV, Parquet and TFRecord files as Arrow record batches with flat, typed columns.

Whatever is wrong with a file is raised as `DataBlocked` with one finding: which file, the rule, what was got, what to do.
Values are kept out of messages. CSV is read as text first and then typed by us: so a type is what the schema (or all the
data) says, never what the first block of one file looks like, and a value that does not fit is named by row.
"""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from schemas.features import ColumnType
from schemas.findings import DataBlocked, Finding, Severity

ARROW = {ColumnType.INT: pa.int64(), ColumnType.FLOAT: pa.float32(), ColumnType.STRING: pa.binary()}
#: Texts that mean "missing" in a numeric CSV column, besides the empty text. In text columns only the empty text does.
NUMERIC_NULLS = pa.array([b"NA", b"N/A", b"n/a", b"NaN", b"nan", b"null", b"NULL", b"None", b"#N/A", b"-nan", b"-NaN"])
BLOCK_BYTES = 4 << 20
#: Uncompressed bytes of the rows of a Parquet file that are in memory at once.
BATCH_BYTES = 64 << 20


def problem(code: str, path: str, message: str, remedy: str) -> DataBlocked:
    """A blocking finding about one file."""
    name = os.path.join(os.path.basename(os.path.dirname(path)), os.path.basename(path))
    return DataBlocked(
        [
            Finding(
                code=code,
                severity=Severity.BLOCK,
                subject=name,
                message=f"{name}: {message}",
                remedy=remedy,
                stage="ingest",
                observed={"file": path},
            )
        ]
    )


def unreadable(path: str, error: Exception) -> DataBlocked:
    """The finding for a file that cannot be read; values that the reader quotes are cut off."""
    reason = re.sub(r"(got \d+): .*", r"\1", str(error).replace("\n", " ")).strip()
    if isinstance(error, PermissionError):
        reason = "permission denied"
    return problem(
        "unreadable_file",
        path,
        f"cannot be read as the configured format ({reason}).",
        "Repair or remove the file, then run again.",
    )


def _csv_text(path: str) -> io.TextIOBase:
    if path.endswith(".gz"):
        return io.TextIOWrapper(gzip.open(path, "rb"), encoding="utf-8-sig", newline="")
    return open(path, encoding="utf-8-sig", newline="")


def _csv_names(path: str) -> list[str]:
    with _csv_text(path) as file:
        names = next(csv.reader(file), [])
    if not any(names):
        raise problem("empty_file", path, "is empty, not even a header line.", "Deliver the file again, or remove it.")
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice:
        raise problem(
            "duplicate_column",
            path,
            f"has the column {twice[0]!r} more than once.",
            "Give every column a name of its own.",
        )
    return names


def column_names(path: str, form: str) -> list[str]:
    """Names of a file's columns, in its order.

    Raises:
        DataBlocked: when the file is empty or cannot be read.
    """
    try:
        if form == "csv":
            return _csv_names(path)
        if form == "parquet":
            import pyarrow.parquet as pq

            return list(pq.read_schema(path).names)
        if form == "images":
            from components import image_files

            return image_files.column_names(path)
        batch = next(_tfrecord_batches(path), None)
    except (OSError, UnicodeDecodeError, EOFError, pa.ArrowInvalid) as error:
        raise unreadable(path, error) from None
    if batch is None:
        raise problem("empty_file", path, "has no records.", "Deliver the file again, or remove it.")
    return list(batch.schema.names)


def _csv_batches(path: str) -> Iterator[pa.RecordBatch]:
    names = _csv_names(path)
    convert = pa_csv.ConvertOptions(
        column_types={n: pa.binary() for n in names}, strings_can_be_null=True, null_values=[""], check_utf8=True
    )
    stream = pa.input_stream(path, compression="gzip" if path.endswith(".gz") else None)
    reader = pa_csv.open_csv(
        stream,
        read_options=pa_csv.ReadOptions(block_size=BLOCK_BYTES),
        parse_options=pa_csv.ParseOptions(newlines_in_values=True),
        convert_options=convert,
    )
    yield from reader


def _parquet_batches(path: str) -> Iterator[pa.RecordBatch]:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(path)
    groups = [file.metadata.row_group(i) for i in range(file.metadata.num_row_groups)]
    wide = max((g.total_byte_size / max(g.num_rows, 1) for g in groups), default=0)
    # Rows may hold pictures.
    yield from file.iter_batches(batch_size=int(min(32_768, max(64, BATCH_BYTES / max(wide, 1)))))


def _tfrecord_batches(path: str) -> Iterator[pa.RecordBatch]:
    from components.examples import decode_flat, read_records

    for records in read_records(path):
        yield decode_flat(records, path)


def _image_batches(path: str) -> Iterator[pa.RecordBatch]:
    from components.image_files import read_batches

    yield from read_batches(path)


def read_raw(path: str, form: str) -> Iterator[pa.RecordBatch]:
    """A file's rows as they are stored; CSV values as bytes.

    Raises:
        DataBlocked: when the file cannot be read to its end, or has no rows.
    """
    rows = 0
    readers = {
        "csv": _csv_batches,
        "parquet": _parquet_batches,
        "tfrecord": _tfrecord_batches,
        "images": _image_batches,
    }
    reader = readers[form]
    try:
        for batch in reader(path):
            rows += batch.num_rows
            yield batch
    except (OSError, UnicodeDecodeError, EOFError, pa.ArrowException) as error:
        if "Empty CSV" not in str(error):
            raise unreadable(path, error) from None
    if rows == 0:
        raise problem("empty_file", path, "has a header but no rows.", "Deliver the file again, or remove it.")


def flatten(column: pa.Array) -> pa.Array:
    """A column of any source as int64, double or binary; NaN becomes null.

    Raises:
        pa.ArrowNotImplementedError: for nested columns.
    """
    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.dictionary_decode(), kind.value_type
    if pa.types.is_null(kind):
        return pa.nulls(len(column), pa.binary())
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return column.cast(pa.int64())
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        column = column.cast(pa.float64())
        return pc.if_else(pc.is_nan(column), pa.scalar(None, pa.float64()), column)
    if pa.types.is_timestamp(kind):
        return column.cast(pa.timestamp("s"), safe=False).cast(pa.int64())
    if pa.types.is_date(kind):
        return column.cast(pa.timestamp("s")).cast(pa.int64())
    if (
        pa.types.is_string(kind)
        or pa.types.is_large_string(kind)
        or pa.types.is_binary(kind)
        or pa.types.is_large_binary(kind)
    ):
        return column.cast(pa.binary())
    raise pa.ArrowNotImplementedError(f"columns of type {kind} are not supported")


def _number_text(column: pa.Array) -> pa.Array:
    """Trimmed text of a numeric column, nulls for the spellings of "missing"."""
    text = pc.utf8_trim_whitespace(column.cast(pa.string())).cast(pa.binary())
    missing = pc.or_(pc.is_in(text, value_set=NUMERIC_NULLS), pc.equal(pc.binary_length(text), 0))
    return pc.if_else(missing, pa.scalar(None, pa.binary()), text).cast(pa.string())


def _to_int(column: pa.Array) -> pa.Array:
    if pa.types.is_binary(column.type):
        column = _number_text(column)
        try:
            return column.cast(pa.int64())
        except pa.ArrowInvalid:
            column = column.cast(pa.float64())
    return column.cast(pa.int64())


def to_numbers(column: pa.Array) -> pa.Array:
    """A flat column as float64; nulls for NaN and for the spellings of "missing".

    Raises:
        pa.ArrowInvalid: when a text is no number.
    """
    if pa.types.is_binary(column.type):
        column = _number_text(column)
    column = column.cast(pa.float64())
    return pc.if_else(pc.is_nan(column), pa.scalar(None, pa.float64()), column)


def _to_float(column: pa.Array) -> pa.Array:
    return to_numbers(column).cast(pa.float32(), safe=False)


def _to_string(column: pa.Array) -> pa.Array:
    if pa.types.is_binary(column.type):
        return pc.if_else(pc.equal(pc.binary_length(column), 0), pa.scalar(None, pa.binary()), column)
    return column.cast(pa.string()).cast(pa.binary())


_CONVERT = {ColumnType.INT: _to_int, ColumnType.FLOAT: _to_float, ColumnType.STRING: _to_string}


def fits(column: pa.Array, kind: ColumnType) -> bool:
    """Whether every present value of a flat column can be of that type."""
    try:
        _CONVERT[kind](column)
    except pa.ArrowException:
        return False
    return True


def misfits(column: pa.Array, kind: ColumnType) -> list[int]:
    """Indices of the values of a flat column that cannot be of that type, ascending; by halving."""
    if fits(column, kind):
        return []
    if len(column) == 1:
        return [0]
    half = len(column) // 2
    left, right = misfits(column.slice(0, half), kind), misfits(column.slice(half), kind)
    return left + [half + i for i in right]


def typed(batch: pa.RecordBatch, types: Mapping[str, ColumnType], path: str, first_row: int) -> pa.RecordBatch:
    """Columns in the order of `types`, converted to int64, float32 or binary.

    Args:
        batch: rows as `read_raw` gives them.
        types: column -> type; must name every column of the batch.
        path: the file, for messages.
        first_row: number of the batch's first row in the file, from 1, for messages.

    Raises:
        DataBlocked: when a value does not fit its column's type.
    """
    arrays, names = [], list(types)
    for name in names:
        kind = types[name]
        try:
            flat = flatten(batch.column(batch.schema.get_field_index(name)))
        except pa.ArrowNotImplementedError as error:
            raise problem(
                "column_type", path, f"column {name!r}: {error}.", "Leave the column out of the files, or flatten it."
            ) from None
        try:
            arrays.append(_CONVERT[kind](flat))
        except pa.ArrowException:
            wrong = misfits(flat, kind)
            raise problem(
                "column_type",
                path,
                f"column {name!r} must be {kind.value}, but {len(wrong)} of {len(flat)} values looked at are not; "
                f"the first is in row {first_row + wrong[0]}.",
                f"Repair the values of {name!r}; if the type is meant to change, change it in the schema.",
            ) from None
    return pa.RecordBatch.from_arrays(arrays, names=names)


def infer_type(column: pa.Array, at_least: ColumnType | None) -> ColumnType | None:
    """The narrowest type that holds the column and is no narrower than `at_least`; None while nothing is present."""
    flat = flatten(column)
    if flat.null_count == len(flat) or at_least is ColumnType.STRING:
        return at_least
    if not pa.types.is_binary(flat.type):
        found = ColumnType.INT if pa.types.is_integer(flat.type) else ColumnType.FLOAT
        return found if at_least in (None, ColumnType.INT) else at_least
    for kind in (ColumnType.INT, ColumnType.FLOAT):
        if at_least in (None, ColumnType.INT, kind) and fits(flat, kind):
            numbers = _CONVERT[kind](flat)
            return kind if numbers.null_count < len(numbers) else at_least
    return ColumnType.STRING


def complete(batch: pa.RecordBatch, types: Mapping[str, ColumnType]) -> pa.RecordBatch:
    """The batch with an all-missing column for every typed column it lacks (a tf.Example may leave features out)."""
    lacking = [n for n in types if n not in batch.schema.names]
    if not lacking:
        return batch
    nulls = [pa.nulls(batch.num_rows, pa.binary())] * len(lacking)
    return pa.RecordBatch.from_arrays([*batch.columns, *nulls], names=[*batch.schema.names, *lacking])

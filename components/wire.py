"""Serializes Arrow columns as tf.Example, vectorised and always to the same bytes.

Protobuf does not promise an order of map entries, and the C++ encoders give another one in every call; here features
come sorted by name, as in protobuf's deterministic mode. So equal rows are equal bytes, which is what digests rest on.

Wire format (protobuf encoding, tensorflow/core/example/*.proto): Example{1: Features{1: map<string, Feature>}},
Feature{1: BytesList, 2: FloatList, 3: Int64List}, each list {1: values}, numbers packed.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Bytes2D = npt.NDArray[np.uint8]


def varint(value: int) -> bytes:
    """A non-negative integer as a protobuf varint."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _field(number: int, payload: bytes) -> bytes:
    return bytes([number << 3 | 2]) + varint(len(payload)) + payload


def _fixed(matrix: Bytes2D) -> pa.Array:
    """Rows of a byte matrix as a binary array."""
    rows, width = matrix.shape
    offsets = np.arange(rows + 1, dtype=np.int32) * width
    data = np.ascontiguousarray(matrix)
    return pa.Array.from_buffers(pa.binary(), rows, [None, pa.py_buffer(offsets), pa.py_buffer(data)])


def _by_width(widths: npt.NDArray[np.int64], make: dict[int, pa.Array]) -> pa.Array:
    """Puts arrays that were made per width back into row order."""
    order = np.concatenate([np.flatnonzero(widths == w) for w in sorted(make)])
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    return pa.concat_arrays([make[w] for w in sorted(make)]).take(pa.array(back))


def _varints(values: npt.NDArray[np.uint64]) -> tuple[npt.NDArray[np.int64], dict[int, Bytes2D]]:
    """Width of each value as a varint, and per width the bytes of its values."""
    widths = np.ones(len(values), np.int64)
    for bits in range(7, 64, 7):
        widths += values >= np.uint64(1 << bits)
    made = {}
    for width in map(int, np.unique(widths)):
        part = values[widths == width]
        shifts = np.arange(width, dtype=np.uint64) * np.uint64(7)
        groups = ((part[:, None] >> shifts) & np.uint64(0x7F)).astype(np.uint8)
        groups[:, :-1] |= 0x80
        made[width] = groups
    return widths, made


def _entry_prefix(name: bytes, feature_length: int) -> bytes:
    """Everything of a map entry before the feature's own bytes."""
    key = _field(1, name) + bytes([0x12]) + varint(feature_length)
    return bytes([0x0A]) + varint(len(key) + feature_length) + key


def _with_prefix(prefix: bytes, tail: Bytes2D) -> pa.Array:
    head = np.broadcast_to(np.frombuffer(prefix, np.uint8), (len(tail), len(prefix)))
    return _fixed(np.concatenate([head, tail], axis=1))


def _float_entries(name: bytes, column: pa.Array) -> pa.Array:
    values = column.to_numpy(zero_copy_only=False).astype("<f4")
    prefix = _entry_prefix(name, 8) + bytes([0x12, 6, 0x0A, 4])
    return _with_prefix(prefix, values.view(np.uint8).reshape(-1, 4))


def _int_entries(name: bytes, column: pa.Array) -> pa.Array:
    widths, made = _varints(column.to_numpy(zero_copy_only=False).view(np.uint64))
    arrays = {
        w: _with_prefix(_entry_prefix(name, w + 4) + bytes([0x1A, w + 2, 0x0A, w]), tail) for w, tail in made.items()
    }
    return _by_width(widths, arrays)


def _text_entries(name: bytes, column: pa.Array) -> pa.Array:
    encoded = column.dictionary_encode()
    features = [_field(1, _field(1, v)) for v in encoded.dictionary.to_pylist()]
    entries = [_entry_prefix(name, len(f)) + f for f in features]
    return pa.array(entries, pa.binary()).take(encoded.indices)


def _entries(name: str, column: pa.Array) -> pa.Array:
    """Map entries of one column; null where the value is missing."""
    present = column.drop_null()
    if not len(present):
        return pa.nulls(len(column), pa.binary())
    make = _float_entries if pa.types.is_floating(column.type) else _text_entries
    if pa.types.is_integer(column.type):
        make = _int_entries
    index = np.cumsum(column.is_valid().to_numpy(zero_copy_only=False)) - 1
    missing = column.is_null().to_numpy(zero_copy_only=False)
    return make(name.encode(), present).take(pa.array(index, mask=missing))


def serialize(batch: pa.RecordBatch) -> pa.Array:
    """Serialized tf.Examples, one per row, as a binary array.

    Args:
        batch: flat columns of int64, float32 or binary; a null is a feature that is left out.
    """
    columns = [_entries(n, batch.column(batch.schema.get_field_index(n))) for n in sorted(batch.schema.names)]
    # an empty text in every row: where all columns are null, Arrow 10 would give no rows at all
    columns.append(pa.array([b""] * batch.num_rows, pa.binary()))
    bodies = pc.binary_join_element_wise(*columns, pa.scalar(b"", pa.binary()), null_handling="skip")
    lengths = pc.binary_length(bodies).to_numpy(zero_copy_only=False).astype(np.uint64)
    widths, made = _varints(lengths)
    heads = _by_width(widths, {w: _with_prefix(b"\x0a", tail) for w, tail in made.items()})
    return pc.binary_join_element_wise(heads, bodies, pa.scalar(b"", pa.binary()))

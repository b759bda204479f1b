"""Row fingerprints: 128 bits that depend on what a row says, not on where it stands.

A fingerprint is a sum, modulo 2**64 and in two lanes, of one hash per value that is present; each hash mixes the column's
name with the value. So neither the order of rows, files or columns, nor a column that is empty in this row, changes it: a
row keeps its fingerprint when a later span brings a new column. Integers and floats of the same value hash alike, so a
column that turns from ``1`` into ``1.0`` keeps its rows.

The mixer is the finaliser of splitmix64 (Steele, Lea, Flood 2014); texts are hashed with BLAKE2b, once per distinct value.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

U64 = npt.NDArray[np.uint64]
_LANES = (0x9E3779B97F4A7C15, 0xD1B54A32D192ED03)


def mix(values: U64) -> U64:
    """splitmix64's finaliser: a bijection on 64-bit integers whose output bits look independent."""
    with np.errstate(over="ignore"):
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return values ^ (values >> np.uint64(31))


def hash_text(text: bytes) -> int:
    """64-bit BLAKE2b of a text."""
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "little")


def _value_hashes(column: pa.Array) -> U64:
    """A 64-bit number per value; whatever for nulls."""
    if pa.types.is_integer(column.type) or pa.types.is_boolean(column.type):
        whole = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
        as_float = whole.astype(np.float64)
        exact = (np.abs(as_float) < 2.0**53) | (as_float.astype(np.int64) == whole) & (np.abs(as_float) < 2.0**63)
        return np.where(exact, (as_float + 0.0).view(np.uint64), whole.view(np.uint64))
    if pa.types.is_floating(column.type):
        return (column.cast(pa.float64()).fill_null(0.0).to_numpy(zero_copy_only=False) + 0.0).view(np.uint64)
    encoded = column.cast(pa.large_binary()).dictionary_encode()
    table = np.array([hash_text(v) for v in encoded.dictionary.to_pylist()] or [0], dtype=np.uint64)
    return table[encoded.indices.fill_null(0).to_numpy(zero_copy_only=False)]


def row_fingerprints(columns: Iterable[tuple[str, pa.Array]]) -> tuple[U64, U64]:
    """Fingerprints of rows.

    Args:
        columns: names and flat arrays (integer, float, boolean, string or binary) of equal length; nulls are missing.

    Returns:
        The high and the low 64 bits, uint64 of shape [rows].
    """
    high: U64 | None = None
    low: U64 | None = None
    for name, column in columns:
        if high is None or low is None:
            high, low = np.zeros(len(column), np.uint64), np.zeros(len(column), np.uint64)
        present = pc.is_valid(column).to_numpy(zero_copy_only=False)
        values, seed = _value_hashes(column), hash_text(name.encode())
        with np.errstate(over="ignore"):
            for lane, salt in zip((high, low), _LANES, strict=True):
                key = np.uint64((seed ^ salt) & 0xFFFFFFFFFFFFFFFF)
                lane += np.where(present, mix(mix(values + key) ^ key), np.uint64(0))
    if high is None or low is None:
        raise ValueError("row_fingerprints needs at least one column")
    return mix(high), mix(low)


def unit_interval(fingerprint: U64, seed: int) -> npt.NDArray[np.float64]:
    """A number in [0, 1) per fingerprint, uniform over fingerprints and different for every seed."""
    with np.errstate(over="ignore"):
        keyed = mix(fingerprint ^ mix(np.array([seed], np.uint64) + np.uint64(_LANES[0])))
    return (keyed >> np.uint64(11)).astype(np.float64) * 2.0**-53

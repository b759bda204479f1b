"""Slices of the test rows: by the values of a column, or of two columns together; a bounded number, and no row is in none.

A column of numbers with many values is cut at its quartiles. Of more than `MOST` groups the rarest are taken together, in one slice whose
name says how many they are. So the slices of an entry always add up to all rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from schemas.features import label_text

#: Slices of an entry of `evaluate.slices`. Each is judged and shown by itself; with more, nobody reads them, and a gate that compares them
#: all hardly finds anything (`slice_floor`: 3.1 standard errors with 50).
MOST = 50
#: From so many different numbers on, a numeric feature is cut at its quartiles: hours, weekdays, months and small counts are values,
#: fares and miles are not. Numbers that are names (categorical features: areas, codes) are values, however many.
MANY_NUMBERS = 32
MISSING, OTHER = "(missing)", "(other)"

Codes = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Slice:
    """Some of the rows.

    Attributes:
        name: as findings and tables show it: ``column=value``, ``column missing``, ``a=1, b=2``.
        key: the same as TFMA's slice key; missing values are ``(missing)`` there, what is taken together ``(other)``.
        mask: whether each row is in it, bool [n].
    """

    name: str
    key: tuple[tuple[str, str], ...]
    mask: npt.NDArray[np.bool_]


def make(columns: Mapping[str, pa.Array], entries: Sequence[Sequence[str]]) -> list[Slice]:
    """All slices of all entries, in their order; those of an entry by their values, then what is taken together.

    Args:
        columns: column -> values of all rows; float64 for what is measured or counted, int64 and string for what is named.
        entries: names of one column, or of two.
    """
    groups = {name: _groups(columns[name]) for name in dict.fromkeys(n for e in entries for n in e)}
    return [s for entry in entries for s in _of_entry(entry, [groups[n] for n in entry])]


def _groups(column: pa.Array) -> tuple[Codes, list[str]]:
    """The group of each row, and the names of the groups in order; missing values are the last one."""
    values = pc.unique(column).drop_null()
    if pa.types.is_floating(column.type) and len(values) >= MANY_NUMBERS:
        return _quartiles(column)
    ordered = values.take(pc.sort_indices(values)) if len(values) else values
    codes = pc.fill_null(pc.index_in(column, value_set=ordered), len(ordered)).to_numpy(zero_copy_only=False)
    return codes.astype(np.int64), [*(label_text(v) for v in ordered.to_pylist()), MISSING]


def _quartiles(column: pa.Array) -> tuple[Codes, list[str]]:
    """Four groups of about equally many rows; equal numbers stay together, so that there may be fewer."""
    numbers = column.cast(pa.float64()).to_numpy(zero_copy_only=False)
    present = np.sort(numbers[~np.isnan(numbers)])
    cuts = np.unique(present[[len(present) * k // 4 for k in (1, 2, 3)]])
    cuts = cuts[cuts > present[0]]
    codes = np.searchsorted(cuts, numbers, side="right")
    codes[np.isnan(numbers)] = len(cuts) + 1
    ends = [present[0], *cuts, present[-1]]
    names = [f"{low:.6g} to {high:.6g}" for low, high in itertools.pairwise(ends)]
    return codes.astype(np.int64), [*names, MISSING]


def _of_entry(entry: Sequence[str], groups: Sequence[tuple[Codes, list[str]]]) -> list[Slice]:
    shape = [len(names) for _, names in groups]
    joint = np.ravel_multi_index([codes for codes, _ in groups], shape) if shape else np.zeros(0, np.int64)
    cells, index, rows = np.unique(joint, return_inverse=True, return_counts=True)
    index = index.reshape(-1)
    kept = np.sort(np.argsort(-rows, kind="stable")[: MOST - 1 if len(cells) > MOST else MOST])
    found = []
    for cell in kept.tolist():
        at = np.unravel_index(cells[cell], shape)
        key = tuple((column, names[int(i)]) for column, (_, names), i in zip(entry, groups, at, strict=True))
        found.append(Slice(", ".join(_worded(c, v) for c, v in key), key, index == cell))
    if len(kept) < len(cells):
        pooled = f"{' and '.join(entry)} other ({len(cells) - len(kept)} {'values' if len(entry) == 1 else 'pairs'})"
        found.append(Slice(pooled, tuple((column, OTHER) for column in entry), ~np.isin(index, kept)))
    return found


def _worded(column: str, value: str) -> str:
    return f"{column} missing" if value == MISSING else f"{column}={value}"

"""The kept scores of the test rows (``predictions/*.parquet`` of an evaluation): columns out, columns in, nothing row by row."""

from __future__ import annotations

import glob
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from schemas.features import label_text

CANDIDATE, CHAMPION, LABEL, KEY, SPAN = "candidate", "champion", "label", "key", "span"
SLICE_PREFIX = "slice:"
FOLDER = "predictions"


@dataclass(frozen=True, eq=False)
class Predictions:
    """Test rows with a label that the candidate knows (all, when it is an amount), in canonical order.

    Attributes:
        keys: fingerprints of the raw examples, uint64 [n].
        targets: index of the right class, int64 [n]; of amounts, the amount, float64 [n].
        scores: model -> probabilities, float32 [n, classes]; or amounts, float32 [n, 1].
        columns: slice column -> values: float64, int64 or string.
    """

    keys: npt.NDArray[np.uint64]
    targets: npt.NDArray[Any]
    scores: dict[str, npt.NDArray[np.float32]]
    columns: dict[str, pa.Array]

    def __len__(self) -> int:
        return len(self.targets)

    def candidate_of(self, keys: npt.NDArray[np.uint64]) -> npt.NDArray[np.float32]:
        """The candidate's scores of rows by their fingerprints, float32 [m, width]; NaN for rows that are not here."""
        if not len(self):
            return np.full((len(keys), self.scores[CANDIDATE].shape[1]), np.nan, np.float32)
        order = np.argsort(self.keys, kind="stable")
        at = np.minimum(np.searchsorted(self.keys[order], keys), len(self) - 1)
        found: npt.NDArray[np.float32] = self.scores[CANDIDATE][order[at]].copy()
        found[self.keys[order[at]] != keys] = np.nan
        return found


def as_text(column: pa.Array) -> pa.Array:
    """Values as `label_text` writes them, each different one converted once."""
    coded = column.dictionary_encode()
    texts = pa.array([label_text(v) for v in coded.dictionary.to_pylist()], pa.string())
    return texts.take(coded.indices)


def to_table(
    keys: npt.NDArray[np.uint64],
    span: int,
    label: pa.Array,
    scores: Mapping[str, npt.NDArray[np.float32]],
    columns: Mapping[str, pa.Array],
    amounts: bool = False,
) -> pa.Table:
    """What is written of a batch of rows; the same types whatever the batch holds."""
    out: dict[str, Any] = {KEY: keys, SPAN: np.full(len(keys), span, np.int64)}
    out[LABEL] = label.cast(pa.float64()) if amounts else as_text(label)
    for name, values in scores.items():
        out[name] = pa.FixedSizeListArray.from_arrays(pa.array(values.reshape(-1)), values.shape[1])
    for name, values in columns.items():
        out[SLICE_PREFIX + name] = values if _is_number(values.type) else as_text(values)
    return pa.table(out)


def read(evaluation: str, labels: Sequence[str]) -> Predictions:
    """The predictions of an evaluation, from its folder.

    Args:
        labels: label values in the order of the candidate's outputs; empty for amounts.
    """
    files = sorted(glob.glob(os.path.join(evaluation, FOLDER, "*.parquet")))
    tables = [pq.read_table(f) for f in files]
    whole = pa.concat_tables([_same_types(t, tables) for t in tables]).combine_chunks()
    found = pc.index_in(whole[LABEL], value_set=pa.array(labels, pa.string())) if labels else whole[LABEL]
    known = pc.is_valid(found)
    rows = whole.filter(known).combine_chunks()
    targets = _array(found.filter(known)).to_numpy(zero_copy_only=False)
    return Predictions(
        keys=_array(rows[KEY]).to_numpy(zero_copy_only=False),
        targets=targets.astype(np.int64 if labels else np.float64),
        scores={n: _matrix(_array(rows[n])) for n in (CANDIDATE, CHAMPION) if n in rows.column_names},
        columns={
            n.removeprefix(SLICE_PREFIX): _array(rows[n]) for n in rows.column_names if n.startswith(SLICE_PREFIX)
        },
    )


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind)


def _same_types(table: pa.Table, tables: Sequence[pa.Table]) -> pa.Table:
    """A column without any value in one file has no type there: it gets that of the other files."""
    fields = []
    for name in table.column_names:
        numbers = [t.schema.field(name).type for t in tables if _is_number(t.schema.field(name).type)]
        fields.append(pa.field(name, numbers[0] if name.startswith(SLICE_PREFIX) and numbers else table[name].type))
    return table.cast(pa.schema(fields))


def _array(column: Any) -> pa.Array:
    """A column in one piece."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def _matrix(column: pa.FixedSizeListArray) -> npt.NDArray[np.float32]:
    matrix: npt.NDArray[np.float32] = column.flatten().to_numpy(zero_copy_only=False).reshape(len(column), -1)
    return matrix

"""Rows that checks look at: `Sample`, columns of some rows of a span, and `RowKeys`, fingerprints of all rows of a window.

A sample is the first rows of every examples file. Rows lie there sorted by fingerprint, and their split depends on another hash, so that
is a random choice, the same whatever the order of the input or the number of workers. A small span is its own sample.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from schemas.features import label_text

Floats = npt.NDArray[np.float64]
Objects = npt.NDArray[np.object_]
U64 = npt.NDArray[np.uint64]
Mask = npt.NDArray[np.bool_]

#: More rows than this are thinned out by the fingerprint of their inputs: equal inputs stay together.
MAX_KEYS = 5_000_000
#: Fingerprint of a missing value.
MISSING = np.uint64(0)
_NONE, _NOBODY = np.empty(0, np.int64), np.empty(0, np.uint64)


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows of one span, or of several taken together, column by column.

    Attributes:
        of: rows that the sample stands for; equal to its own number when nothing was left out.
        labels: label value of each row, as text, object [n]; empty texts in data without labels.
        splits: index into `schemas.evidence.SPLITS`, int8 [n].
        numeric: feature -> float64 [n]; NaN is missing.
        categorical: feature -> text or None, object [n]; None is missing.
        files: index into `Facts.files`, int64 [n]; -1 where the place is not known.
        rows: number of the row in its file, from 1, int64 [n].
        entity: fingerprint of whom the row is about, uint64 [n]; empty when no column says so.
    """

    of: int
    labels: Objects
    splits: npt.NDArray[np.int8]
    numeric: dict[str, Floats] = field(default_factory=dict)
    categorical: dict[str, Objects] = field(default_factory=dict)
    files: npt.NDArray[np.int64] = field(default_factory=lambda: _NONE)
    rows: npt.NDArray[np.int64] = field(default_factory=lambda: _NONE)
    entity: U64 = field(default_factory=lambda: _NOBODY)

    def __len__(self) -> int:
        return len(self.labels)

    def one_each(self) -> Sample:
        """One row of each entity, the first; rows without an entity stay. All rows where no column says whom they are about."""
        if not len(self.entity):
            return self
        first = np.zeros(len(self), bool)
        first[np.unique(self.entity, return_index=True)[1]] = True
        return self.take(first | (self.entity == MISSING))

    def take(self, chosen: Mask | npt.NDArray[np.int64]) -> Sample:
        """Some of the rows, by mask or index."""
        return Sample(
            of=self.of,
            labels=self.labels[chosen],
            splits=self.splits[chosen],
            numeric={n: v[chosen] for n, v in self.numeric.items()},
            categorical={n: v[chosen] for n, v in self.categorical.items()},
            files=self.files[chosen] if len(self.files) else self.files,
            rows=self.rows[chosen] if len(self.rows) else self.rows,
            entity=self.entity[chosen] if len(self.entity) else self.entity,
        )

    def of_label(self, value: str) -> Sample:
        """The rows of one label value."""
        return self.take(self.labels == value)

    @property
    def label_values(self) -> list[str]:
        """The label values that occur, sorted."""
        return sorted(set(self.labels.tolist()))


def join(samples: Sequence[Sample]) -> Sample | None:
    """Several samples as one, with the features that all of them have; None for none."""
    if not samples:
        return None
    first = samples[0]
    numeric = [n for n in first.numeric if all(n in s.numeric for s in samples)]
    categorical = [n for n in first.categorical if all(n in s.categorical for s in samples)]
    return Sample(
        of=sum(s.of for s in samples),
        labels=np.concatenate([s.labels for s in samples]),
        splits=np.concatenate([s.splits for s in samples]),
        numeric={n: np.concatenate([s.numeric[n] for s in samples]) for n in numeric},
        categorical={n: np.concatenate([s.categorical[n] for s in samples]) for n in categorical},
        files=np.concatenate([s.files for s in samples]),
        rows=np.concatenate([s.rows for s in samples]),
        entity=np.concatenate([s.entity for s in samples]) if all(len(s.entity) for s in samples) else _NOBODY,
    )


@dataclass(frozen=True, eq=False)
class RowKeys:
    """Fingerprints of the rows of a window, one entry a row, in canonical order.

    Attributes:
        span: int64 [n].
        split: index into `schemas.evidence.SPLITS`, int8 [n].
        row: of everything the row says, uint64 [n].
        inputs: of the model's inputs alone, uint64 [n].
        label: of the label, uint64 [n].
        id: of the column `data.id`, uint64 [n]; None when none is configured.
        entity: of the column `data.entity` or `data.split.group_by`, likewise.
        group: of the column `data.split.group_by`, where `entity` is of another one; None otherwise.
        time: value of the time column, float64 [n], NaN where missing; None when none is configured.
        files: index into `Facts.files`, int64 [n].
        numbers: number of the row in its file, from 1, int64 [n].
        share: share of all rows that are here, 0 to 1; below 1 the rest was left out by the fingerprint of their inputs.
    """

    span: npt.NDArray[np.int64]
    split: npt.NDArray[np.int8]
    row: U64
    inputs: U64
    label: U64
    id: U64 | None = None
    entity: U64 | None = None
    group: U64 | None = None
    time: Floats | None = None
    files: npt.NDArray[np.int64] = field(default_factory=lambda: _NONE)
    numbers: npt.NDArray[np.int64] = field(default_factory=lambda: _NONE)
    share: float = 1.0

    def __len__(self) -> int:
        return len(self.row)

    def take(self, chosen: Mask) -> RowKeys:
        """Some of the rows."""
        return RowKeys(
            span=self.span[chosen],
            split=self.split[chosen],
            row=self.row[chosen],
            inputs=self.inputs[chosen],
            label=self.label[chosen],
            id=None if self.id is None else self.id[chosen],
            entity=None if self.entity is None else self.entity[chosen],
            group=None if self.group is None else self.group[chosen],
            time=None if self.time is None else self.time[chosen],
            files=self.files[chosen],
            numbers=self.numbers[chosen],
            share=self.share,
        )


# Parquet files: a sample as `__label`, `__split`, `__file`, `__row`, `__entity` and `f:<feature>`; keys as the fields of `RowKeys`.
def sample_table(
    batch: pa.RecordBatch,
    label: str | None,
    split: int,
    files: npt.NDArray[np.int64],
    rows: npt.NDArray[np.int64],
    entity: U64 | None = None,
) -> pa.Table:
    """Flat rows as a table that `read_sample` reads; without `label`, of data that have none."""
    names = [n for n in batch.schema.names if n != label]
    at = batch.schema.get_field_index(label) if label else -1
    labels = [label_text(v) for v in batch.column(at).to_pylist()] if at >= 0 else [""] * batch.num_rows
    columns = {
        "__label": pa.array(labels, pa.string()),
        "__split": pa.array(np.full(batch.num_rows, split, np.int8)),
        "__file": pa.array(files[: batch.num_rows]),
        "__row": pa.array(rows[: batch.num_rows]),
    }
    if entity is not None:
        columns["__entity"] = pa.array(entity[: batch.num_rows])
    columns |= {f"f:{n}": batch.column(batch.schema.get_field_index(n)) for n in names}
    return pa.table(columns)


def read_sample(folder: str, kinds: dict[str, str], of: int) -> Sample | None:
    """The sample whose Parquet files are in a folder; None when there are none.

    Args:
        kinds: feature -> ``numeric`` or ``categorical``; others are left out. One that a file lacks is missing there.
        of: rows that it stands for.
    """
    import pyarrow.parquet as pq

    return from_tables([pq.read_table(p) for p in sorted(glob.glob(os.path.join(folder, "*.parquet")))], kinds, of)


def from_tables(tables: Sequence[pa.Table], kinds: dict[str, str], of: int) -> Sample | None:
    """The same from such tables (`sample_table`); None when they have no rows."""
    tables = [t for t in tables if t.num_rows]
    if not tables:
        return None

    def all_of(name: str) -> list[pa.ChunkedArray]:
        return [t[name] if name in t.column_names else pa.chunked_array([pa.nulls(t.num_rows)]) for t in tables]

    def numbers(name: str, dtype: type[np.generic]) -> npt.NDArray[np.generic]:
        return np.concatenate([np.asarray(c.to_numpy()) for c in all_of(name)]).astype(dtype)

    return Sample(
        of=of,
        labels=np.array([v for c in all_of("__label") for v in c.to_pylist()], object),
        splits=numbers("__split", np.int8),  # type: ignore[arg-type]
        numeric={n: np.concatenate([_floats(c) for c in all_of(f"f:{n}")]) for n, k in kinds.items() if k == "numeric"},
        categorical={
            n: np.concatenate([_texts(c) for c in all_of(f"f:{n}")]) for n, k in kinds.items() if k == "categorical"
        },
        files=numbers("__file", np.int64),  # type: ignore[arg-type]
        rows=numbers("__row", np.int64),  # type: ignore[arg-type]
        entity=numbers("__entity", np.uint64) if all("__entity" in t.column_names for t in tables) else _NOBODY,  # type: ignore[arg-type]
    )


def _floats(column: pa.ChunkedArray) -> Floats:
    if pa.types.is_null(column.type) or pa.types.is_binary(column.type):
        return np.full(len(column), np.nan)
    return np.asarray(column.cast(pa.float64()).to_numpy(), np.float64)


def _texts(column: pa.ChunkedArray) -> Objects:
    encoded = column.combine_chunks().dictionary_encode() if len(column) else column
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.chunk(0) if encoded.num_chunks else pa.array([], pa.string()).dictionary_encode()
    table = np.array([*(label_text(v) for v in encoded.dictionary.to_pylist()), None], object)
    index = encoded.indices.fill_null(len(table) - 1).to_numpy(zero_copy_only=False)
    texts: Objects = table[index]
    return texts


def read_keys(files: Sequence[tuple[int, int, str]], rows: int) -> RowKeys | None:
    """Keys of a window from its files of keys, thinned out when there are more than `MAX_KEYS` rows.

    Args:
        files: (span, index of the split, path), in canonical order.
        rows: rows of all files together.
    """
    import pyarrow.parquet as pq

    share = min(1.0, MAX_KEYS / rows) if rows else 1.0
    limit = np.uint64(min(2**64 - 1, int(share * 2**64)))
    parts: list[dict[str, npt.NDArray[np.generic]]] = []
    for span, split, path in files:
        table = pq.read_table(path)
        columns = {n: np.asarray(table[n].to_numpy()) for n in table.column_names}
        columns["span"] = np.full(table.num_rows, span, np.int64)
        columns["split"] = np.full(table.num_rows, split, np.int8)
        kept = columns["inputs"] < limit if share < 1 else np.ones(table.num_rows, bool)
        parts.append({n: c[kept] for n, c in columns.items()})
    if not parts:
        return None
    return RowKeys(**{n: np.concatenate([p[n] for p in parts]) for n in parts[0]}, share=share)  # type: ignore[arg-type]

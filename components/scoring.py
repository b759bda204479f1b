"""Scores a file of raw rows with a served model, batch by batch; rows that cannot be scored are put aside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import tensorflow as tf

from components import examples, sources, tolerant
from components.kinds import picture_paths, pictures
from components.serving import Scorer
from components.tolerant import I64, Chunk, Rejected
from schemas.features import Kind

#: Pictures are decoded to find those that are none; this small, since only whether they can be decoded counts.
TINY = (4, 4, 1)


@dataclass(frozen=True, eq=False)
class Scored:
    """Some consecutive rows of a file.

    Attributes:
        numbers: of the rows that were scored, int64 [n]; the first data row of the file is 1.
        scores: probabilities, float32 [n, classes] in the order of `Scorer.labels`; or amounts, float32 [n, 1].
        rejected: the other rows.
    """

    numbers: I64
    scores: npt.NDArray[np.float32]
    rejected: list[Rejected]


def lacking(path: str, form: str, scorer: Scorer) -> list[str]:
    """Columns that the model needs and the file does not have; a TFRecord file has none of its own."""
    if form == "tfrecord":
        return []
    return sorted({f.name for f in scorer.contract.features} - set(sources.column_names(path, form)))


def score_rows(path: str, form: str, scorer: Scorer) -> Iterator[Scored]:
    """Scores all rows, in their order.

    Raises:
        DataBlocked: when not even the first row can be read, or a column has a type that no row could be scored with.
    """
    types = {f.name: f.type for f in scorer.contract.features}
    images = [f.name for f in scorer.contract.of_kind(Kind.IMAGE)]
    for chunk in tolerant.read(path, form, list(types)):
        batches = _with_pictures(chunk, types, images, path, form) if len(chunk.numbers) else iter(())
        empty = Scored(np.empty(0, np.int64), np.empty((0, scorer.width), np.float32), chunk.rejected)
        done = [_scored(batch, numbers, bad, images, scorer) for batch, numbers, bad in batches]
        yield _joined([empty, *done])


def _joined(parts: list[Scored]) -> Scored:
    return Scored(
        np.concatenate([p.numbers for p in parts]),
        np.concatenate([p.scores for p in parts]),
        sorted((r for p in parts for r in p.rejected), key=lambda r: r.row),
    )


def _with_pictures(
    chunk: Chunk, types: dict[str, Any], images: list[str], path: str, form: str
) -> Iterator[tuple[pa.RecordBatch, I64, list[Rejected]]]:
    """Typed rows with the bytes of their pictures, their numbers, and the rows whose values do not fit their columns."""
    names = [n for n in chunk.rows.schema.names if n in types]
    known = pa.RecordBatch.from_arrays(
        [chunk.rows.column(chunk.rows.schema.get_field_index(n)) for n in names], names=names
    )
    whole = sources.complete(known, types)
    wrong = _misfits(whole, types, path)
    bad = [Rejected(int(chunk.numbers[i]), reason) for i, reason in sorted(wrong.items())]
    kept = np.array([i for i in range(whole.num_rows) if i not in wrong], np.int64) if wrong else None
    numbers = chunk.numbers if kept is None else chunk.numbers[kept]
    raw = chunk.rows if kept is None else _take(chunk.rows, kept)
    whole = whole if kept is None else _take(whole, kept)
    typed = sources.typed(whole, types, path, 1)
    start = 0
    for part in picture_paths.with_pictures(raw, typed, images, path, form):
        yield part, numbers[start : start + part.num_rows], bad if start == 0 else []
        start += part.num_rows
    if not typed.num_rows:
        yield typed, numbers, bad


def _take(batch: pa.RecordBatch, index: I64) -> pa.RecordBatch:
    chosen = pa.array(index)
    return pa.RecordBatch.from_arrays([c.take(chosen) for c in batch.columns], names=batch.schema.names)


def _misfits(batch: pa.RecordBatch, types: dict[str, Any], path: str) -> dict[int, str]:
    """Index of a row -> which columns have values of another type, and whether it has no value at all."""
    found: dict[int, list[str]] = {}
    for name, kind in types.items():
        try:
            flat = sources.flatten(batch.column(batch.schema.get_field_index(name)))
        except pa.ArrowNotImplementedError as error:
            raise sources.problem("column_type", path, f"column {name!r}: {error}.", "Flatten the column.") from None
        for i in sources.misfits(flat, kind):
            found.setdefault(i, []).append(f"{name} must be {kind.value}")
    return {i: f"{'; '.join(whys)}." for i, whys in found.items()}


def _scored(batch: pa.RecordBatch, numbers: I64, bad: list[Rejected], images: list[str], scorer: Scorer) -> Scored:
    reasons = _unusable(batch, images)
    good = np.array([not r for r in reasons], bool) if any(reasons) else np.ones(batch.num_rows, bool)
    rejected = bad + [Rejected(int(n), r) for n, r in zip(numbers, reasons, strict=True) if r]
    usable = batch if good.all() else _take(batch, np.flatnonzero(good))
    records = list(examples.encode(usable)) if usable.num_rows else []
    return Scored(numbers[good], scorer(records), rejected)


def _unusable(batch: pa.RecordBatch, images: list[str]) -> list[str]:
    """Why each row cannot be scored; empty where it can. A missing value is no reason, as long as there is any."""
    nothing = np.ones(batch.num_rows, bool)
    for column in batch.columns:
        nothing &= column.is_null().to_numpy(zero_copy_only=False)
    reasons = ["It has no value for any of the model's inputs." if n else "" for n in nothing.tolist()]
    for name in images:
        data = [v or b"" for v in batch.column(batch.schema.get_field_index(name)).to_pylist()]
        if any(data):
            _, known = pictures.decode_known(tf.constant(data, tf.string), TINY)
            for i, (value, decoded) in enumerate(zip(data, known.numpy().tolist(), strict=True)):
                if value and not decoded:
                    reasons[i] = f"{name} is no picture that can be decoded, or there is no such file."
    return reasons

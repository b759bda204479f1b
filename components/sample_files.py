"""Samples of examples files: writing them, and the properties of images that stand in them for the images."""

from __future__ import annotations

import dataclasses
import os

import numpy as np
import pyarrow as pa

from components import samples
from components.samples import Sample
from schemas.evidence import SPLITS


def write_sample(
    batches: list[pa.RecordBatch], label: str, kinds: dict[str, str], split: str, keys: str, path: str
) -> None:
    """Writes the first rows of an examples file, with their places, as Parquet."""
    import pyarrow.parquet as pq

    rows = sum(b.num_rows for b in batches)
    there = pq.read_schema(keys).names if keys else []
    columns = [n for n in ("files", "numbers", "entity") if n in there]
    places = pq.read_table(keys, columns=columns).slice(0, rows) if keys else None
    entity = places["entity"].to_numpy() if places and "entity" in there else None
    nowhere = np.full(rows, -1, np.int64)
    files, numbers = (places["files"].to_numpy(), places["numbers"].to_numpy()) if places else (nowhere, nowhere)
    number, first, tables = SPLITS.index(split), 0, []
    for batch in batches:
        part = slice(first, first + batch.num_rows)
        wanted = [n for n in batch.schema.names if n in kinds or n == label]
        arrays = [batch.column(batch.schema.get_field_index(n)) for n in wanted]
        chosen = with_image_columns(pa.RecordBatch.from_arrays(arrays, names=wanted), kinds)
        whose = None if entity is None else entity[part]
        tables.append(samples.sample_table(chosen, label, number, files[part], numbers[part], whose))
        first += batch.num_rows
    os.makedirs(os.path.dirname(path), exist_ok=True)
    # A feature may be in one batch and not in another, or be all null there.
    pq.write_table(_concat(tables), path)


def with_image_columns(batch: pa.RecordBatch, kinds: dict[str, str]) -> pa.RecordBatch:
    """The batch with the properties of every image (`components.images`) in the place of its bytes."""
    names, columns = list(batch.schema.names), list(batch.columns)
    pictures = [n for n in names if kinds.get(n) == "image"]
    if not pictures:
        return batch
    from components import images

    for name in pictures:
        at = names.index(name)
        found = [images.properties(v) if v is not None else {} for v in columns[at].to_pylist()]
        del names[at], columns[at]
        for suffix, kind in images.IMAGE_COLUMNS.items():
            names.append(f"{name}.{suffix}")
            columns.append(pa.array([p.get(suffix) for p in found], pa.float64() if kind == "numeric" else pa.string()))
    return pa.RecordBatch.from_arrays(columns, names=names)


def sample_kinds(kinds: dict[str, str]) -> dict[str, str]:
    """Kinds of the columns of a sample: as `kinds`, with the properties of images in the place of the images."""
    out = {n: k for n, k in kinds.items() if k != "image"}
    pictures = [n for n, k in kinds.items() if k == "image"]
    if not pictures:
        return out
    from components import images

    return out | {f"{n}.{suffix}": k for n in pictures for suffix, k in images.IMAGE_COLUMNS.items()}


def without_images(sample: Sample | None, pictures: tuple[str, ...]) -> Sample | None:
    """The sample without the columns that were made from images."""
    if sample is None:
        return None
    made = tuple(f"{n}." for n in pictures)
    numeric = {n: v for n, v in sample.numeric.items() if not n.startswith(made)}
    categorical = {n: v for n, v in sample.categorical.items() if not n.startswith(made)}
    return dataclasses.replace(sample, numeric=numeric, categorical=categorical)


def _concat(tables: list[pa.Table]) -> pa.Table:
    types = {f.name: f.type for t in tables for f in t.schema if not pa.types.is_null(f.type)}
    for t in tables:
        types |= {f.name: f.type for f in t.schema if f.name not in types}
    whole = [
        pa.table(
            {
                n: t[n].cast(k) if n in t.column_names and not pa.types.is_null(t[n].type) else pa.nulls(t.num_rows, k)
                for n, k in types.items()
            }
        )
        for t in tables
    ]
    return pa.concat_tables(whole)

"""Samples of examples files: writing them, and the properties of images that stand in them for the images."""

from __future__ import annotations

import dataclasses
import os

import numpy as np
import pyarrow as pa

from components import samples
from components.samples import Sample
from schemas.evidence import SPLITS


def sample_of(batches: list[pa.RecordBatch], label: str, kinds: dict[str, str], split: str) -> pa.Table:
    """Rows of an examples file as a table that `write_sample` takes."""
    number, tables = SPLITS.index(split), []
    for batch in batches:
        wanted = [n for n in batch.schema.names if n in kinds or n == label]
        arrays = [batch.column(batch.schema.get_field_index(n)) for n in wanted]
        chosen = with_image_columns(pa.RecordBatch.from_arrays(arrays, names=wanted), kinds)
        nowhere = np.full(batch.num_rows, -1, np.int64)
        tables.append(samples.sample_table(chosen, label, number, nowhere, nowhere))
    # A feature may be in one batch and not in another, or be all null there.
    return _concat(tables)


def write_sample(table: pa.Table, keys: str, path: str) -> None:
    """Writes the first rows of an examples file as Parquet, with their places.

    Args:
        table: of `sample_of`.
        keys: the file with the places of all rows of the examples file.
    """
    import pyarrow.parquet as pq

    there = pq.read_schema(keys).names
    named = {"files": "__file", "numbers": "__row", "entity": "__entity"}
    places = pq.read_table(keys, columns=[n for n in named if n in there]).slice(0, table.num_rows)
    table = table.drop([n for n in named.values() if n in table.column_names])
    for name in places.column_names:
        table = table.append_column(named[name], places[name])
    os.makedirs(os.path.dirname(path), exist_ok=True)
    pq.write_table(table, path)


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

"""Folders of images as a source: a manifest per span, named by its content, stands for the span's files.

A manifest is a Parquet file with the path, the label and the SHA-256 of every image. The plan then holds one file per span, however many
images there are, and TFX's cache rests on their content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from components import sources, spans
from schemas.run_record import DataFile

IMAGE, PATH, SHA256 = "image", "__path", "__sha256"
#: Images in memory at once.
BATCH = 256


def write_manifest(paths: list[str], pattern: str, base: Path, label: str, span: int, root: Path) -> DataFile:
    """Writes the manifest of a span.

    Raises:
        DataBlocked: when an image cannot be read.
    """
    digests = []
    for path in paths:
        try:
            digests.append(spans.digest_file(path, span).sha256)
        except OSError as error:
            raise sources.unreadable(path, error) from None
    labels = [spans.label_of(pattern, base, p) for p in paths]
    listed = "\n".join(f"{p}\t{v}\t{d}" for p, v, d in zip(paths, labels, digests, strict=True))
    digest = hashlib.sha256(listed.encode("utf-8", "surrogateescape")).hexdigest()
    target = root / "manifests" / f"{digest[:32]}.parquet"
    write_once(pa.table({PATH: paths, label: labels, SHA256: digests}), target)
    return spans.digest_file(str(target), span)


def write_once(table: pa.Table, target: Path) -> None:
    """Writes a Parquet file that is named by its content, unless it is there."""
    import pyarrow.parquet as pq

    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.with_suffix(".tmp")
        pq.write_table(table, temporary)
        temporary.rename(target)


def column_names(path: str) -> list[str]:
    """Columns of the rows that a manifest stands for."""
    import pyarrow.parquet as pq

    return [IMAGE, *(n for n in pq.read_schema(path).names if n not in (PATH, SHA256))]


def names_of(path: str) -> list[str]:
    """The images of a manifest, in the order of its rows, as people call them: the last three parts of their paths."""
    import pyarrow.parquet as pq

    return ["/".join(Path(p).parts[-3:]) for p in pq.read_table(path, columns=[PATH])[PATH].to_pylist()]


def read_batches(path: str) -> Iterator[pa.RecordBatch]:
    """The rows that a manifest stands for: the bytes of each image, and its label."""
    import pyarrow.parquet as pq

    (label,) = column_names(path)[1:]
    for batch in pq.ParquetFile(path).iter_batches(batch_size=BATCH, columns=[PATH, label]):
        images = [Path(p).read_bytes() for p in batch.column(0).to_pylist()]
        yield pa.RecordBatch.from_arrays([pa.array(images, pa.binary()), batch.column(1)], names=[IMAGE, label])

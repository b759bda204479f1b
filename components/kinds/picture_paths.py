"""Tables with pictures: a column of paths stands for the files' bytes, which are read when rows are.

Paths are relative to the folder of the table's file, or absolute. Where there is no such file, the path itself stays as the value: bytes
that are no picture, which the check `image_files` counts and names by row, and which the model sees as a blank picture.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import pyarrow as pa

from components import image_files, sources, spans
from schemas.run_record import DataFile


def holds_paths(kind: pa.DataType, form: str) -> bool:
    """Whether a picture column of a file holds paths: in CSV always, in Parquet when it is of texts and not of bytes."""
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    return form == "csv" or (form == "parquet" and (pa.types.is_string(kind) or pa.types.is_large_string(kind)))


def resolve(reference: bytes, table: str) -> str:
    """The file that a path in a table means."""
    return os.path.join(os.path.dirname(table), os.fsdecode(reference))


def content(reference: bytes, table: str) -> bytes:
    """The bytes of the file, or the path itself where none can be read."""
    try:
        return Path(resolve(reference, table)).read_bytes()
    except (OSError, ValueError):  # a path may also hold a zero byte
        return reference


def with_pictures(
    raw: pa.RecordBatch, batch: pa.RecordBatch, names: Iterable[str], table: str, form: str
) -> Iterator[pa.RecordBatch]:
    """The rows of a batch with the bytes of the files in the place of paths, a few rows at a time: pictures need room.

    Args:
        raw: the rows as `sources.read_raw` gave them.
        batch: the same rows, typed.
        names: columns that are pictures; those that hold bytes stay as they are.
        table: path of the file that the rows are from.
        form: its format.
    """
    held = [n for n in names if n in raw.schema.names and holds_paths(raw.schema.field(n).type, form)]
    for start in range(0, batch.num_rows, image_files.BATCH if held else max(batch.num_rows, 1)):
        part = batch.slice(start, image_files.BATCH) if held else batch
        for name in held:
            at = part.schema.get_field_index(name)
            found = [None if v is None else content(v, table) for v in part.column(at).to_pylist()]
            columns = [*part.columns[:at], pa.array(found, pa.binary()), *part.columns[at + 1 :]]
            part = pa.RecordBatch.from_arrays(columns, names=part.schema.names)
        yield part


def references(path: str, form: str, name: str) -> Iterator[list[bytes]]:
    """The paths in a column of pictures, batch by batch; nothing where it holds bytes."""
    for raw in sources.read_raw(path, form):
        at = raw.schema.get_field_index(name)
        if at < 0 or not holds_paths(raw.schema.field(at).type, form):
            return
        yield [v for v in sources.flatten(raw.column(at)).to_pylist() if v]


def list_pictures(files: list[DataFile], form: str, names: Iterable[str], root: Path) -> list[DataFile]:
    """Writes a manifest (path, SHA-256) of the pictures that each file's columns name: the plan holds it, so that TFX's cache rests on the
    pictures' content too.

    Raises:
        DataBlocked: when none of a file's pictures is there.
    """

    out = []
    for file in files:
        for name in names:
            paths = sorted({v for batch in references(file.path, form, name) for v in batch})
            if not paths:
                continue
            digests = [_digest(v, file) for v in paths]
            if not any(digests):
                raise sources.problem(
                    "lost_images",
                    file.path,
                    f"column {name!r} must name pictures by paths relative to the file's folder, or absolute ones, but none of the "
                    f"{len(paths):,} files is there.",
                    "Put the pictures there, or mend the paths; if the column holds no pictures, say so in data.features.",
                )
            listed = b"\n".join(v + b"\t" + d.encode() for v, d in zip(paths, digests, strict=True))
            target = root / "manifests" / f"{hashlib.sha256(listed).hexdigest()[:32]}.parquet"
            table = pa.table({image_files.PATH: pa.array(paths, pa.binary()), image_files.SHA256: digests})
            image_files.write_once(table, target)
            out.append(spans.digest_file(str(target), file.span))
    return out


def _digest(reference: bytes, file: DataFile) -> str:
    try:
        return spans.digest_file(resolve(reference, file.path), file.span).sha256
    except (OSError, ValueError):
        return ""

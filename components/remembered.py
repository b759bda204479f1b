"""Results about files whose content is known, kept in the workspace: what was computed of an old span is not computed again.

A result has the digest of all that it depends on as its name, so a file that is delivered again with other rows has none. One that was
cut off or changed on the disk is computed again.
"""

from __future__ import annotations

import hashlib
import json
import os
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Bytes of examples. What is read of fewer is computed in this process: Beam's own steps would take longer.
FEW = 4_000_000


@dataclass(frozen=True)
class File:
    """An examples file.

    Attributes:
        sha256: of its bytes.
        first: how many of its first rows are wanted, besides what is counted of all.
    """

    path: str
    span: int
    sha256: str
    first: int = 0

    @property
    def split(self) -> str:
        """The split that its folder is named after."""
        return os.path.basename(os.path.dirname(self.path)).partition("-")[2]


@dataclass(frozen=True)
class Memory:
    """A folder of results.

    Attributes:
        folder: one folder a span below.
        kind: what is computed, and all that it depends on besides the file: settings, code, versions.
    """

    folder: str
    kind: str

    def place(self, file: File) -> Path:
        """Where the result about a file lies."""
        name = hashlib.sha256(json.dumps([self.kind, file.split, file.sha256, file.first]).encode()).hexdigest()
        return Path(self.folder, str(file.span), name)

    def recall(self, file: File) -> Any:
        """The result about a file; None where there is none, or none that is whole."""
        try:
            digest, content = self.place(file).read_bytes().split(b"\n", 1)
        except (OSError, ValueError):
            return None
        return pickle.loads(content) if hashlib.sha256(content).hexdigest().encode() == digest else None

    def keep(self, file: File, result: Any) -> None:
        """Keeps a result, whole or not at all.

        Raises:
            OSError: when it cannot be written.
        """
        place, content = self.place(file), pickle.dumps(result)
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = place.with_name(f".{place.name}.{os.getpid()}")
        fresh.write_bytes(hashlib.sha256(content).hexdigest().encode() + b"\n" + content)
        os.replace(fresh, place)


def results(
    memory: Memory, files: Sequence[File], compute: Callable[[File], Any], pipeline: Any
) -> tuple[list[Any], list[int]]:
    """The results about all files, in their order. New ones are computed, by Beam unless they are few, and kept.

    Args:
        compute: gives a result that is not None, and can be pickled; so can it itself.
        pipeline: Beam's; not begun where it is not needed.

    Returns:
        The results, and the spans of which nothing was computed, in their order.
    """
    known = {f: memory.recall(f) for f in files}
    new = [f for f in files if known[f] is None]
    if sum(os.path.getsize(f.path) for f in new) > FEW:
        _by_beam(memory, new, compute, pipeline)
    for file in new:
        known[file] = memory.recall(file)
        if known[file] is None:
            known[file] = compute(file)
            memory.keep(file, known[file])
    return [known[f] for f in files], sorted({f.span for f in files} - {f.span for f in new})


def _by_beam(memory: Memory, files: Sequence[File], compute: Callable[[File], Any], pipeline: Any) -> None:
    import apache_beam as beam

    with pipeline as p:
        _ = (
            p
            | "Files" >> beam.Create(list(files))
            | "Spread" >> beam.Reshuffle()
            | "Compute" >> beam.Map(lambda f: memory.keep(f, compute(f)))
        )


def files_of(report: Mapping[str, Any], examples: str) -> list[File]:
    """The examples files of an ingest report, in canonical order.

    Args:
        examples: folder of the artifact.
    """
    found = [File(os.path.join(examples, s["file"]), s["span"], s["sha256"]) for s in report["shards"]]
    return sorted(found, key=lambda f: (f.span, f.path))

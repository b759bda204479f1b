"""The frozen test set: rows that a run once held out of training stay in test, whatever the shares say later.

What is registered, and where, is `pipeline.held_out`'s business; here is what `ingest` and checks do with it. A row is known by what
it says (`row`), by its id (`data.id`) and by its group (`data.split.group_by`): any of them that is registered holds it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from components.fingerprints import U64, row_fingerprints
from schemas.evidence import SPLITS

#: How a row is known: the names of the columns of keys that `ingest` writes.
Way = Literal["row", "id", "group"]
TEST = SPLITS.index("test")


class HeldFile(BaseModel):
    """Fingerprints of test rows of one span that a run held out, as a file that never changes.

    Attributes:
        path: an ``.npy`` file of sorted uint64, each once.
        sha256: of the file; with it in a plan, the plan says all that the registry adds to it.
        way: what the fingerprints are of.
        column: the column of ids or groups; None for whole rows.
        span: of the rows.
        rows: how many fingerprints there are.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    sha256: str
    way: Way
    column: str | None = None
    span: int
    rows: int


def read_keys(files: Iterable[HeldFile]) -> U64:
    """The fingerprints of several files, sorted, each once."""
    parts = [np.load(f.path) for f in files]
    return np.unique(np.concatenate(parts)) if parts else np.empty(0, np.uint64)


def among(values: U64, ordered: U64) -> npt.NDArray[np.bool_]:
    """Which values are among sorted ones."""
    if not len(ordered):
        return np.zeros(len(values), bool)
    at = np.minimum(np.searchsorted(ordered, values), len(ordered) - 1)
    found: npt.NDArray[np.bool_] = ordered[at] == values
    return found


class Held:
    """What is registered, ready to look rows up."""

    def __init__(self, files: Iterable[HeldFile]):
        ways: dict[tuple[Way, str | None], list[HeldFile]] = {}
        for file in files:
            ways.setdefault((file.way, file.column), []).append(file)
        self._keys = {way: read_keys(listed) for way, listed in sorted(ways.items(), key=str)}

    def __bool__(self) -> bool:
        return bool(self._keys)

    def holds(self, rows: pa.RecordBatch, high: U64) -> npt.NDArray[np.bool_]:
        """Which rows are held in test.

        Args:
            rows: typed rows; a registered column that they lack holds none of them.
            high: their fingerprints.

        Returns:
            bool of shape [rows].
        """
        held = np.zeros(rows.num_rows, bool)
        for (way, column), keys in self._keys.items():
            if way == "row":
                held |= among(high, keys)
            elif column in rows.schema.names:
                values = rows.column(rows.schema.get_field_index(column))
                held |= among(row_fingerprints([(str(column), values)])[0], keys)
        return held


def hold(split: npt.NDArray[np.int8], held: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.int8], dict[str, int]]:
    """Splits with held rows in test, and how many rows of each other split that moved."""
    moved = {s: int((held & (split == i)).sum()) for i, s in enumerate(SPLITS) if i != TEST}
    return np.where(held, np.int8(TEST), split), {s: n for s, n in moved.items() if n}

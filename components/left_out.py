"""Rows that training shall do without, as an experiment wants it: those that findings name.

In test they stay, so that models are compared on the same rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from components.frozen import TEST
from components.image_files import names_of
from schemas.run_record import DataFile

ROW = re.compile(r"(?P<file>.+) row (?P<number>\d+)")
#: The split of a row that is in none.
NOWHERE = -1


def row_numbers(places: Iterable[str], files: Sequence[DataFile], images: bool) -> dict[int, tuple[int, ...]]:
    """Index of a file -> numbers of the rows in it, from 1, for rows as `Finding.rows` names them; places that no file has are none.

    Args:
        images: whether the files are manifests of images, which are named by their paths.
    """
    found: dict[int, set[int]] = {}
    if images:
        wanted = set(places)
        for index, file in enumerate(files):
            found[index] = {i for i, name in enumerate(names_of(file.path), 1) if name in wanted}
    else:
        index_of = {f"{Path(f.path).parent.name}/{Path(f.path).name}": i for i, f in enumerate(files)}
        for match in filter(None, map(ROW.fullmatch, places)):
            if match["file"] in index_of:
                found.setdefault(index_of[match["file"]], set()).add(int(match["number"]))
    return {i: tuple(sorted(numbers)) for i, numbers in sorted(found.items()) if numbers}


def without(
    split: npt.NDArray[np.int8], numbers: npt.NDArray[np.int64], left_out: Mapping[int, Sequence[int]], file: int
) -> npt.NDArray[np.int8]:
    """Splits in which the rows that are left out are in none, but for those of test.

    Args:
        split: index into `SPLITS` of each row, int8 [n].
        numbers: of the rows in their file, int64 [n].
        file: its index.
    """
    gone = np.isin(numbers, left_out.get(file, ())) & (split != TEST)
    return np.where(gone, np.int8(NOWHERE), split)

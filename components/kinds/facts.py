"""What a pass over the data finds out about each column, so that its kind can be told. No TensorFlow: planning a run must be quick."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from components import fingerprints, sources
from components.kinds import booleans, timestamps
from schemas.features import ColumnType
from schemas.run_record import DataFile

#: How the file of a picture begins: PNG, JPEG, GIF. (BMP's two letters may begin any text.)
SIGNATURES = (b"\x89PNG\r\n", b"\xff\xd8\xff", b"GIF8")
_PICTURE_PATH = r"(?i)\.(?:png|jpe?g)$"
#: Distinct values that are counted one by one; beyond, a sample of them stands for all.
KEPT = 8192


@dataclass
class ColumnFacts:
    """What a pass over the data found out about a column. Does not depend on the order of rows, unless texts come only after whole
    blocks of numbers: those are then left out of `hashes`.

    Attributes:
        type: the narrowest type; None without any value.
        values: how many are present.
        yes, no: values that are words of `booleans.WORDS`.
        iso: values that are ISO 8601 times.
        stored_times: values that the file stores as times.
        paths: values that end like the name of a picture.
        pictures: values that begin like the file of a picture.
        spelt_missing: texts like "NA", which are missing in a column of numbers, and values of a column of texts.
        words: words of all texts.
        lowest, highest: of the values that are numbers; NaN when there are none.
        hashes, counts: sample of distinct texts, and how often each came; those with a hash below 2**64 / 2**level.
        level: 0 while the sample is all.
    """

    type: ColumnType | None = None
    values: int = 0
    yes: int = 0
    no: int = 0
    iso: int = 0
    stored_times: int = 0
    paths: int = 0
    pictures: int = 0
    spelt_missing: int = 0
    words: int = 0
    lowest: float = np.nan
    highest: float = np.nan
    hashes: fingerprints.U64 = field(default_factory=lambda: np.empty(0, np.uint64))
    counts: npt.NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    level: int = 0

    @property
    def distinct(self) -> float:
        """Share of distinct texts, 0 to 1: 1 when none comes twice."""
        return len(self.hashes) / int(self.counts.sum()) if len(self.hashes) else 0.0

    def add(self, column: pa.Array) -> None:
        """Takes in some rows of the column, as `sources.read_raw` gives them."""
        self.type = sources.infer_type(column, self.type)
        flat = sources.flatten(column).drop_null()
        if self.type is ColumnType.STRING and pa.types.is_binary(flat.type):
            self._add_texts(self._without_pictures(flat.filter(pc.greater(pc.binary_length(flat), 0))))
            return
        self.stored_times += len(flat) * (pa.types.is_timestamp(column.type) or pa.types.is_date(column.type))
        if pa.types.is_binary(flat.type):
            self.spelt_missing += _count(pc.is_in(flat, value_set=sources.NUMERIC_NULLS))
        if self.type:
            self._add_numbers(sources.to_numbers(flat).drop_null())

    def _without_pictures(self, texts: pa.Array) -> pa.Array:
        """The other texts. Pictures are many bytes: what is of interest in texts is of none in them."""
        begins = [pc.starts_with(texts, pattern=s) for s in SIGNATURES]
        pictures = pc.or_(pc.or_(begins[0], begins[1]), begins[2])
        found = _count(pictures)
        self.values += found
        self.pictures += found
        return texts.filter(pc.invert(pictures)) if found else texts

    def _add_numbers(self, numbers: pa.Array) -> None:
        values = numbers.to_numpy(zero_copy_only=False)
        self.values += len(values)
        self.yes += int((values == 1).sum())
        self.no += int((values == 0).sum())
        if len(values):
            self.lowest = float(np.fmin(self.lowest, values.min()))
            self.highest = float(np.fmax(self.highest, values.max()))

    def _add_texts(self, texts: pa.Array) -> None:
        if not len(texts):
            return
        self.values += len(texts)
        self.spelt_missing += _count(pc.is_in(texts, value_set=sources.NUMERIC_NULLS))
        counted = pc.value_counts(texts)
        values, counts = counted.field("values"), counted.field("counts").to_numpy()

        def times(chosen: pa.Array) -> int:
            return int(counts[chosen.to_numpy(zero_copy_only=False)].sum())

        lowered = pc.ascii_lower(pc.ascii_trim_whitespace(values.cast(pa.string(), safe=False)))
        for word in (True, False):
            known = pa.array([w.decode() for w, v in booleans.WORDS.items() if v is word])
            chosen = times(pc.is_in(lowered, value_set=known))
            self.yes, self.no = (self.yes + chosen, self.no) if word else (self.yes, self.no + chosen)
        self.iso += times(pc.match_substring_regex(values, timestamps.ISO))
        self.paths += times(pc.match_substring_regex(values, _PICTURE_PATH))
        self.words += int((pc.count_substring_regex(values, r"\S+").to_numpy() * counts).sum())
        self._sample(fingerprints.row_fingerprints([("", values)])[0], counts)

    def _sample(self, hashes: fingerprints.U64, counts: npt.NDArray[np.int64]) -> None:
        together, inverse = np.unique(np.concatenate([self.hashes, hashes]), return_inverse=True)
        total = np.bincount(inverse.ravel(), np.concatenate([self.counts, counts]), len(together)).astype(np.int64)
        kept = together >> np.uint64(64 - self.level) == 0 if self.level else np.ones(len(together), bool)
        while kept.sum() > KEPT:
            self.level += 1
            kept = together >> np.uint64(64 - self.level) == 0
        self.hashes, self.counts = together[kept], total[kept]


def _count(mask: pa.Array) -> int:
    return int(pc.sum(mask).as_py() or 0)


def survey(files: Iterable[DataFile], form: str, only: Collection[str] | None = None) -> dict[str, ColumnFacts]:
    """Facts about each column (or some) over all rows, in one pass."""
    facts: dict[str, ColumnFacts] = {}
    for file in files:
        for batch in sources.read_raw(file.path, form):
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                if only is None or name in only:
                    facts.setdefault(name, ColumnFacts()).add(column)
    return facts

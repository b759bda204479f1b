"""`data`: where the rows are, what their columns mean, and how they are split."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from schemas.config.base import Positive, Section, Share

FORMATS = ("csv", "parquet", "tfrecord", "images")


def _path_of(value: Any) -> Any:
    return value["path"] if isinstance(value, dict) and set(value) == {"path"} else value


class Source(Section):
    """Where the rows are: exactly one of the formats, a glob with ``{SPAN}`` or ``{YYYY}-{MM}-{DD}`` for the span.

    `images` (or ``images: {path: ...}``) is a glob of PNG or JPEG files with ``{label}`` in it: each file is a row with the columns
    ``image`` and the label.
    """

    csv: str | None = None
    parquet: str | None = None
    tfrecord: str | None = None
    images: Annotated[str | None, BeforeValidator(_path_of)] = None

    @model_validator(mode="after")
    def _one_format(self) -> Source:
        given = [k for k in FORMATS if getattr(self, k) is not None]
        if len(given) != 1:
            raise ValueError(f"must name exactly one of {', '.join(FORMATS)}; got {', '.join(given) or 'none'}")
        if not self.pattern:
            raise ValueError(f"{given[0]} must be a path, got an empty text")
        dates = [p for p in ("{YYYY}", "{MM}", "{DD}") if p in self.pattern]
        if dates and (len(dates) < 3 or "{SPAN}" in self.pattern):
            raise ValueError("a path has either {SPAN} or all of {YYYY}, {MM} and {DD}")
        if (self.images is not None) != ("{label}" in self.pattern):
            raise ValueError("images need {label} in their path, and no other format may have it")
        return self

    @property
    def format(self) -> str:
        """Name of the format that is given: one of `FORMATS`."""
        return next(k for k in FORMATS if getattr(self, k) is not None)

    @property
    def pattern(self) -> str:
        """The glob, as written."""
        return self.csv or self.parquet or self.tfrecord or self.images or ""


class LastSpans(Section):
    """A rolling window of the newest spans."""

    last_spans: Positive


class Split(Section):
    """Shares of the three splits, and by what rows are assigned to them.

    The default 70/15/15 leaves test large enough to gate on from about a thousand rows. `stratify` gives every label
    the same shares; `group_by` keeps all rows of an entity in one split; `by_time` puts the latest rows into test.
    """

    train: Share = 0.7
    eval: Share = 0.15
    test: Share = 0.15
    stratify: bool = True
    group_by: str | None = None
    by_time: str | None = None
    seed: int = 0

    @model_validator(mode="after")
    def _whole(self) -> Split:
        total = self.train + self.eval + self.test
        if not math.isclose(total, 1.0, abs_tol=1e-9):
            raise ValueError(f"train + eval + test must be 1, got {self.train} + {self.eval} + {self.test} = {total:g}")
        if self.group_by and self.by_time:
            raise ValueError("group_by and by_time cannot both be set: a group may span the cut in time; choose one")
        return self


#: What the label is: a class, or an amount.
Task = Literal["classification", "regression"]


class Data(Section):
    """The source, which part of it to read, what the columns are, and how rows are split.

    `task` says what the label is: a class out of a few (``classification``), or an amount (``regression``), a finite number in every row.
    `schema_file` is a curated TFMD schema (text format); without one, the first accepted run's proposal is kept.
    `rows_per_shard` bounds the memory of one worker: a shard is sorted in memory.
    `serving` are rows as they are served (the label may be missing); they are compared with what is trained on.
    `time`, `id` and `entity` name columns that tell when a row happened, which row it is, and whom it is about; they let checks find
    time running backwards, and rows or entities in two splits. They are no inputs unless listed in `features`.
    """

    source: Source
    task: Task = "classification"
    serving: Source | None = None
    time: str | None = None
    id: str | None = None
    entity: str | None = None
    window: Literal["all"] | LastSpans = "all"
    label: str = Field(min_length=1)
    exclude: list[str] = []
    features: dict[str, Literal["numeric", "categorical", "boolean", "timestamp", "text", "image"]] = {}
    schema_file: str | None = None
    split: Split = Split()
    rows_per_shard: Positive = 250_000

    @model_validator(mode="after")
    def _label_used_once(self) -> Data:
        if self.label in self.exclude:
            raise ValueError(f"the label {self.label!r} is in exclude; take it out of there")
        if self.label in self.features:
            raise ValueError(f"the label {self.label!r} is listed in features; take it out of there")
        return self

    @property
    def unnamed(self) -> frozenset[str]:
        """Columns whose values no message, page or kept schema names: what says whom or which row it is, and what is left out."""
        return frozenset(n for n in (self.split.group_by, self.entity, self.id, *self.exclude) if n)

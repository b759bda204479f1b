"""What a run will read and how, settled before the graph is built: files, columns, types, split bounds. For the inputs see `contract`.

The plan travels into the `ingest` node as a parameter, with the SHA-256 of every input file, so TFX's cache rests on content.
A survey (one streamed pass over the data) happens only when something is not known yet: types without a schema, split bounds on
a first run, times with `by_time`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from components import fingerprints, image_files, sources, spans, splits
from components.frozen import HeldFile
from components.kinds import picture_paths, timestamps
from schemas.config import ConfigError, PipelineConfig
from schemas.features import NO_CLASS, ColumnType, label_text
from schemas.run_record import DataFile

Floats = npt.NDArray[np.float64]


class IngestPlan(BaseModel):
    """Everything `ingest` depends on. Equal plans give equal bytes.

    `pictures` are the inputs that are pictures, as bytes or as paths of files; `listed` are manifests with the digests of such files.
    `amounts` says that the label is an amount and not a class.
    `held` are fingerprints of rows that are in test whatever `bounds` say, because an earlier run held them out. `left_out` has, for the
    index of a file, the numbers of rows that only test may hold.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    form: str
    files: tuple[DataFile, ...]
    types: dict[str, ColumnType]
    label: str
    group_by: str | None
    by_time: str | None
    seed: int
    bounds: splits.SplitBounds
    rows_per_shard: int
    inputs: tuple[str, ...] = ()
    pictures: tuple[str, ...] = ()
    listed: tuple[DataFile, ...] = ()
    id: str | None = None
    entity: str | None = None
    time: str | None = None
    sample_weight: str | None = None
    amounts: bool = False
    serving: tuple[DataFile, ...] = ()
    serving_form: str = ""
    serving_sample: int = 0
    held: tuple[HeldFile, ...] = ()
    left_out: dict[int, tuple[int, ...]] = {}

    @property
    def window(self) -> list[int]:
        """Spans, oldest first."""
        return sorted({f.span for f in self.files})


def find_files(config: PipelineConfig, base: Path, span: int | None, root: Path) -> list[DataFile]:
    """The input files of a run with their digests, oldest span first; of images, a manifest per span (below `root`).

    Raises:
        ConfigError: when no file matches.
        DataBlocked: when a file cannot be read.
    """
    pattern = config.data.source.pattern
    window = spans.pick_window(spans.find_spans(pattern, base), config.data.window, span, pattern)
    files = []
    for number, paths in window.items():
        if config.data.source.format == "images":
            files.append(image_files.write_manifest(paths, pattern, base, config.data.label, number, root))
            continue
        for path in paths:
            try:
                files.append(spans.digest_file(path, number))
            except OSError as error:
                raise sources.unreadable(path, error) from None
    return files


def find_serving(config: PipelineConfig, base: Path, span: int) -> tuple[list[DataFile], str]:
    """The files of `data.serving`: of the run's span where the path has spans, else all of them; and their format.

    Raises:
        ConfigError: when no file matches.
    """
    source = config.data.serving
    if source is None:
        return [], ""
    there = spans.find_spans(source.pattern, base)
    if not there:
        raise ConfigError([f"data.serving: no file matches {source.pattern!r}. Check the path, or take it out."])
    spanned = "{SPAN}" in source.pattern or "{YYYY}" in source.pattern
    newest = max((n for n in there if n <= span), default=min(there)) if spanned else max(there)
    return [spans.digest_file(path, newest) for path in there[newest]], source.format


def common_columns(files: list[DataFile], form: str) -> list[str]:
    """The columns that all files have.

    Raises:
        DataBlocked: when two files differ in their columns; the order does not matter.
    """
    first = sources.column_names(files[0].path, form)
    for file in files[1:]:
        names = sources.column_names(file.path, form)
        if form != "tfrecord" and set(names) != set(first):
            lost, new = sorted(set(first) - set(names)), sorted(set(names) - set(first))
            said = [f"lacks {', '.join(map(repr, lost))}"] * bool(lost) + [
                f"has in addition {', '.join(map(repr, new))}"
            ] * bool(new)
            raise sources.problem(
                "header_mismatch",
                file.path,
                f"compared with {Path(files[0].path).parent.name}/{Path(files[0].path).name} it {' and '.join(said)}.",
                "Deliver all files of a window with the same columns.",
            )
        first = first if form != "tfrecord" else list(dict.fromkeys(first + names))
    return first


def survey_types(files: list[DataFile], form: str) -> dict[str, ColumnType | None]:
    """Narrowest type of each column over all rows; None for a column without any value."""
    types: dict[str, ColumnType | None] = {}
    for file in files:
        for batch in sources.read_raw(file.path, form):
            for name, column in zip(batch.schema.names, batch.columns, strict=True):
                types[name] = sources.infer_type(column, types.get(name))
    return types


def read_rows(file: DataFile, plan: IngestPlan) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The typed rows of a file in batches, pictures as bytes, each with the number of its first row in the file, from 1.

    Raises:
        DataBlocked: as `sources.read_raw` and `sources.typed`.
    """
    row = 1
    for raw in sources.read_raw(file.path, plan.form):
        batch = sources.typed(sources.complete(raw, plan.types), plan.types, file.path, row)
        for part in picture_paths.with_pictures(raw, batch, plan.pictures, file.path, plan.form):
            yield row, part
            row += part.num_rows


def positions(batch: pa.RecordBatch, plan: IngestPlan) -> tuple[fingerprints.U64, fingerprints.U64, Floats]:
    """Row fingerprints (high, low), and what the split is decided by: u in [0, 1), or the time."""
    columns = list(zip(batch.schema.names, batch.columns, strict=True))
    high, low = fingerprints.row_fingerprints(columns)
    if plan.by_time:
        return high, low, times_of(batch.column(batch.schema.get_field_index(plan.by_time)))
    if plan.group_by:
        group, _ = fingerprints.row_fingerprints([c for c in columns if c[0] == plan.group_by])
        return high, low, fingerprints.unit_interval(group, plan.seed)
    return high, low, fingerprints.unit_interval(high, plan.seed)


def times_of(column: pa.Array) -> Floats:
    """Times as float64 [n], NaN where missing: numbers as they are, ISO 8601 texts as seconds since 1970 (UTC)."""
    if pa.types.is_binary(column.type):
        try:
            column = column.cast(pa.string()).cast(pa.timestamp("s")).cast(pa.int64())
        except pa.ArrowException:
            # Arrow knows no fractions of seconds here, and not both times with and without an offset.
            return np.array([np.nan if v is None else timestamps.seconds_of(v) for v in column.to_pylist()], np.float64)
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)


def row_keys(batch: pa.RecordBatch, plan: IngestPlan) -> dict[str, pa.Array]:
    """Fingerprints that checks compare rows by, beside the rows' own: see `components.samples.RowKeys`."""
    columns = dict(zip(batch.schema.names, batch.columns, strict=True))

    def of(names: Iterable[str]) -> pa.Array:
        chosen = [(n, columns[n]) for n in names if n in columns]
        return pa.array(fingerprints.row_fingerprints(chosen or [("", pa.nulls(batch.num_rows, pa.int64()))])[0])

    keys = {"inputs": of(plan.inputs), "label": of([plan.label])}
    group = plan.group_by if plan.group_by != plan.entity else None
    keys |= {k: of([n]) for k, n in (("id", plan.id), ("entity", plan.entity), ("group", group)) if n}
    return keys | ({"time": pa.array(times_of(columns[plan.time]))} if plan.time else {})


def row_labels(batch: pa.RecordBatch, plan: IngestPlan) -> list[str]:
    """Label value of each row, in its one spelling; `NO_CLASS` where it is an amount. The column has no nulls."""
    if plan.amounts:
        return [NO_CLASS] * batch.num_rows
    return [label_text(v) for v in batch.column(batch.schema.get_field_index(plan.label)).to_pylist()]


def labelled(batch: pa.RecordBatch, label: str) -> pa.RecordBatch:
    """Only the rows that have a label."""
    return batch.filter(batch.column(batch.schema.get_field_index(label)).is_valid())


def refuse_weights(rows: pa.RecordBatch, numbers: npt.NDArray[np.int64], plan: IngestPlan, path: str) -> None:
    """Every row with a label needs a weight that is a finite number of at least 0, where a column has the weights of rows.

    Args:
        rows: those with a label.
        numbers: their numbers in the file, int64 [n].

    Raises:
        DataBlocked: with the first row of the batch and how many there are.
    """
    if plan.sample_weight is None:
        return
    column = rows.column(rows.schema.get_field_index(plan.sample_weight))
    values = np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
    wrong = np.flatnonzero(~(np.isfinite(values) & (values >= 0)))
    if len(wrong):
        first = values[wrong[0]]
        got = "none" if np.isnan(first) else "a negative one" if first < 0 else "an infinite one"
        raise sources.problem(
            "sample_weight",
            path,
            f"column {plan.sample_weight!r} must have a weight of at least 0 in every row with a label; row {numbers[wrong[0]]} has {got} "
            f"(rows like it among the {len(values)} looked at: {len(wrong)}).",
            "Correct the weights, leave the rows out, or take train.sample_weight out of the configuration.",
        )


def refuse_amounts(rows: pa.RecordBatch, numbers: npt.NDArray[np.int64], plan: IngestPlan, path: str) -> None:
    """Every label that is an amount must be a finite number.

    Args:
        rows: those with a label.
        numbers: their numbers in the file, int64 [n].

    Raises:
        DataBlocked: with the first row of the batch and how many there are.
    """
    if not plan.amounts:
        return
    column = rows.column(rows.schema.get_field_index(plan.label))
    wrong = np.flatnonzero(
        ~np.isfinite(np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64))
    )
    if len(wrong):
        raise sources.problem(
            "label_amount",
            path,
            f"column {plan.label!r} must be a finite number in every row with a label; row {numbers[wrong[0]]} has none "
            f"(rows like it among the {rows.num_rows} looked at: {len(wrong)}).",
            "Correct the labels, or leave them empty: rows without a label are not trained on.",
        )


def survey_bounds(plan: IngestPlan, config: PipelineConfig) -> splits.SplitBounds:
    """Bounds of the splits from the data of this run: per label, or in time."""
    found: dict[str, list[Floats]] = {}
    for batch in (b for file in plan.files for _, b in read_rows(file, plan)):
        rows = labelled(batch, plan.label)
        if not rows.num_rows:
            continue
        at = positions(rows, plan)[2]
        names = np.array(row_labels(rows, plan) if not plan.by_time else [""] * rows.num_rows, dtype=object)
        for name in set(names):
            found.setdefault(name, []).append(at[names == name])
    merged = {name: np.concatenate(parts) for name, parts in found.items()}
    if plan.by_time:
        times = merged.get("", np.empty(0))
        times = times[~np.isnan(times)]
        return splits.time_bounds(config.data.split, times) if len(times) else plan.bounds
    return splits.stratified_bounds(config.data.split, merged)

"""Data evidence from examples, and all checks on it. Pure apart from reading files: `inspect_data` is the TFX node around it."""

from __future__ import annotations

import collections
import dataclasses
import os
import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components import examples as example_files
from components import samples
from components.interfaces import Check, DataContext, Facts
from components.samples import U64, RowKeys, Sample
from schemas.evidence import QUANTILES, SPLITS, DataEvidence, FeatureEvidence, SpanEvidence
from schemas.features import label_text
from schemas.findings import Finding, Severity

#: More distinct values than this are not counted one by one: such a column is an identifier, not a category.
MAX_CATEGORIES = 10_000
POOLED = -1
_SPAN = re.compile(r"-span-(\d+)-")


def span_of_file(path: str) -> int:
    """The span in the name of an examples file."""
    match = _SPAN.search(os.path.basename(path))
    if not match:
        raise ValueError(f"{path} is no examples file of ours: its name has no span")
    return int(match.group(1))


def count_file(
    path: str, split: str, label: str, kinds: dict[str, str], keys: str = "", sample: int = 0, sample_path: str = ""
) -> dict[str, Any]:
    """Counts of one examples file, as plain data that `merge_counts` adds up.

    Args:
        kinds: feature -> ``numeric`` or ``categorical``.
        keys: the file with the places of its rows.
        sample: how many of its first rows go into the sample.
        sample_path: where they are written.
    """
    labels: collections.Counter[str] = collections.Counter()
    present = dict.fromkeys(kinds, 0)
    values: dict[str, collections.Counter[str] | None] = {
        n: collections.Counter() for n, k in kinds.items() if k == "categorical"
    }
    missing: dict[str, collections.Counter[str]] = {n: collections.Counter() for n in kinds}
    rows = 0
    sampled: list[pa.RecordBatch] = []
    for records in example_files.read_records(path):
        batch = example_files.decode_flat(records, path)
        if rows < sample:
            sampled.append(batch.slice(0, sample - rows))
        rows += batch.num_rows
        label_column = batch.column(batch.schema.get_field_index(label))
        of_labels = _value_counts(label_column)
        labels.update(of_labels)
        for name in kinds:
            at = batch.schema.get_field_index(name)
            if at < 0:
                missing[name].update(of_labels)
                continue
            column = batch.column(at)
            present[name] += len(column) - column.null_count
            if column.null_count:
                missing[name].update(_value_counts(label_column.filter(column.is_null())))
            values[name] = _add_values(values.get(name), column)
    if sampled:
        write_sample(sampled, label, kinds, split, keys, sample_path)
    return {
        "span": span_of_file(path),
        "split": split,
        "rows": rows,
        "labels": dict(labels),
        "present": present,
        "values": values,
        "missing": missing,
        "sampled": sum(b.num_rows for b in sampled),
    }


def write_sample(
    batches: list[pa.RecordBatch], label: str, kinds: dict[str, str], split: str, keys: str, path: str
) -> None:
    """Writes the first rows of an examples file, with their places, as Parquet."""
    import pyarrow.parquet as pq

    rows = sum(b.num_rows for b in batches)
    places = pq.read_table(keys, columns=["files", "numbers"]).slice(0, rows) if keys else None
    nowhere = np.full(rows, -1, np.int64)
    files, numbers = (places["files"].to_numpy(), places["numbers"].to_numpy()) if places else (nowhere, nowhere)
    number, first, tables = SPLITS.index(split), 0, []
    for batch in batches:
        part = slice(first, first + batch.num_rows)
        wanted = [n for n in batch.schema.names if n in kinds or n == label]
        columns = [batch.column(batch.schema.get_field_index(n)) for n in wanted]
        chosen = with_image_columns(pa.RecordBatch.from_arrays(columns, names=wanted), kinds)
        tables.append(samples.sample_table(chosen, label, number, files[part], numbers[part]))
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


def context_for(name: str, context: DataContext) -> DataContext:
    """What one check sees: only those named ``image_...`` see what was made from images."""
    pictures = tuple(n for n, f in context.current.features.items() if f.kind == "image")
    if not pictures or name.startswith("image_"):
        return context
    return dataclasses.replace(
        context,
        sample=without_images(context.sample, pictures),
        reference_sample=without_images(context.reference_sample, pictures),
        serving=without_images(context.serving, pictures),
    )


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


def _add_values(counter: collections.Counter[str] | None, column: pa.Array) -> collections.Counter[str] | None:
    if counter is None:
        return None
    counter.update(_value_counts(column))
    return counter if len(counter) <= MAX_CATEGORIES else None


def _value_counts(column: pa.Array) -> dict[str, int]:
    """Value, as text -> count of a flat column; nulls are left out."""
    if pa.types.is_floating(column.type):
        values, counts = np.unique(column.drop_null().to_numpy(zero_copy_only=False), return_counts=True)
        return {label_text(float(v)): int(n) for v, n in zip(values, counts, strict=True)}
    counted = pc.value_counts(column.drop_null())
    return {label_text(item["values"]): item["counts"] for item in counted.to_pylist()}


def merge_counts(
    parts: list[dict[str, Any]], label: str, kinds: dict[str, str], unlabelled: dict[str, int]
) -> DataEvidence:
    """Evidence of all spans, oldest first; does not depend on the order of the parts."""
    spans = []
    for span in sorted({p["span"] for p in parts}):
        mine = [p for p in parts if p["span"] == span]
        rows = sum(p["rows"] for p in mine)
        labels: dict[str, collections.Counter[str]] = {}
        for part in mine:
            labels.setdefault(part["split"], collections.Counter()).update(part["labels"])
        features = {name: _feature(name, kind, mine, rows) for name, kind in sorted(kinds.items())}
        spans.append(
            SpanEvidence(
                span=span,
                rows=rows,
                unlabelled=unlabelled.get(str(span), 0),
                labels={s: dict(sorted(c.items())) for s, c in sorted(labels.items())},
                features=features,
                sampled=sum(p["sampled"] for p in mine),
            )
        )
    return DataEvidence(label=label, spans=spans)


def _feature(name: str, kind: str, parts: list[dict[str, Any]], rows: int) -> FeatureEvidence:
    present = sum(p["present"][name] for p in parts)
    counters = [p["values"].get(name) for p in parts]
    values: dict[str, int] | None = None
    if kind == "categorical" and all(c is not None for c in counters):
        total: collections.Counter[str] = collections.Counter()
        for counter in counters:
            total.update(counter)
        values = dict(sorted(total.items())) if len(total) <= MAX_CATEGORIES else None
    missing: collections.Counter[str] = collections.Counter()
    for part in parts:
        missing.update(part["missing"][name])
    by_label = dict(sorted(missing.items()))
    return FeatureEvidence(kind=kind, present=present, missing=rows - present, values=values, missing_by_label=by_label)


def with_quantiles(span: SpanEvidence, sample: Sample | None) -> SpanEvidence:
    """The span with the quantiles of its numeric features, from its sample."""
    features = dict(span.features)
    for name, values in sample.numeric.items() if sample else ():
        there = values[np.isfinite(values)]
        if name in features and len(there):
            found = np.quantile(there, QUANTILES).tolist()
            features[name] = features[name].model_copy(update={"quantiles": found})
    return span.model_copy(update={"features": features})


def _summed(counts: list[dict[str, int]]) -> dict[str, int]:
    total: collections.Counter[str] = collections.Counter()
    for part in counts:
        total.update(part)
    return dict(sorted(total.items()))


def pool(spans: list[SpanEvidence]) -> SpanEvidence:
    """Several spans taken as one; its span number is -1."""
    labels: dict[str, collections.Counter[str]] = {}
    for s in spans:
        for split, counts in s.labels.items():
            labels.setdefault(split, collections.Counter()).update(counts)
    features = {}
    for name in sorted({n for s in spans for n in s.features}):
        mine = [s.features[name] for s in spans if name in s.features]
        counters = [f.values for f in mine]
        total: collections.Counter[str] = collections.Counter()
        for counter in counters:
            total.update(counter or {})
        features[name] = FeatureEvidence(
            kind=mine[0].kind,
            present=sum(f.present for f in mine),
            missing=sum(f.missing for f in mine),
            values=None if any(c is None for c in counters) else dict(sorted(total.items())),
            missing_by_label=_summed([f.missing_by_label for f in mine]),
        )
    return SpanEvidence(
        span=POOLED,
        rows=sum(s.rows for s in spans),
        unlabelled=sum(s.unlabelled for s in spans),
        labels={s: dict(sorted(c.items())) for s, c in sorted(labels.items())},
        features=features,
        sampled=sum(s.sampled for s in spans),
    )


@dataclass(frozen=True)
class Accepted:
    """What the newest accepted span left: its evidence, sample, sorted row fingerprints, and the statistics of all spans before."""

    span: SpanEvidence
    sample: Sample | None = None
    keys: U64 | None = None
    history: dict[str, dict[str, list[float]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """What was read in this run: evidence and samples of all spans of the window, and the keys of their rows."""

    window: DataEvidence
    samples: dict[int, Sample] = field(default_factory=dict)
    keys: RowKeys | None = None
    serving: Sample | None = None


def contexts(
    seen: Seen, accepted: Accepted | None, class_weights: bool, facts: Facts | None = None
) -> list[DataContext]:
    """What to check: every span that no earlier run has accepted, each against the newest accepted span before it.

    On a first run that is the newest span against the rest of the window taken together. A span that was blocked before and is still
    in the window is examined again with the next one.
    """
    window, facts = seen.window, facts or Facts()
    if accepted is None:
        earlier = window.spans[:-1]
        before = [seen.samples[s.span] for s in earlier if s.span in seen.samples]
        old = (
            Accepted(pool(earlier), samples.join(before), _rows_of(seen.keys, {s.span for s in earlier}))
            if earlier
            else None
        )
        fresh = [len(window.spans) - 1]
    else:
        old = accepted
        fresh = [i for i, s in enumerate(window.spans) if s.span > old.span.span] or [len(window.spans) - 1]
    return [_context(seen, i, old, class_weights, facts) for i in fresh]


def _context(seen: Seen, i: int, old: Accepted | None, class_weights: bool, facts: Facts) -> DataContext:
    spans = seen.window.spans[: i + 1]
    numbers = [s.span for s in spans]
    return DataContext(
        window=DataEvidence(label=seen.window.label, spans=spans),
        reference=old.span if old else None,
        class_weights=class_weights,
        sample=seen.samples.get(numbers[-1]),
        reference_sample=old.sample if old else None,
        keys=seen.keys.take(np.isin(seen.keys.span, numbers)) if seen.keys is not None else None,
        reference_keys=old.keys if old else None,
        serving=seen.serving,
        history=old.history if old else {},
        facts=facts,
    )


def _rows_of(keys: RowKeys | None, spans: set[int]) -> U64 | None:
    return None if keys is None else np.unique(keys.row[np.isin(keys.span, list(spans))])


def statistics_of(findings: list[Finding], span: int) -> dict[str, dict[str, float]]:
    """Code -> subject -> the largest statistic that the findings about a span have."""
    out: dict[str, dict[str, float]] = {}
    for f in findings:
        if f.span == span and f.statistic is not None:
            into = out.setdefault(f.code, {})
            into[f.subject] = max(f.statistic, into.get(f.subject, f.statistic))
    return out


def run_check(name: str, check: Check, context: DataContext, on_fail: str = "block") -> list[Finding]:
    """Findings of one check; one that crashes is a blocking finding, never a pass and never a crash of the run.

    Args:
        on_fail: ``warn`` turns blocks into warnings; a crash blocks all the same.
    """
    span = context.current.span
    try:
        # Also what a check returns may be no findings.
        found = [f.model_copy(update={"stage": "inspect_data", "span": span}) for f in check.check(context)]
    except Exception as error:
        message = f"{name}: the check itself failed on span {span} ({type(error).__name__}: {error})."
        remedy = f"Report this, or turn the check off with `checks: {{{name}: off}}` until it is mended."
        return [
            Finding(
                code=name,
                severity=Severity.BLOCK,
                subject="check",
                message=message,
                remedy=remedy,
                stage="inspect_data",
                span=span,
            )
        ]
    return [_warned(f, name) if on_fail == "warn" and f.severity is Severity.BLOCK else f for f in found]


def _warned(finding: Finding, name: str) -> Finding:
    message = f"{finding.message} It only warns because of checks.{name}.on_fail."
    return finding.model_copy(update={"severity": Severity.WARN, "message": message})

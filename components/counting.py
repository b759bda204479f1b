"""Data evidence: what examples files hold, counted file by file and added up. Pure apart from reading files."""

from __future__ import annotations

import collections
import os
import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components import examples as example_files
from components.sample_files import sample_of
from components.samples import Floats, Sample
from schemas.evidence import BOX, QUANTILES, SPLITS, DataEvidence, FeatureEvidence, SpanEvidence, SplitFeature
from schemas.features import NO_CLASS, label_text

#: More distinct values than this are not counted one by one: such a column is an identifier, not a category.
MAX_CATEGORIES = 10_000
#: Categories that are counted for each split by itself.
SPLIT_CATEGORIES = 6
POOLED = -1
_SPAN = re.compile(r"-span-(\d+)-")


def span_of_file(path: str) -> int:
    """The span in the name of an examples file."""
    match = _SPAN.search(os.path.basename(path))
    if not match:
        raise ValueError(f"{path} is no examples file of ours: its name has no span")
    return int(match.group(1))


def count_file(path: str, split: str, label: str, kinds: dict[str, str], sample: int = 0) -> dict[str, Any]:
    """Counts of one examples file, as plain data that `merge_counts` adds up, and beside them its first rows.

    Args:
        label: the column of classes; empty where the label is an amount: all rows count as `NO_CLASS`.
        kinds: feature -> ``numeric`` or ``categorical``.
        sample: how many of its first rows go into the sample: ``rows_of_sample``, a table of `sample_of`, None for none.
    """
    labels: collections.Counter[str] = collections.Counter()
    present = dict.fromkeys(kinds, 0)
    values: dict[str, collections.Counter[str] | None] = {
        n: collections.Counter() for n, k in kinds.items() if k == "categorical"
    }
    missing: dict[str, collections.Counter[str]] = {n: collections.Counter() for n in kinds}
    rows = 0
    sampled: list[pa.RecordBatch] = []
    for batch in example_files.read_flat(path):
        if rows < sample:
            sampled.append(batch.slice(0, sample - rows))
        rows += batch.num_rows
        of_labels = _classes(batch, label)
        labels.update(of_labels)
        for name in kinds:
            at = batch.schema.get_field_index(name)
            if at < 0:
                missing[name].update(of_labels)
                continue
            column = batch.column(at)
            present[name] += len(column) - column.null_count
            if column.null_count:
                missing[name].update(_classes(batch.filter(column.is_null()), label))
            values[name] = _add_values(values.get(name), column)
    return {
        "span": span_of_file(path),
        "split": split,
        "rows": rows,
        "labels": dict(labels),
        "present": present,
        "values": values,
        "missing": missing,
        "sampled": sum(b.num_rows for b in sampled),
        "rows_of_sample": sample_of(sampled, label, kinds, split) if sampled else None,
    }


def _classes(batch: pa.RecordBatch, label: str) -> dict[str, int]:
    """Label value -> rows; every row has a label."""
    if not label:
        return {NO_CLASS: batch.num_rows} if batch.num_rows else {}
    return _value_counts(batch.column(batch.schema.get_field_index(label)))


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


def with_splits(span: SpanEvidence, parts: list[dict[str, Any]], sample: Sample | None) -> SpanEvidence:
    """The span with each feature's counts and quantiles in each split.

    Args:
        parts: counts of files by `count_file`, also of other spans.
    """
    mine = [p for p in parts if p["span"] == span.span]
    found: dict[str, FeatureEvidence] = {}
    for name, feature in span.features.items():
        numbers = sample.numeric.get(name) if sample else None
        splits = {}
        for index, split in enumerate(SPLITS):
            of_split = [p for p in mine if p["split"] == split]
            if of_split:
                rows = numbers[sample.splits == index] if sample and numbers is not None else None
                splits[split] = _split_feature(name, feature, of_split, rows)
        found[name] = feature.model_copy(update={"splits": splits})
    return span.model_copy(update={"features": found})


def _split_feature(
    name: str, whole: FeatureEvidence, parts: list[dict[str, Any]], numbers: Floats | None
) -> SplitFeature:
    present = sum(p["present"][name] for p in parts)
    values = None
    if whole.values is not None:
        frequent = sorted(whole.values, key=lambda v: (-(whole.values or {})[v], v))[:SPLIT_CATEGORIES]
        values = {v: sum((p["values"].get(name) or {}).get(v, 0) for p in parts) for v in frequent}
    there = numbers[np.isfinite(numbers)] if numbers is not None else None
    quantiles = np.quantile(there, BOX).tolist() if there is not None and len(there) else None
    missing = sum(p["rows"] for p in parts) - present
    return SplitFeature(present=present, missing=missing, values=values, quantiles=quantiles)


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


def _summed(counts: list[dict[str, int]]) -> dict[str, int]:
    total: collections.Counter[str] = collections.Counter()
    for part in counts:
        total.update(part)
    return dict(sorted(total.items()))

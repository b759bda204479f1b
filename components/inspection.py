"""Data evidence from examples, and all checks on it. Pure apart from reading files: `inspect_data` is the TFX node around it."""

from __future__ import annotations

import collections
import os
import re
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from components import examples as example_files
from components.interfaces import Check, DataContext
from schemas.evidence import DataEvidence, FeatureEvidence, SpanEvidence
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


def count_file(path: str, split: str, label: str, kinds: dict[str, str]) -> dict[str, Any]:
    """Counts of one examples file, as plain data that `merge_counts` adds up.

    Args:
        kinds: feature -> ``numeric`` or ``categorical``.
    """
    labels: collections.Counter[str] = collections.Counter()
    present = dict.fromkeys(kinds, 0)
    values: dict[str, collections.Counter[str] | None] = {
        n: collections.Counter() for n, k in kinds.items() if k == "categorical"
    }
    rows = 0
    for records in example_files.read_records(path):
        batch = example_files.decode_flat(records, path)
        rows += batch.num_rows
        labels.update(_value_counts(batch.column(batch.schema.get_field_index(label))))
        for name in kinds:
            at = batch.schema.get_field_index(name)
            if at < 0:
                continue
            column = batch.column(at)
            present[name] += len(column) - column.null_count
            values[name] = _add_values(values.get(name), column)
    return {
        "span": span_of_file(path),
        "split": split,
        "rows": rows,
        "labels": dict(labels),
        "present": present,
        "values": values,
    }


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
    return FeatureEvidence(kind=kind, present=present, missing=rows - present, values=values)


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
        )
    return SpanEvidence(
        span=POOLED,
        rows=sum(s.rows for s in spans),
        unlabelled=sum(s.unlabelled for s in spans),
        labels={s: dict(sorted(c.items())) for s, c in sorted(labels.items())},
        features=features,
    )


def contexts(window: DataEvidence, accepted: DataEvidence | None, class_weights: bool) -> list[DataContext]:
    """What to check: every span that no earlier run has accepted, each against the newest accepted span before it.

    On a first run that is the newest span against the rest of the window taken together. A span that was blocked before and is still
    in the window is examined again with the next one.
    """
    if accepted is None:
        earlier = window.spans[:-1]
        return [DataContext(window, pool(earlier) if earlier else None, class_weights)]
    reference = accepted.newest
    fresh = [i for i, s in enumerate(window.spans) if s.span > reference.span] or [len(window.spans) - 1]
    return [
        DataContext(DataEvidence(label=window.label, spans=window.spans[: i + 1]), reference, class_weights)
        for i in fresh
    ]


def run_check(name: str, check: Check, context: DataContext) -> list[Finding]:
    """Findings of one check; one that crashes is a blocking finding, never a pass and never a crash of the run."""
    span = context.current.span
    try:
        found = check.check(context)
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
    return [f.model_copy(update={"stage": "inspect_data", "span": span}) for f in found]


def unlabelled_finding(span: SpanEvidence, label: str) -> Finding:
    """Rows without a label are left out of everything; how many there were is told."""
    total = span.rows + span.unlabelled
    share = span.unlabelled / total if total else 0.0
    message = f"{label}: {share:.1%} of rows in span {span.span} have no label ({span.unlabelled} of {total}); they are left out."
    return Finding(
        code="unlabelled_rows",
        severity=Severity.WARN if span.unlabelled else Severity.OK,
        subject=label,
        observed={"rows": span.unlabelled, "share": share},
        allowed={"rows": 0},
        message=message if span.unlabelled else f"{label}: every row in span {span.span} has a label.",
        remedy="Find out why labels are missing: if it depends on the outcome, what is left is biased."
        if span.unlabelled
        else "",
        stage="inspect_data",
        span=span.span,
    )

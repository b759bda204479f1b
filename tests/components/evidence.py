"""Short ways to make evidence for tests of checks and gates."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from components.images import IMAGE_COLUMNS, properties
from components.interfaces import DataContext, Facts
from components.samples import RowKeys, Sample
from schemas.config import METRICS
from schemas.evidence import DataEvidence, FeatureEvidence, MetricValue, ModelEvidence, SliceEvidence, SpanEvidence
from schemas.findings import Finding, Severity

OK, WARN, BLOCK = Severity.OK, Severity.WARN, Severity.BLOCK


def feature(missing: int, rows: int, values: Mapping[str, int] | None = None) -> FeatureEvidence:
    """A feature with so many of its rows missing."""
    kind = "numeric" if values is None else "categorical"
    return FeatureEvidence(
        kind=kind, present=rows - missing, missing=missing, values=None if values is None else dict(values)
    )


def categories(values: Mapping[str, int]) -> FeatureEvidence:
    """A categorical feature without missing values."""
    return feature(0, sum(values.values()), values)


def span(
    number: int,
    rows: int = 1000,
    labels: Mapping[str, int] | None = None,
    features: Mapping[str, FeatureEvidence] | None = None,
) -> SpanEvidence:
    """A span; its labels are split 70/15/15."""
    splits: dict[str, dict[str, int]] = {"train": {}, "eval": {}, "test": {}}
    for label, n in (labels or {}).items():
        held = int(n * 0.15)
        splits["train"][label], splits["eval"][label], splits["test"][label] = n - 2 * held, held, held
    rows = sum(labels.values()) if labels else rows
    return SpanEvidence(span=number, rows=rows, labels=splits, features=dict(features or {}))


def context(current: SpanEvidence, reference: SpanEvidence | None = None, class_weights: bool = True) -> DataContext:
    """What a check sees of one span and its reference, which is in the window."""
    earlier = [reference] if reference is not None and reference.span >= 0 else []
    window = DataEvidence(label="big_tipper", spans=[*earlier, current])
    return DataContext(window=window, reference=reference, class_weights=class_weights)


def split_context(class_weights: bool = True, **splits: dict[str, int]) -> DataContext:
    """One span with these label counts per split."""
    rows = sum(n for counts in splits.values() for n in counts.values())
    evidence = SpanEvidence(span=9, rows=rows, labels=splits, features={})
    window = DataEvidence(label="big_tipper", spans=[evidence])
    return DataContext(window=window, reference=None, class_weights=class_weights)


def worst(findings: list[Finding]) -> Severity:
    """The worst severity of findings."""
    return max((f.severity for f in findings), key=lambda s: s.rank)


def part(
    name: str = "overall",
    rows: int = 2000,
    labels: Mapping[str, int] | None = None,
    difference: tuple[float | None, float | None, float | None] | None = None,
    **metrics: float | None,
) -> SliceEvidence:
    """A slice with these values of the candidate; `difference` is (value, low, high) of every metric."""
    value, low, high = difference or (None, None, None)
    gap = None if difference is None else {m: MetricValue(value=value, low=low, high=high) for m in metrics}
    return SliceEvidence(
        slice=name,
        rows=rows,
        labels=dict(labels or {"0": rows - rows // 4, "1": rows // 4}),
        candidate={m: MetricValue(value=v) for m, v in metrics.items()},
        champion=None if gap is None else {m: MetricValue(value=0.9) for m in metrics},
        difference=gap,
    )


def model(*slices: SliceEvidence, champion: str | None = None) -> ModelEvidence:
    """Evidence with these slices."""
    directions = {m: m not in ("log_loss", "brier", "calibration_error") for m in METRICS}
    return ModelEvidence(slices=list(slices), champion=champion, higher_is_better=directions)


# Rows, time and leakage: duplicates, conflicting_labels, repeated_rows, time_order, split_leakage, trained_test_rows, future_rows
def row_keys(number: int, row: Sequence[int], **columns: Sequence[float]) -> RowKeys:
    """Keys of one span: by default all in train, inputs as the row, one label, numbered from 1 in file 0."""
    n = len(row)
    own = {k: np.asarray(columns[k], np.uint64) for k in ("inputs", "label", "id", "entity") if k in columns}
    return RowKeys(
        **{"inputs": np.asarray(row, np.uint64), "label": np.ones(n, np.uint64), **own},
        span=np.full(n, number, np.int64),
        split=np.asarray(columns.get("split", np.zeros(n)), np.int8),
        row=np.asarray(row, np.uint64),
        time=np.asarray(columns["time"], np.float64) if "time" in columns else None,
        files=np.zeros(n, np.int64),
        numbers=np.arange(1, n + 1, dtype=np.int64),
    )


def row_context(
    now: RowKeys,
    then: RowKeys | None = None,
    history: Mapping[str, Mapping[str, Sequence[float]]] | None = None,
    **facts: Any,
) -> DataContext:
    """Span 9 with these keys, and span 8 as reference, in the window."""
    columns = [f.name for f in dataclasses.fields(RowKeys) if f.name != "share"]
    parts = [k for k in (then, now) if k is not None]
    joined = {
        c: None
        if getattr(now, c) is None
        else np.concatenate([getattr(k, c) for k in parts if getattr(k, c) is not None])
        for c in columns
    }
    seen = context(span(9, len(now)), None if then is None else span(8, len(then)))
    return dataclasses.replace(
        seen,
        keys=RowKeys(**joined),
        reference_keys=None if then is None else np.unique(then.row),
        history=history or {},
        facts=Facts(**{"files": ("span-9/rows.csv",), **facts}),
    )


# Images: image_files, image_duplicates, image_drift, image_orientation
def image_sample(
    images: Sequence[bytes | Mapping[str, float | str | None]],
    labels: Sequence[str] | None = None,
    splits: Sequence[int] | None = None,
) -> Sample:
    """A sample with the image feature ``image`` of these files (or of their properties), in train unless told, numbered from 1."""
    found = [properties(i) if isinstance(i, bytes) else i for i in images]
    n = len(found)
    return Sample(
        of=n,
        labels=np.array(labels if labels is not None else [""] * n, object),
        splits=np.array(splits if splits is not None else [0] * n, np.int8),
        numeric={
            f"image.{s}": np.array([p[s] for p in found], float) for s, k in IMAGE_COLUMNS.items() if k == "numeric"
        },
        categorical={
            f"image.{s}": np.array([p[s] for p in found], object) for s, k in IMAGE_COLUMNS.items() if k != "numeric"
        },
        files=np.zeros(n, np.int64),
        rows=np.arange(1, n + 1, dtype=np.int64),
    )


def image_context(now: Sample | None, then: Sample | None = None, **facts: Any) -> DataContext:
    """Span 9 with this sample, and span 8 as reference."""
    seen = context(span(9), None if then is None else span(8))
    return dataclasses.replace(
        seen, sample=now, reference_sample=then, facts=Facts(**{"files": ("span-9/images",), **facts})
    )


# Drift: numeric_drift, category_drift, domain_drift, serving_skew
def sample_of(
    labels: Sequence[Any], numeric: Mapping[str, Any] | None = None, categorical: Mapping[str, Any] | None = None
) -> Sample:
    """A sample with these columns; of every 20 rows, 14 are in train, 3 in eval and 3 in test."""
    n = len(labels)
    return Sample(
        of=n,
        labels=np.array(labels, object),
        splits=np.repeat([0, 1, 2], [14, 3, 3])[np.arange(n) % 20].astype(np.int8),
        numeric={k: np.asarray(v, np.float64) for k, v in (numeric or {}).items()},
        categorical={k: np.array(v, object) for k, v in (categorical or {}).items()},
        files=np.zeros(n, np.int64),
        rows=np.arange(1, n + 1, dtype=np.int64),
    )


def drift_context(now: Sample | None, then: Sample | None, serving: Sample | None = None, **facts: Any) -> DataContext:
    """Span 9 with one sample, and span 8 with the other as its reference."""
    seen = context(span(9), None if then is None else span(8))
    return dataclasses.replace(
        seen, sample=now, reference_sample=then, serving=serving, facts=Facts(**{"files": ("span-9/a.csv",), **facts})
    )


def drift_sample(seed: int, rows: int, positives: float = 0.3, shift: float = 0.0) -> Sample:
    """Features that depend on the label and on each other, with ties, heavy tails and missing values; `shift` (in SD) moves ``fare``."""
    random = np.random.default_rng(seed)
    label = random.random(rows) < positives
    fare, other, miles = (random.normal(size=rows) for _ in range(3))
    numeric = {
        "fare": fare + shift,
        "fare_too": 0.8 * fare + 0.6 * other,
        "miles": miles + 1.2 * label,
        "tail": random.standard_cauchy(rows),
        "zeros": np.where(random.random(rows) < 0.6 - 0.3 * label, 0.0, random.exponential(size=rows)),
        "few": random.integers(0, 4, rows).astype(float),
        "gaps": np.where(random.random(rows) < 0.3 - 0.2 * label, np.nan, random.normal(size=rows)),
    }
    pay = np.where(random.random(rows) < 0.3 + 0.5 * label, "card", "cash")
    names = np.array([*(f"v{i}" for i in range(30)), None], object)
    categorical = {"pay": pay, "company": names[np.minimum(random.geometric(0.2, rows) - 1, 30)]}
    return sample_of(np.where(label, "1", "0"), numeric, categorical)


def losing(sample: Sample, name: str, share: float, label: str | None = None) -> Sample:
    """The sample with a share of one feature's values lost at random, in one class only if it is named."""
    at = np.random.default_rng(3).random(len(sample)) < share
    at &= True if label is None else sample.labels == label
    numeric = {n: np.where(at, np.nan, v) if n == name else v for n, v in sample.numeric.items()}
    categorical = {n: np.where(at, None, v) if n == name else v for n, v in sample.categorical.items()}
    return dataclasses.replace(sample, numeric=numeric, categorical=categorical)


#: (share of values lost, in which class) that drift checks must leave to the checks of missing values.
LOSSES = [(0.2, None), (0.4, None), (1.0, None), (0.6, "1"), (1.0, "1"), (0.3, "0")]

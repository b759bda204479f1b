"""Short ways to make evidence for tests of checks and gates."""

from __future__ import annotations

from collections.abc import Mapping

from components.interfaces import DataContext
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
    return ModelEvidence(slices=list(slices), champion=champion, higher_is_better={m: m != "log_loss" for m in METRICS})

"""What all gates share: which slices can be judged, and words for numbers."""

from __future__ import annotations

import math

from schemas.evidence import OVERALL, MetricValue, SliceEvidence
from schemas.findings import Finding, Number, Severity

#: Message and remedy when there is nothing to judge: never a pass.
NO_EVIDENCE = (
    "The evaluation holds no metrics over all test rows, so nothing can be judged.",
    "Look at the evaluator's log, and make sure that the test split has rows.",
)


def known(value: float | None) -> float | None:
    """The number, or None when it is undefined: NaN and infinities never pass a gate."""
    return value if value is not None and math.isfinite(value) else None


def why_unjudged(part: SliceEvidence, classes: int, min_rows: int) -> str:
    """Why a slice cannot be judged by itself: too few rows, or classes missing. Empty when it can, or is `overall`."""
    if part.slice == OVERALL:
        return ""
    if part.rows < min_rows:
        return f"too few rows to judge ({part.rows}; {min_rows} are needed)"
    if sum(1 for n in part.labels.values() if n) < classes:
        return "not every class has rows there, so it is not judged"
    return ""


def classes_of(overall: SliceEvidence) -> int:
    """Number of classes with rows in the test split."""
    return sum(1 for n in overall.labels.values() if n)


def on(part: SliceEvidence) -> str:
    """Which rows a number is about, in words."""
    return f"all {part.rows} test rows" if part.slice == OVERALL else f"{part.slice} ({part.rows} test rows)"


def with_interval(value: MetricValue) -> str:
    """A metric in words, with its 95 % interval if it has one."""
    low, high = known(value.low), known(value.high)
    interval = f" (95 % interval {low:.4f} to {high:.4f})" if low is not None and high is not None else ""
    return f"{value.value:.4f}{interval}"


def report(
    code: str,
    subject: str,
    level: Severity,
    observed: dict[str, Number | None],
    allowed: dict[str, Number],
    text: str,
    remedy: str,
) -> Finding:
    """A finding; a pass has no remedy."""
    return Finding(
        code=code,
        severity=level,
        subject=subject,
        observed={**observed},
        allowed={**allowed},
        message=text,
        remedy=remedy if level.rank else "",
    )

"""What all gates share: which slices can be judged, what an interval says, and words for numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping

from components.amounts import IN_UNITS
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


def outcome(low: float, high: float, tolerance: float) -> str:
    """What the interval of a gain says: ``worse`` or ``better`` when it does not hold 0, else ``same`` when it lies within the tolerance on
    either side of 0, else ``cannot tell``."""
    if high < 0 or low > 0:
        return "worse" if high < 0 else "better"
    return "same" if -tolerance <= low and high <= tolerance else "cannot tell"


def change(gain: float, low: float, high: float, tolerance: float) -> tuple[Severity, str, str]:
    """Severity, outcome, and words for a gain against the champion with its interval.

    It blocks when the whole interval is a loss beyond the tolerance, and warns when only the gain itself is.
    """
    seen, allowed = outcome(low, high, tolerance), f"the tolerance is {tolerance:g}"
    if high < -tolerance:
        return Severity.BLOCK, seen, f"it is worse, {allowed}"
    if gain < -tolerance:
        words = "it is worse, but maybe by less than matters" if seen == "worse" else "it may be worse: cannot tell"
        return Severity.WARN, seen, f"{words}, {allowed}"
    words = {
        "better": "it is better",
        "worse": f"it is slightly worse, {allowed}",
        "same": f"it is the same within noise, {allowed}",
        "cannot tell": f"better or worse, cannot tell, {allowed}",
    }[seen]
    return Severity.OK, seen, words


def numbers(got: MetricValue | None) -> dict[str, Number | str | None]:
    """A metric's value and interval as they are observed; None where they are not known."""
    return {k: known(v) for k, v in (got or MetricValue(value=None)).model_dump().items()}


def gained(got: MetricValue | None, higher: bool | None) -> tuple[float, float, float] | None:
    """By how much the candidate is better, with the ends of the interval; None when a number or the direction is unknown."""
    ends = [known(v) for v in (got.value, got.low, got.high)] if got else []
    defined = [v if higher else -v for v in ends if v is not None]
    if len(defined) < 3 or higher is None:
        return None
    return defined[0], min(defined[1:]), max(defined[1:])


def allowance(part: SliceEvidence, metric: str, tolerance: float) -> float:
    """A tolerance as a change of the metric; of metrics in the unit of the label it is a share of the champion's value."""
    got = (part.champion or {}).get(metric)
    value = known(got.value) if got and metric in IN_UNITS else None
    return tolerance if value is None else tolerance * abs(value)


def both(part: SliceEvidence, metric: str) -> str:
    """The values of both models in words; empty when one is unknown."""
    pair = [models[metric].value for models in (part.candidate, part.champion or {}) if metric in models]
    values = [v for v in pair if v is not None]
    return f"candidate {values[0]:.4f}, champion {values[1]:.4f}; " if len(values) == 2 else ""


def report(
    code: str,
    subject: str,
    level: Severity,
    observed: Mapping[str, Number | str | None],
    allowed: Mapping[str, Number],
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

"""What all checks share: words for shares and spans, and the comparison with a limit."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from components.interfaces import DataContext
from schemas.evidence import SpanEvidence
from schemas.findings import Finding, Number, Severity

Numbers = Mapping[str, Number | str | None]

#: Below this, a difference from a limit is rounding of binary fractions (0.15 - 0.10 is not exactly 0.05).
ROUNDING = 1e-9

#: From this many accepted spans on, limits adapt to their ups and downs.
HISTORY = 8

#: `SpanEvidence.span` of the pooled earlier spans, the reference of a first run.
POOLED = -1


def above(value: float, limit: float | None) -> bool:
    """Whether a value is beyond its limit; never when the limit is off."""
    return limit is not None and value > limit + ROUNDING


def severity(blocks: bool, warns: bool) -> Severity:
    """The severity for the two answers."""
    return Severity.BLOCK if blocks else Severity.WARN if warns else Severity.OK


def judged(value: float, warn: float | None, block: float | None, noise: float, sure: float) -> tuple[Severity, float]:
    """Severity of a value that must exceed a limit and what chance explains, and the limit it exceeded (0 when it passes).

    What exceeds the limit of `block`, but not for sure, still warns.

    Args:
        noise: what chance exceeds at the rate of warnings.
        sure: the same at the rate of blocks.
    """
    if above(value, block) and above(value, sure):
        return Severity.BLOCK, block or 0.0
    beyond = [limit for limit in (warn, block) if limit is not None and above(value, limit)]
    return (Severity.WARN, beyond[0]) if beyond and above(value, noise) else (Severity.OK, 0.0)


def percent(share: float) -> str:
    """A share in per cent: one decimal, more for very small ones, so that a few rows never read as none."""
    value = 100 * share
    return f"{value:.2g} %" if 0 < abs(value) < 0.05 else f"{value:.1f} %"


def name_of(span: SpanEvidence) -> str:
    """A span in words."""
    return "the earlier spans" if span.span == POOLED else f"span {span.span}"


def bounds(check: Any, **more: float) -> Numbers:
    """All limits of a check by name, ``warn_share`` and so on, for `Finding.allowed`."""
    levels = {"warn": asdict(check.warn), "block": asdict(check.block)}
    return {f"{level}_{name}": value for level, limits in levels.items() for name, value in limits.items()} | more


def report(
    context: DataContext,
    code: str,
    subject: str,
    level: Severity,
    observed: Numbers,
    allowed: Numbers,
    text: str,
    remedy: str,
    *,
    statistic: float | None = None,
    rows: Sequence[str] = (),
) -> Finding:
    """A finding about the current span; a pass has no remedy and names no rows."""
    return Finding(
        code=code,
        severity=level,
        subject=subject,
        observed=dict(observed),
        allowed=dict(allowed),
        message=text,
        remedy=remedy if level.rank else "",
        span=context.current.span,
        statistic=statistic,
        rows=tuple(rows) if level.rank else (),
    )


def places(context: DataContext, files: Iterable[int], numbers: Iterable[int]) -> list[str]:
    """Rows by file and row number, up to the limit of the configuration, in their order there."""
    facts = context.facts
    pairs = sorted({(int(f), int(n)) for f, n in zip(files, numbers, strict=True) if 0 <= f < len(facts.files)})
    return [facts.place(f, n) for f, n in pairs[: facts.rows_named]]


def adapted(
    context: DataContext, code: str, subject: str, limit: float | None, widest: float = math.inf
) -> float | None:
    """A limit of `warn`, adapted to the ups and downs of the accepted spans before.

    With 8 or more of them it becomes mean + 3 standard deviations of their statistics, but not less than half the
    configured limit: a feature that never moves is watched more closely, one that always moves a little is left alone.

    Args:
        limit: the configured limit; None (off) stays off.
        widest: no more than this, usually the limit of `block`.
    """
    past = [v for v in context.history.get(code, {}).get(subject, ()) if math.isfinite(v)]
    if limit is None or len(past) < HISTORY:
        return limit
    usual = statistics.fmean(past) + 3 * statistics.stdev(past)
    return min(max(usual, limit / 2), max(widest, limit))


def nothing_to_compare(code: str, context: DataContext, why: str) -> Finding:
    """The pass of a comparison that had nothing to compare."""
    return report(context, code, "data", Severity.OK, {}, {}, f"{code}: nothing to compare with yet: {why}.", "")


def why_no_reference(context: DataContext) -> str:
    """Why a comparison has nothing to compare, in words."""
    if context.reference is None:
        return f"span {context.current.span} is the first one"
    return f"{name_of(context.reference)} and span {context.current.span} share nothing that can be compared"

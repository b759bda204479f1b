"""What all checks share: words for shares and spans, and the comparison with a limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from components.interfaces import DataContext
from schemas.evidence import SpanEvidence
from schemas.findings import Finding, Number, Severity

Numbers = Mapping[str, Number | str | None]

#: Below this, a difference from a limit is rounding of binary fractions (0.15 - 0.10 is not exactly 0.05).
ROUNDING = 1e-9

#: `SpanEvidence.span` of the pooled earlier spans, the reference of a first run.
POOLED = -1


def above(value: float, limit: float | None) -> bool:
    """Whether a value is beyond its limit; never when the limit is off."""
    return limit is not None and value > limit + ROUNDING


def severity(blocks: bool, warns: bool) -> Severity:
    """The severity for the two answers."""
    return Severity.BLOCK if blocks else Severity.WARN if warns else Severity.OK


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
) -> Finding:
    """A finding about the current span; a pass has no remedy."""
    return Finding(
        code=code,
        severity=level,
        subject=subject,
        observed=dict(observed),
        allowed=dict(allowed),
        message=text,
        remedy=remedy if level.rank else "",
        span=context.current.span,
    )


def nothing_to_compare(code: str, context: DataContext, why: str) -> Finding:
    """The pass of a comparison that had nothing to compare."""
    return report(context, code, "data", Severity.OK, {}, {}, f"{code}: nothing to compare with yet: {why}.", "")


def why_no_reference(context: DataContext) -> str:
    """Why a comparison has nothing to compare, in words."""
    if context.reference is None:
        return f"span {context.current.span} is the first one"
    return f"{name_of(context.reference)} and span {context.current.span} share nothing that can be compared"

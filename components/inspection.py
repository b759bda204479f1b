"""What is to be checked against what, and every check on it. Pure: `inspect_data` is the TFX node around it."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field

import numpy as np

from components import samples
from components.counting import pool
from components.interfaces import Check, ClassWeights, DataContext, Facts
from components.sample_files import without_images
from components.samples import U64, RowKeys, Sample
from schemas.evidence import DataEvidence, SpanEvidence
from schemas.features import order_labels
from schemas.findings import LET_THROUGH, Finding, Severity

#: A value as checks quote it: by `repr`.
_QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*\"""")


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


def context_for(name: str, check: Check, context: DataContext) -> DataContext:
    """What one check sees: only those named ``image_...`` see what was made from images, and see `Check.independent`."""
    pictures = tuple(n for n, f in context.current.features.items() if f.kind == "image")
    hidden = () if name.startswith("image_") else pictures

    def seen(sample: Sample | None) -> Sample | None:
        chosen = sample.one_each() if sample is not None and check.independent else sample
        return without_images(chosen, hidden) if hidden else chosen

    return dataclasses.replace(
        context,
        sample=seen(context.sample),
        reference_sample=seen(context.reference_sample),
        serving=seen(context.serving),
    )


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
        found = [
            _unquoted(f, context.facts).model_copy(update={"stage": "inspect_data", "span": span})
            for f in check.check(context)
        ]
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


def _unquoted(finding: Finding, facts: Facts) -> Finding:
    """The finding without the values that it quotes, where it is about a column whose values are nobody's business."""
    if finding.subject not in facts.unnamed:
        return finding
    return finding.model_copy(update={"message": _QUOTED.sub("(a value)", finding.message)})


def apply_accepted(findings: list[Finding], accept: dict[str, str]) -> list[Finding]:
    """Blocking findings that were accepted become warnings that say so.

    Args:
        accept: code, or ``code:subject`` -> reason.
    """
    out = []
    for finding in findings:
        reason = accept.get(f"{finding.code}:{finding.subject}", accept.get(finding.code))
        if finding.severity is Severity.BLOCK and reason is not None:
            message = f"{finding.message} {LET_THROUGH} {reason}"
            finding = finding.model_copy(update={"severity": Severity.WARN, "message": message})
        out.append(finding)
    return out


def unfit_weights(rule: ClassWeights, window: DataEvidence) -> list[Finding]:
    """A blocking finding when a rule has no weight for a class of train; training would find that out only after Transform.

    A class without rows in train is for `class_balance` to report.
    """
    counts = {label: n for label, n in window.labels.get("train", {}).items() if n}
    try:
        rule.weights(counts)
    except ValueError as error:
        classes = ", ".join(repr(label) for label in order_labels(set(counts)))
        return [
            Finding(
                code="class_weights",
                severity=Severity.BLOCK,
                subject=window.label,
                observed={"classes": classes},
                message=f"{window.label}: {error}.",
                remedy=f"Correct train.class_weights: the classes of train are {classes or 'none'}.",
                stage="inspect_data",
                span=window.newest.span,
            )
        ]
    return []


def _warned(finding: Finding, name: str) -> Finding:
    message = f"{finding.message} It only warns because of checks.{name}.on_fail."
    return finding.model_copy(update={"severity": Severity.WARN, "message": message})

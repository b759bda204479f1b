"""Causes that checks have found: their findings become odds and evidence."""

from __future__ import annotations

from collections.abc import Sequence

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.interfaces import Suspicion
from pipeline.wording import clean
from schemas.diagnosis import Evidence, Remedy
from schemas.findings import LET_THROUGH, Finding, Severity

#: A warning is raised for one in 2,000 samples without a fault, a block for one in 20,000. Most that is real does not make a model worse,
#: though: the odds are those of a warning, or a block, that also matters.
ODDS = {Severity.WARN: 5.0, Severity.BLOCK: 40.0}
#: More pieces of evidence than this are not read.
MOST = 4


def odds_of(findings: Sequence[Finding]) -> float:
    """Odds of the worst finding; a second and third one about something else count for a little more.

    A block that was let through is one all the same.
    """
    worst = max(ODDS.get(Severity.BLOCK if LET_THROUGH in f.message else f.severity, 1.0) for f in findings)
    return worst * min(2.0, 1.0 + 0.25 * (len({f.subject for f in findings}) - 1))


def evidence_of(findings: Sequence[Finding]) -> tuple[Evidence, ...]:
    """The findings' own sentences, the first few."""
    return tuple(Evidence(text=f.message, where=f"findings {f.code}", numbers=f.observed) for f in findings[:MOST])


def subjects_of(findings: Sequence[Finding]) -> tuple[str, ...]:
    """What the findings are about, in their order."""
    return tuple(dict.fromkeys(f.subject for f in findings))


def named(subjects: Sequence[str], most: int = 3) -> str:
    """Some names in words."""
    shown = ", ".join(clean(s) for s in subjects[:most])
    return shown + (f" and {len(subjects) - most} more" if len(subjects) > most else "")


def suspect(
    case: Case,
    codes: Sequence[str],
    title: str,
    remedy: str = "",
    *,
    weight: float = 1.0,
    overrides: Sequence[str] = (),
    least: Severity = Severity.WARN,
    but: Sequence[Finding] = (),
) -> Suspicion | None:
    """The suspicion that findings of these codes raise; None without any.

    Args:
        title: with ``{names}`` for the subjects.
        remedy: what to do; that of the worst finding where empty.
        weight: how much more, or less, such findings matter to a model than findings do on average.
        least: findings below this say nothing.
        but: findings that say something else.
    """
    found = [f for f in case.findings(*codes) if f.severity.rank >= least.rank and f not in but]
    if not found:
        return None
    subjects = subjects_of(found)
    return Suspicion(
        odds=weight * odds_of(found),
        title=title.format(names=named(subjects)),
        evidence=evidence_of(found),
        remedy=Remedy(text=remedy or found[0].remedy, overrides=tuple(overrides)),
        subjects=subjects,
    )

"""From suspicions to ranked causes: odds, what explains what, and the probability that nothing is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family, Outcome, RankedCause, Symptom
from schemas.run_record import Status

#: Odds of "nothing is wrong" against a cause with odds of 1, by how the run did. A worse run has a cause, or is one in twenty.
NOTHING = {
    Outcome.WORSE: 2.0,
    Outcome.NOT_TRAINED: 2.0,
    Outcome.CANNOT_TELL: 6.0,
    Outcome.SAME: 15.0,
    Outcome.BETTER: 15.0,
}
#: The same of a run that failed or was stopped: what ended it is in its error, and hardly ever in what the data or the curves show.
ENDED = 200.0
#: A cause of the data where the data are the reference's, and one of training where no setting of it changed.
UNCHANGED_DATA, UNCHANGED_TRAINING = 0.05, 0.4
#: A cause explains another one only where it has at least this part of its odds.
ENOUGH = 0.2


@dataclass(frozen=True)
class Suspect:
    """A suspicion with its cause's code, and its odds in this case."""

    code: str
    cause: Cause
    suspicion: Suspicion
    odds: float


def suspects(case: Case, causes: Mapping[str, Cause]) -> tuple[list[Suspect], list[str]]:
    """All suspicions, most likely first (ties by code), and a sentence for each cause that could not be looked for."""
    found, broken = [], []
    for code, cause in causes.items():
        try:
            suspicion = cause.look(case)
        except Exception as error:  # A record is never lost because its diagnosis stumbles.
            broken.append(f"{code} could not be looked for ({type(error).__name__}: {error}). Report this.")
            continue
        if suspicion is not None:
            found.append(Suspect(code, cause, suspicion, suspicion.odds * _fits(case, cause)))
    return sorted(found, key=lambda s: (-s.odds, s.code)), broken


def _fits(case: Case, cause: Cause) -> float:
    """How well a family of causes fits what changed between the two runs."""
    if case.reference is None:
        return 1.0
    if cause.family is Family.DATA and case.same_data:
        return UNCHANGED_DATA
    if cause.family is Family.TRAINING and not case.change("train"):
        return UNCHANGED_TRAINING
    return 1.0


def rank(case: Case, found: list[Suspect]) -> tuple[tuple[RankedCause, ...], float]:
    """Causes with their scores and symptoms, and the probability of nothing.

    A suspect that a stronger (or hardly weaker) one explains becomes its symptom: it is listed there and lends it nothing but credence.
    Scores are posterior probabilities for "exactly one of these, or nothing", all alike likely before anything was seen.
    """
    heads: list[Suspect] = []
    symptoms: dict[str, list[Suspect]] = {}
    for suspect in found:
        head = next((h for h in _explainers(suspect, found) if h.code not in _below(symptoms)), None)
        if head is None:
            heads.append(suspect)
        else:
            symptoms.setdefault(head.code, []).append(suspect)
    total = {h.code: h.odds + 0.5 * sum(s.odds for s in _all_below(h.code, symptoms)) for h in heads}
    nothing = ENDED if case.run.status in (Status.FAILED, Status.INTERRUPTED) else NOTHING[_outcome(case)]
    whole = nothing + sum(total.values())
    ranked = [_ranked(h, total[h.code] / whole, _all_below(h.code, symptoms)) for h in heads]
    return tuple(sorted(ranked, key=lambda c: (-c.score, c.code))), nothing / whole


def _outcome(case: Case) -> Outcome:
    """That of the comparison; a run that was stopped did worse, and a first one that passed all gates has lost nothing."""
    if case.run.exit_code in (1, 3, 4):
        return Outcome.WORSE
    first = case.reference is None and case.comparison.outcome is Outcome.CANNOT_TELL
    return Outcome.SAME if first else case.comparison.outcome


def _below(symptoms: Mapping[str, list[Suspect]]) -> set[str]:
    return {s.code for below in symptoms.values() for s in below}


def _all_below(code: str, symptoms: Mapping[str, list[Suspect]]) -> list[Suspect]:
    """Symptoms of a cause, and theirs."""
    out: list[Suspect] = []
    for suspect in symptoms.get(code, []):
        out += [suspect, *_all_below(suspect.code, symptoms)]
    return out


def _explainers(suspect: Suspect, found: list[Suspect]) -> list[Suspect]:
    """The suspects that explain this one, most likely first."""
    return [
        other
        for other in found
        if other.code != suspect.code
        and other.odds >= ENOUGH * suspect.odds
        and _explains(other, suspect)
        and not (_explains(suspect, other) and suspect.odds >= other.odds)
    ]


def _explains(one: Suspect, other: Suspect) -> bool:
    names = (*one.cause.explains, *one.suspicion.explains)
    if f"{other.code}*" in names or (other.cause.symptom and not one.cause.symptom):
        return True
    if other.code not in names:
        return False
    mine, theirs = set(one.suspicion.subjects), set(other.suspicion.subjects)
    # What is about the data as a whole, like a classifier's verdict, shares its subject with everything.
    return not mine or not theirs or bool(mine & theirs) or "data" in theirs or one.cause.family is Family.TRAINING


def _ranked(head: Suspect, score: float, below: list[Suspect]) -> RankedCause:
    s = head.suspicion
    return RankedCause(
        code=head.code,
        title=s.title,
        family=head.cause.family,
        score=round(score, 4),
        subjects=s.subjects,
        evidence=s.evidence,
        remedy=s.remedy,
        symptoms=tuple(Symptom(code=b.code, title=b.suspicion.title, evidence=b.suspicion.evidence) for b in below),
    )

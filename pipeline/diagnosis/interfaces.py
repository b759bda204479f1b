"""The interface of a cause. To add one: one file in ``pipeline/diagnosis/causes`` with a class of its name, and one test file."""

from __future__ import annotations

import abc
from dataclasses import dataclass

from pipeline.diagnosis.case import Case
from schemas.diagnosis import Evidence, Family, Remedy


@dataclass(frozen=True)
class Suspicion:
    """A cause that there are reasons for.

    Attributes:
        odds: how many times likelier what was seen is if this cause is at work than if nothing is, above 0. About 3 is a hint, 10 is
            convincing, 100 leaves little doubt.
        title: the cause in words, with what it is about.
        evidence: the reasons, strongest first; at least one.
        remedy: what to do.
        subjects: features, classes or settings it is about.
        explains: what it explains in this case, beside `Cause.explains`.
    """

    odds: float
    title: str
    evidence: tuple[Evidence, ...]
    remedy: Remedy
    subjects: tuple[str, ...] = ()
    explains: tuple[str, ...] = ()


class Cause(abc.ABC):
    """One thing that can be wrong. Reads records, changes nothing, never raises because a record lacks something."""

    #: Where it lies.
    family: Family
    #: Codes of causes that are but symptoms where this one is at work. ``*`` at the end takes all subjects, else only shared ones count.
    explains: tuple[str, ...] = ()
    #: Whether it is only a cause where nothing says why: any other one explains it.
    symptom: bool = False

    @abc.abstractmethod
    def look(self, case: Case) -> Suspicion | None:
        """The suspicion, or None when nothing speaks for it."""

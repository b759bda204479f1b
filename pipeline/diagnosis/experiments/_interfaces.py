"""The interface of an experiment. To add one: one file here with a class of its name in CamelCase, and a test."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.diagnosis.case import Case
from schemas.diagnosis import RankedCause


@dataclass(frozen=True)
class Swap:
    """A retrain with one ingredient swapped.

    Attributes:
        title: what is swapped, in words.
        config: the recipe to train with.
        span: the newest span to train on.
        supports: codes of the causes that it undoes.
        refutes: whether it undoes them in full, so that a metric that stays as it is speaks against them.
        rows_of: codes of the findings whose rows training shall do without; all of them, also those that a record does not name.
    """

    title: str
    config: dict[str, Any]
    span: int | None
    supports: tuple[str, ...]
    refutes: bool = True
    rows_of: tuple[str, ...] = ()


class Experiment(abc.ABC):
    """One ingredient that can be swapped."""

    #: How often it can be made: more than once where each time says something new.
    times: int = 1

    @abc.abstractmethod
    def swap(self, case: Case, causes: Sequence[RankedCause], before: int = 0) -> Swap | None:
        """The retrain to make, or None where it would be the run again or says nothing.

        Args:
            causes: what is suspected.
            before: how often it was made already.
        """

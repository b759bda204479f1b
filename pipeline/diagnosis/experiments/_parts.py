"""What experiments share."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from pipeline.diagnosis.case import Case
from schemas.diagnosis import RankedCause


def with_value(config: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of a recipe with one value replaced."""
    whole = copy.deepcopy(config)
    *parts, last = path.split(".")
    node = whole
    for part in parts:
        if not isinstance(node.get(part), dict):
            node[part] = {}
        node = node[part]
    node[last] = value
    return whole


def codes(causes: Sequence[RankedCause], wanted: Callable[[RankedCause], bool]) -> tuple[str, ...]:
    """Codes of the causes that a rule takes."""
    return tuple(c.code for c in causes if wanted(c))


def recipe(case: Case) -> dict[str, Any]:
    """A copy of the run's recipe."""
    return copy.deepcopy(case.run.config)

"""Missing values made alike on two sides, so that a classifier cannot tell them apart by what is missing."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import numpy.typing as npt

from components import statistics_rules as rules
from components.checks._parts import MOVED, present
from components.samples import Mask, Sample


def alike(
    before: Sample, after: Sample, names: list[str], random: np.random.Generator
) -> tuple[Sample, Sample, list[str]]:
    """Both samples with the same missing values in every feature whose share of them moved beyond the noise; and these features.

    Each row has a random partner of the same label value on the other side, and a value that one of the two lacks is taken from both.
    So values that got lost at random, in one class or in all, in one feature or in several at once, leave nothing to tell the sides
    apart by, while the values that stay, and how they go together, are those that were measured.

    Args:
        before, after: samples with equally many rows of each label value.
        names: features that both have.
    """
    classes = [(np.flatnonzero(before.labels == c), np.flatnonzero(after.labels == c)) for c in before.label_values]
    there = {n: (present(column(before, n)), present(column(after, n))) for n in names}
    moved = [n for n in names if _moved(*there[n], classes)]
    if not moved:
        return before, after, []
    pairs = [(random.permutation(one), random.permutation(two)) for one, two in classes]
    one, two = (np.concatenate(side) for side in zip(*pairs, strict=True))
    lost: list[dict[str, Mask]] = [{}, {}]
    for name in moved:
        gone = ~(there[name][0][one] & there[name][1][two])
        for side, rows in enumerate((one, two)):
            lost[side][name] = np.zeros(len(rows), bool)
            lost[side][name][rows] = gone
    return _without(before, lost[0]), _without(after, lost[1]), moved


def column(sample: Sample, name: str) -> npt.NDArray[Any]:
    """A feature's values, whatever its kind."""
    return sample.numeric[name] if name in sample.numeric else sample.categorical[name]


def _moved(before: Mask, after: Mask, classes: list[tuple[Any, Any]]) -> bool:
    """Whether a share of missing values moved: over all rows, or in one class."""

    def chance(one: Mask, two: Mask) -> float:
        return rules.two_proportions_p(int(np.sum(~one)), len(one), int(np.sum(~two)), len(two))

    if chance(before, after) < MOVED:
        return True
    return min((chance(before[one], after[two]) for one, two in classes), default=1.0) < MOVED / len(classes)


def _without(sample: Sample, lost: dict[str, Mask]) -> Sample:
    def blanked(columns: dict[str, Any], blank: float | None) -> dict[str, Any]:
        out = {n: v.copy() if n in lost else v for n, v in columns.items()}
        for name in lost.keys() & out.keys():
            out[name][lost[name]] = blank
        return out

    numeric, categorical = blanked(sample.numeric, np.nan), blanked(sample.categorical, None)
    return dataclasses.replace(sample, numeric=numeric, categorical=categorical)

"""The record of an audit: what was drawn and what was measured, by class, by span and by split, as plain data."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from pydantic import BaseModel, ConfigDict

from components import augmentation_measures as measures
from components.augmentation import Policy
from components.augmentation_measures import Measured, Seen
from components.interfaces import F32, F64
from components.samples import Mask
from schemas.features import order_labels

TRAIN = "train"
#: Classes that are recorded, the most frequent ones; all of them are compared.
CLASSES = 100
#: Where quantiles of drawn parameters are taken.
QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
#: Bins of histograms: lowest edge, width of a bin, number of bins. Directions in degrees (no turn is in the middle of a bin), brightness
#: and contrast in grey levels.
BINS = {
    "turn": (-185, 10, 37),
    "orientation": (0, 10, 18),
    "moment_angle": (0, 10, 18),
    "brightness": (0, 16, 16),
    "contrast": (0, 8, 16),
}


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Histogram(_Data):
    """Rows per bin before and after; the first bin begins at `low`, each is `step` wide. Rows without a value are in none.

    `turn` is measured between before and after, so it has no `before`.
    """

    low: int
    step: int
    before: list[int]
    after: list[int]


class Group(_Data):
    """Some rows of one input: of a class, a span, a split.

    Attributes:
        rows: how many there are.
        examples: how many different examples they come from.
        drawn: how many of them are draws, and not the example as it is.
        changed: share of rows that look changed, 0 to 1.
        change: mean squared change over the mean squared distance of two rows; 1 is: as different as another.
        turn: mean of the degrees by which pictures are turned, without sign; None for numbers, and where no turn explains the change.
        brightness: mean change of brightness without sign, in grey levels; None for numbers.
        contrast: the same of contrast.
        histograms: property -> histogram; empty for numbers.
    """

    rows: int
    examples: int
    drawn: int
    changed: float
    change: float
    turn: float | None = None
    brightness: float | None = None
    contrast: float | None = None
    histograms: dict[str, Histogram] = {}


class Parameter(_Data):
    """One parameter of an operation over the rows that it was applied to: mean, and quantiles at `QUANTILES`."""

    mean: float
    quantiles: list[float]


class Drawn(_Data):
    """What was drawn for one operation.

    Attributes:
        draws: class -> number of draws.
        applied: class -> share of them that were applied.
        parameters: in the order of the operation's own; empty when it was never applied.
        change: input -> mean change of the rows that it changed, when it was applied alone.
    """

    draws: dict[str, int]
    applied: dict[str, float]
    parameters: list[Parameter]
    change: dict[str, float] = {}


class Input(_Data):
    """One input. `classes` and `spans` are those of train."""

    kind: str
    splits: dict[str, Group]
    classes: dict[str, Group]
    spans: dict[str, Group]


class Audit(_Data):
    """What a policy did.

    Attributes:
        digest: of the policy.
        policy: the policy, all defaults spelled out.
        operations: title of the operation -> what was drawn.
        inputs: name of the input -> what was measured.
    """

    digest: str
    policy: dict[str, object]
    operations: dict[str, Drawn]
    inputs: dict[str, Input]


def record(policy: Policy, seen: Mapping[str, Seen], measured: Mapping[str, Mapping[str, Measured]]) -> Audit:
    """Sums up.

    Args:
        measured: input -> split -> what was measured.
    """
    return Audit(
        digest=policy.digest,
        policy=policy.document(),
        operations={s.title: _drawn(seen[TRAIN], i, measured) for i, s in enumerate(policy.steps)},
        inputs={name: _input(seen, found) for name, found in measured.items()},
    )


def classes_of(seen: Seen) -> list[str]:
    """Label values, in their order."""
    return order_labels({str(v) for v in seen.labels.tolist()})


def _input(seen: Mapping[str, Seen], found: Mapping[str, Measured]) -> Input:
    train = seen[TRAIN]
    labels = train.labels.astype(str)
    kept = sorted(classes_of(train), key=lambda v: -int((labels == v).sum()))[:CLASSES]
    return Input(
        kind=found[TRAIN].kind,
        splits={split: _group(s, found[split], np.ones(len(s), bool)) for split, s in seen.items()},
        classes={v: _group(train, found[TRAIN], labels == v) for v in order_labels(set(kept))},
        spans={str(v): _group(train, found[TRAIN], train.spans == v) for v in np.unique(train.spans).tolist()},
    )


def _group(seen: Seen, of: Measured, chosen: Mask) -> Group:
    rows = int(chosen.sum())
    numbers = seen.numbers[chosen]
    means: dict[str, float | None] = {}
    if of.before:
        means["turn"] = _mean(np.abs(of.turn[chosen]))
        means |= {p: _mean(np.abs(of.after[p] - of.before[p])[chosen]) for p in ("brightness", "contrast")}
    return Group(
        rows=rows,
        examples=int((numbers == numbers.min()).sum()) if rows else 0,
        drawn=int((numbers > 0).sum()),
        changed=float(of.changed[chosen].mean()) if rows else 0.0,
        change=float(of.change[chosen].mean()) if rows else 0.0,
        histograms={p: _histogram(p, of, chosen) for p in BINS} if of.before else {},
        **means,
    )


def _mean(values: F64) -> float | None:
    there = values[np.isfinite(values)]
    return float(there.mean()) if len(there) else None


def _histogram(name: str, of: Measured, chosen: Mask) -> Histogram:
    low, step, bins = BINS[name]

    def counts(values: F64) -> list[int]:
        there = values[chosen & np.isfinite(values)]
        at = np.clip((there - low) // step, 0, bins - 1).astype(np.int64)
        counted: list[int] = np.bincount(at, minlength=bins).tolist()
        return counted

    if name == "turn":
        return Histogram(low=low, step=step, before=[], after=counts(of.turn))
    return Histogram(low=low, step=step, before=counts(of.before[name]), after=counts(of.after[name]))


def _drawn(train: Seen, index: int, measured: Mapping[str, Mapping[str, Measured]]) -> Drawn:
    draw, labels, drawn = train.draws[index], train.labels.astype(str), train.numbers > 0
    of_class = {v: drawn & (labels == v) for v in classes_of(train)}
    applied: F32 = draw.parameters[draw.applied]
    change = {}
    for name in measured if train.alone else ():
        before, after = train.before[name], train.alone[index][name]
        touched = measures.changed(before, after)
        if touched.any():
            change[name] = float(measures.change(before, after)[touched].mean())
    return Drawn(
        draws={v: int(m.sum()) for v, m in of_class.items()},
        applied={v: float(draw.applied[m].mean()) for v, m in of_class.items() if m.any()},
        parameters=[_parameter(column) for column in applied.T.astype(np.float64)] if len(applied) else [],
        change=change,
    )


def _parameter(values: F64) -> Parameter:
    return Parameter(mean=float(math.fsum(values) / len(values)), quantiles=np.quantile(values, QUANTILES).tolist())

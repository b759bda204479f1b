"""What the drift checks share: distances of single features with their noise floors, words for them, and how both checks judge."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from components import drift_rules as drift
from components.checks import _common as common
from components.checks._parts import Ints, Labels, Part, codes, parts, present
from components.interfaces import DataContext
from components.samples import Floats, Objects, Sample
from components.statistics_rules import ALPHA, BLOCK_ALPHA
from schemas.findings import Finding, Severity


@dataclass(frozen=True, eq=False)
class Distance:
    """How far a feature is from where it was, in one part.

    Attributes:
        part: what was compared.
        value: Jensen-Shannon divergence in bits, or L-infinity.
        noise: what chance exceeds at the rate `ALPHA`, over all that the check compares.
        sure: the same at the rate `BLOCK_ALPHA`.
        rows: rows that were compared.
        rows_before: the same of the reference.
        category: where the largest change is, if it is about categories.
        share: its share now, 0 to 1; of a numeric feature, that of missing values.
        share_before: its share in the reference.
    """

    part: Part
    value: float
    noise: float
    sure: float
    rows: int
    rows_before: int
    share: float = 0.0
    share_before: float = 0.0
    category: str = ""

    def level(self, warn: float | None, block: float | None) -> Severity:
        """Severity with these limits; the noise must be exceeded too."""
        return common.judged(self.value, warn, block, self.noise, self.sure)[0]

    def among(self, context: DataContext) -> str:
        """In words which rows were compared; empty for all."""
        if self.part.label is not None:
            return f" among rows with {context.window.label}={self.part.label}"
        return " (label shares made equal)" if self.part.weights is not None else ""

    def observed(self) -> dict[str, float | int | str | None]:
        """The numbers of it, for `Finding.observed`."""
        out: dict[str, float | int | str | None] = {
            "rows": self.rows,
            "rows_before": self.rows_before,
            "label": self.part.label,
        }
        if self.part.weights is not None:
            out |= {"label_shares": "made equal"}
        if self.category:
            out |= {"category": self.category, "share": self.share, "share_before": self.share_before}
        return out


def numeric(before: Floats, after: Floats, chosen: Sequence[Part], comparisons: int) -> list[Distance]:
    """Jensen-Shannon divergence of a numeric feature in each part, on the reference's deciles; missing values there have a bin."""
    return [_numeric(pick(before, p.before), pick(after, p.after), p, comparisons) for p in chosen]


def _numeric(before: Floats, after: Floats, part: Part, comparisons: int) -> Distance:
    upper = drift.edges(before[~np.isnan(before)])
    one, two = drift.histogram(before, upper, part.weights), drift.histogram(after, upper)
    n, m, bins = drift.effective(len(before), part.weights), len(after), int(np.count_nonzero(one + two))
    noise, sure = (drift.jensen_shannon_floor(bins, n, m, comparisons, a) for a in (ALPHA, BLOCK_ALPHA))
    gone, gone_before = (float(x[-1] / x.sum()) if x.sum() else 0.0 for x in (two, one))
    return Distance(part, drift.jensen_shannon(one, two), noise, sure, m, len(before), gone, gone_before)


def category(before: Objects, after: Objects, chosen: Sequence[Part], comparisons: int) -> list[Distance]:
    """Largest change of the share of any category in each part; missing values there are a category."""
    names, one, two = codes(before, after)
    return [_category(names, pick(one, p.before), pick(two, p.after), p, comparisons) for p in chosen]


def _category(names: list[str], before: Ints, after: Ints, part: Part, comparisons: int) -> Distance:
    rows_before, rows = len(before), len(after)
    one = np.bincount(before, part.weights, len(names)).astype(np.float64)
    two = np.bincount(after, minlength=len(names)).astype(np.float64)
    value, most = drift.largest_change(one, two)
    if most < 0:
        return Distance(part, 0.0, 1.0, 1.0, rows, rows_before)
    n = drift.effective(rows_before, part.weights)
    noise, sure = (drift.largest_change_floor(one, two, n, rows, comparisons, a) for a in (ALPHA, BLOCK_ALPHA))
    shares = float(two[most] / two.sum()), float(one[most] / one.sum())
    return Distance(part, value, noise, sure, rows, rows_before, *shares, category=names[most])


def pick(values: npt.NDArray, chosen: Ints | None) -> npt.NDArray:
    """Some of the values; all without a choice."""
    return values if chosen is None else values[chosen]


def worst(distances: Sequence[Distance], warn: float | None, block: float | None) -> Distance:
    """The one with the worst severity, then the furthest beyond its noise."""
    return max(distances, key=lambda d: (d.level(warn, block).rank, d.value - d.noise))


def limits(
    context: DataContext, code: str, subject: str, warn: float | None, block: float | None
) -> tuple[float | None, float | None]:
    """Limits of both levels, that of `warn` adapted to the spans before."""
    return common.adapted(context, code, subject, warn, math.inf if block is None else block), block


def shared(before: Sample, after: Sample) -> tuple[list[str], list[str]]:
    """Numeric and categorical features that both samples have, sorted."""
    return sorted({*before.numeric} & {*after.numeric}), sorted({*before.categorical} & {*after.categorical})


def direction(before: Floats, after: Floats, pair: str = "an old and a new row") -> str:
    """Where numbers went, in words without any of the values; `pair` is how a pair of rows is called."""
    higher = drift.auc(before[~np.isnan(before)], after[~np.isnan(after)])
    if abs(higher - 0.5) < 0.02:
        return "spread otherwise"
    chance = max(higher, 1 - higher)
    return f"{'higher' if higher > 0.5 else 'lower'}, in {common.percent(chance)} of pairs of {pair}"


class DriftCheck(Protocol):
    """The parameters that the two drift checks have in common."""

    @property
    def warn(self) -> Any: ...

    @property
    def block(self) -> Any: ...

    @property
    def ignore(self) -> tuple[str, ...]: ...


@dataclass(frozen=True, eq=False)
class Kind:
    """What the drift checks differ in.

    Attributes:
        code: of the findings.
        unit: name of the limits and of the distance.
        feature: what it looks at, in words.
        columns: the columns of a sample that it looks at.
        measure: the distance of a feature in each part.
        text: (context, values before, values after, distance) -> what was measured, in words.
        more: (values before, values after, distance, limit) -> what is told only of a feature that is flagged.
        cause: what to look for, in words.
    """

    code: str
    unit: str
    feature: str
    columns: Callable[[Sample], Mapping[str, Any]]
    measure: Callable[[Any, Any, Sequence[Part], int], list[Distance]]
    text: Callable[[DataContext, Distance], str]
    more: Callable[[Any, Any, Distance, float], str]
    cause: str


def findings(context: DataContext, check: DriftCheck, kind: Kind) -> list[Finding]:
    """One finding per feature of a kind that both samples have, about the values that are there: missing ones are for other checks."""
    then, now = context.reference_sample, context.sample
    if context.reference is None or then is None or now is None or not len(then) or not len(now):
        return [common.nothing_to_compare(kind.code, context, common.why_no_reference(context))]
    before, after, labels = kind.columns(then), kind.columns(now), Labels.of(then, now)
    names = sorted({*before} & {*after})
    if not names or not {*now.labels.tolist()} & {*then.labels.tolist()}:
        why = f"there is no {kind.feature} feature" if not names else "the two have no label value in common"
        return [common.nothing_to_compare(kind.code, context, why)]
    chosen = {n: parts(labels, present(before[n]), present(after[n])) for n in names}
    comparisons = sum(len(p) for p in chosen.values())
    return [
        _judge(context, check, kind, n, before[n], after[n], kind.measure(before[n], after[n], p, comparisons))
        if p
        else _nothing(context, kind, n, before[n], after[n])
        for n, p in chosen.items()
    ]


def _nothing(context: DataContext, kind: Kind, name: str, before: npt.NDArray, after: npt.NDArray) -> Finding:
    here, there = f"span {context.current.span}", "" if context.reference is None else common.name_of(context.reference)
    empty = [side for side, values in ((here, after), (there, before)) if not present(values).any()]
    why = f"{empty[0]} has no values" if empty else f"values in {here} and in {there} have no label value in common"
    text = f"{name}: {why}, so that there is nothing to compare."
    rows = {"rows": int(present(after).sum()), "rows_before": int(present(before).sum())}
    return common.report(context, kind.code, name, Severity.OK, rows, {}, text, "")


def _judge(
    context: DataContext,
    check: DriftCheck,
    kind: Kind,
    name: str,
    before: npt.NDArray,
    after: npt.NDArray,
    distances: Sequence[Distance],
) -> Finding:
    unit, code = kind.unit, kind.code
    warn, block = limits(context, code, name, getattr(check.warn, unit), getattr(check.block, unit))
    most = worst(distances, warn, block)
    level = Severity.OK if name in check.ignore else most.level(warn, block)
    text = f"{name}: {kind.text(context, most)}"
    if level.rank:
        limit = block if level is Severity.BLOCK or warn is None else warn
        text += kind.more(pick(before, most.part.before), pick(after, most.part.after), most, limit or 0.0)
    elif name in check.ignore:
        text += f"; it is not judged (checks.{code}.ignore)"
    observed: common.Numbers = {unit: most.value, **most.observed()}
    allowed = common.bounds(check, **{f"warn_noise_{unit}": most.noise, f"block_noise_{unit}": most.sure})
    if warn is not None:
        allowed = {**allowed, f"warn_{unit}": warn}
    remedy = (
        f"Look for a changed {kind.cause} of {name}. If the change is real, accept it with --accept {code} --reason TEXT, or list "
        f"{name} in checks.{code}.ignore if it must move."
    )
    return common.report(context, code, name, level, observed, allowed, text + ".", remedy, statistic=most.value)

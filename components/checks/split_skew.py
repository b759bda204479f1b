"""Splits that are unlike: the model is chosen and judged on rows of another kind than those it learns from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from components import drift_rules as drift
from components import statistics_rules as rules
from components.checks import _common as common
from components.interfaces import Check, DataContext, plugin
from components.parameters import AmountLimit, ShareLimit
from components.samples import Floats, Sample
from schemas.evidence import SPLITS
from schemas.findings import Finding

REMEDY_LABEL = (
    "Set data.split.stratify: true, unless rows are split by time or group: then the label really depends on that, and a "
    "wider window or other shares help. If it must be so, accept it with --accept split_skew --reason TEXT."
)
REMEDY = (
    "Look whether {name} depends on the groups that are split, or whether few different rows repeat; split by another column, "
    "or accept it with --accept split_skew --reason TEXT."
)
#: Splits that are held against train.
HELD_OUT = SPLITS[1:]


@plugin
class Warn:
    """V 0.10, as for label shift; 0.015 bits and 5 points, as for drift."""

    v: ShareLimit = 0.1
    bits: AmountLimit = 0.015
    l_infinity: ShareLimit = 0.05


@plugin
class Block:
    """V 0.15, as for label shift. A feature never blocks: its splits differ, but the label says more about that."""

    v: ShareLimit = 0.15


@dataclass(frozen=True)
class _Gap:
    """How far a split is from train, and what chance explains: to warn, and to block."""

    split: str
    value: float
    noise: float
    sure: float
    rows: int


@plugin
class SplitSkew(Check):
    """Difference of eval and test from train, within the span: label shares as Cramér's V, numbers as Jensen-Shannon
    divergence in bits, categories as the largest change of a share. V is taken as if both splits had equally many rows.

    Chance is counted in units that are split as one: different rows, or entities where there are some. With a split by time,
    features are left out, since they move with time by design.

    Attributes:
        warn: `v` of the label (default 0.1), `bits` of numbers (0.015), `l_infinity` of categories (0.05); ``off`` drops one.
        block: `v` of the label (default 0.15).
    """

    warn: Warn = Warn()
    block: Block = Block()

    independent = True

    def check(self, context: DataContext) -> list[Finding]:
        """One finding about the label, and one per feature of the sample."""
        sample, units = context.sample, _units(context)
        # Of whom a column says, the sample has one row each (`independent`): its rows are the entities.
        of_sample = units if sample is None or not len(sample.entity) else dict.fromkeys(SPLITS, 1.0)
        features = (
            [] if sample is None or context.facts.by_time else [*sorted(sample.numeric), *sorted(sample.categorical)]
        )
        comparisons = len(HELD_OUT) * (1 + len(features))
        found: list[Finding] = []
        labels = _labels(context.current.labels, units, comparisons)
        if labels is not None:
            found.append(
                self._judge(context, context.window.label, labels, "V", self.warn.v, self.block.v, REMEDY_LABEL)
            )
        for name in features:
            gap = _feature(sample, name, of_sample, comparisons) if sample is not None else None
            if gap is not None and sample is not None:
                numeric = name in sample.numeric
                unit, limit = ("bits", self.warn.bits) if numeric else ("L-infinity", self.warn.l_infinity)
                found.append(self._judge(context, name, gap, unit, limit, None, REMEDY.format(name=name)))
        return found or [common.nothing_to_compare("split_skew", context, "there are not two splits with rows")]

    def _judge(
        self,
        context: DataContext,
        name: str,
        gap: _Gap,
        unit: str,
        warn: float | None,
        block: float | None,
        remedy: str,
    ) -> Finding:
        level, shown = common.judged(gap.value, warn, block, gap.noise, gap.sure)
        text = f"{name}: {gap.split} ({gap.rows} rows) differs from train in span {context.current.span} by {unit} {gap.value:.3f}"
        text += f"; the limit is {shown:g}." if level.rank else "."
        observed: common.Numbers = {"difference": gap.value, "split": gap.split, "rows": gap.rows}
        allowed = {"warn": warn, "block": block, "warn_noise": gap.noise, "block_noise": gap.sure}
        return common.report(context, "split_skew", name, level, observed, allowed, text, remedy, statistic=gap.value)


def _units(context: DataContext) -> dict[str, float]:
    """Split -> units that are split as one, per row of it: 1 where all rows are different and there are no entities."""
    out = dict.fromkeys(SPLITS, 1.0)
    if context.keys is None:
        return out
    own = context.keys.span == context.current.span
    values = context.keys.row if context.keys.entity is None else context.keys.entity
    for i, split in enumerate(SPLITS):
        here = values[own & (context.keys.split == i)]
        if len(here):
            out[split] = len(np.unique(here)) / len(here)
    return out


def _farthest(gaps: list[_Gap]) -> _Gap | None:
    """The split that is farthest beyond its noise."""
    return max(gaps, key=lambda g: g.value - g.noise, default=None)


def _labels(labels: Mapping[str, Mapping[str, int]], units: Mapping[str, float], comparisons: int) -> _Gap | None:
    gaps = []
    for split in HELD_OUT:
        train, held = labels.get(SPLITS[0], {}), labels.get(split, {})
        if sum(train.values()) and sum(held.values()):
            one, two = (
                {v: math.ceil(n * units[s]) for v, n in c.items()} for s, c in ((SPLITS[0], train), (split, held))
            )
            # V of unequal sides is small whatever differs; as of equal ones, it does not depend on the shares of the splits.
            value, real = drift.even_v(train, held), rules.cramers_v(train, held)
            floors = (rules.cramers_v_floor(one, two, comparisons, a) for a in (rules.ALPHA, rules.BLOCK_ALPHA))
            noise, sure = (drift.even_v_floor(value, real, f) for f in floors)
            gaps.append(_Gap(split, value, noise, sure, sum(held.values())))
    return _farthest(gaps)


def _feature(sample: Sample, name: str, units: Mapping[str, float], comparisons: int) -> _Gap | None:
    numeric = name in sample.numeric
    values = sample.numeric[name] if numeric else _codes(sample.categorical[name].tolist())
    known = values[~np.isnan(values) & (sample.splits == 0)]
    if not len(known):
        return None
    upper = drift.edges(known) if numeric else np.unique(values[~np.isnan(values)])
    # The last bin of a histogram counts missing values: for categories, missing_shift and missing_by_label look at them.
    train, *held = (drift.histogram(values[sample.splits == i], upper) for i in range(len(SPLITS)))
    if not numeric:
        train, held = train[:-1], [h[:-1] for h in held]
    gaps = []
    for split, counts in zip(HELD_OUT, held, strict=True):
        n, m = train.sum() * units[SPLITS[0]], counts.sum() * units[split]
        if m:
            if numeric:
                value, bins = drift.jensen_shannon(train, counts), int(np.sum(train + counts > 0))
                noise = drift.jensen_shannon_floor(bins, n, m, comparisons, rules.ALPHA)
            else:
                value = drift.largest_change(train, counts)[0]
                noise = drift.largest_change_floor(train, counts, n, m, comparisons, rules.ALPHA)
            gaps.append(_Gap(split, value, noise, 1.0, int(counts.sum())))
    return _farthest(gaps)


def _codes(texts: list[str | None]) -> Floats:
    """A number per category; NaN for None."""
    table: dict[str, int] = {}
    return np.array([math.nan if v is None else table.setdefault(v, len(table)) for v in texts], np.float64)

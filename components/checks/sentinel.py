"""Values that only stand for "no value": -999, "unknown", 1970-01-01. A model takes them for real ones."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

import numpy as np

from components import statistics_rules as rules
from components.checks import _common as common
from components.checks import _values as by_value
from components.interfaces import Check, DataContext, plugin
from components.parameters import ShareLimit
from components.samples import Floats, Sample
from schemas.findings import Finding, Severity

REMEDY = (
    "Leave values of {name} empty where there are none: they are then filled in with an indicator, and counted as missing. If "
    "{value} is a real value, accept it with --accept sentinel --reason TEXT, or raise checks.sentinel."
)
#: So few other values, or different ones, say nothing about where a feature lies.
ROWS, DISTINCT = 50, 10
#: 0 is a stand-in only when the gap to the other values is this many times their usual distance there...
STEPS = 2.5
#: ...and this share of their median; the second where some are more than `SKEWED` times the median, as amounts of money are,
#: of which many come close to 0.
NEAR, NEAR_SKEWED, SKEWED = 0.05, 0.25, 5.0
#: A feature that is 0 in more rows than this is so by nature: nothing was bought, nothing happened.
MOSTLY = 0.3


@plugin
class Warn:
    """0.5 %: as for outliers; a few single ones do not move a model."""

    share: ShareLimit = 0.005


@plugin
class Block:
    """Off by default: without a reference, a value that looks like a stand-in may be real. New ones block in constant_fill."""

    share: ShareLimit = None


@plugin
class Sentinel(Check):
    """Share of known stand-ins for a missing value among the values of a feature; needs no reference.

    Texts: unknown, n/a, nan, null, none, missing, ?, - and the empty text; 1970-01-01 and 1900-01-01 where no other value is
    of that year. Numbers: -1, -9, -99, -999, -9999 where no other value is negative; these, 999, 9999, 99999 and 0 where
    they are farther from all other values than those lie apart; and 0 where the others, all of one sign, keep away from it.
    It must be beyond its limit by more than chance.

    Attributes:
        warn: `share` of present values, 0 to 1 (default 0.005; adapts to 8 or more accepted spans); ``off`` turns it off.
        block: the same (default off).
    """

    warn: Warn = Warn()
    block: Block = Block()

    def check(self, context: DataContext) -> list[Finding]:
        """One finding per feature of the sample."""
        sample = context.sample
        if sample is None or not len(sample) or not (sample.numeric or sample.categorical):
            return [common.nothing_to_compare("sentinel", context, "there is no sample with features")]
        found: dict[str, tuple[Mapping[str, int], int]] = {}
        for name, numbers in sorted(sample.numeric.items()):
            found[name] = stand_ins(numbers[~np.isnan(numbers)]), int(np.sum(~np.isnan(numbers)))
        for name, texts in sorted(sample.categorical.items()):
            counts = Counter(v for v in texts.tolist() if v is not None)
            found[name] = _texts(counts), counts.total()
        tried = max(1, sum(1 for values, _ in found.values() if values))
        return [self._judge(context, sample, n, values, rows, tried) for n, (values, rows) in found.items()]

    def _judge(
        self, context: DataContext, sample: Sample, name: str, values: Mapping[str, int], rows: int, tried: int
    ) -> Finding:
        value, count = max(sorted(values.items()), key=lambda item: item[1], default=("", 0))
        share = count / rows if rows else 0.0
        widest = 1.0 if self.block.share is None else self.block.share
        limit = common.adapted(context, "sentinel", name, self.warn.share, widest)
        level = common.severity(
            _beyond(count, rows, self.block.share, rules.BLOCK_ALPHA / tried),
            _beyond(count, rows, limit, rules.ALPHA / tried),
        )
        text = (
            f"{name}: no value in span {context.current.span} looks like a stand-in for a missing one ({rows} values)."
        )
        observed: common.Numbers = {"share": share, "count": count, "rows": rows}
        if count:
            text = f"{name}: {common.percent(share)} of values in span {context.current.span} are {value} ({count} of {rows}), "
            text += "which looks like a stand-in for a missing one"
            shown = self.block.share if level is Severity.BLOCK else limit
            text += f"; the limit is {common.percent(shown or 0.0)}." if level.rank else "."
            observed = {**observed, "value": value}
        places = by_value.rows_of(context, sample, _where(sample, name, value)) if level.rank else []
        allowed, remedy = common.bounds(self, warn_chance=rules.ALPHA / tried), REMEDY.format(name=name, value=value)
        return common.report(
            context, "sentinel", name, level, observed, allowed, text, remedy, statistic=share, rows=places
        )


def _beyond(count: int, rows: int, limit: float | None, alpha: float) -> bool:
    return (
        limit is not None
        and bool(rows)
        and common.above(count / rows, limit)
        and rules.at_least_p(count, rows, limit) < alpha
    )


def _where(sample: Sample, name: str, value: str) -> np.ndarray:
    if name in sample.numeric:
        return sample.numeric[name] == float(value)
    return np.array([v is not None and repr(v) == value for v in sample.categorical[name].tolist()], bool)


def stand_ins(values: Floats) -> dict[str, int]:
    """Known codes among present numbers that the other values keep away from, as text -> rows."""
    codes = [c for c in by_value.CODES if np.any(values == c)]
    if not codes:
        return {}
    ordered = np.sort(values[np.isfinite(values) & ~np.isin(values, by_value.CODES)])
    others = np.unique(ordered)
    if len(ordered) < ROWS or len(others) < DISTINCT:
        # Too little to tell, but for a negative code among small whole numbers: -9 next to 0, 1 and 2.
        rest = values[~np.isin(values, by_value.CODES[1:])]
        alone = len(rest) >= ROWS and float(rest.min()) >= 0
        return {f"{c:g}": int(np.sum(values == c)) for c in codes if alone and c < -1}
    return {f"{c:g}": int(np.sum(values == c)) for c in codes if _apart(c, values, ordered, others)}


def _apart(code: float, values: Floats, ordered: Floats, others: Floats) -> bool:
    low, high = float(others[0]), float(others[-1])
    gap = max(low - code, code - high)
    if gap <= 0:
        return False
    if gap > high - low or (code < 0 and low >= 0):
        return True
    if code or np.mean(values == 0) > MOSTLY:
        return False
    near = np.abs(others if low > 0 else others[::-1])
    step = float(np.median(np.diff(near[: max(3, len(near) // 4)])))
    median = abs(float(ordered[len(ordered) // 2]))
    share = NEAR if near[-1] <= SKEWED * median else NEAR_SKEWED
    return gap > STEPS * step and gap > share * median


def _texts(counts: Mapping[str, int]) -> dict[str, int]:
    """Categories that read like "no value", quoted -> rows."""
    found = {v for v in counts if by_value.is_word(v)} | by_value.codes_among(set(counts), set(counts))
    for day in by_value.DAYS:
        own = {v for v in counts if v.startswith(day)}
        if own and not any(v.startswith(day[:4]) and v not in own for v in counts):
            found |= own
    found = {v for v in found if len(counts) > 1 and not math.isclose(counts[v], 0)}
    return {repr(v): counts[v] for v in found}

"""Values that may be a fill: what `constant_fill` judges."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass

import numpy as np

from components import statistics_rules as rules
from components.checks import _common as common
from components.checks import _values as by_value
from components.samples import Floats, Mask

#: New values are a fill when nearly all of them are one value; of a new range or new categories, there are several.
ONE = 0.9
#: A fill is one value; where prices or units change, many become more frequent at once.
STANDS_OUT = 2.0


@dataclass(frozen=True)
class Value:
    """A value that may be a fill: rows that have it, its former share, and what makes it suspicious."""

    text: str
    count: int
    rows: int
    before: float
    chance: float
    why: str

    @property
    def increase(self) -> float:
        """Of its share among the present values."""
        return self.count / self.rows - self.before


def where(both: by_value.Sides, name: str, text: str) -> Mask:
    """The rows of the span that have a value, by its text."""
    if name in both.now.numeric:
        values = both.now.numeric[name]
        return np.array([_text(v) == text for v in values.tolist()], bool)
    return np.array([v is not None and repr(v[:40]) == text for v in both.now.categorical[name].tolist()], bool)


def most_common_label(both: by_value.Sides, chosen: Mask) -> dict[str, float | int | str | None]:
    """The label that most of these rows have, its share of them and of all rows: a fill takes rows of every label."""
    labels = both.now.labels.astype(str)
    values, counts = np.unique(labels[chosen], return_counts=True)
    if not len(values):
        return {}
    label = str(values[np.argmax(counts)])
    return {
        "label": label,
        "label_share": float(counts.max() / counts.sum()),
        "label_share_of_all": float(np.mean(labels == label)),
    }


def _text(value: float) -> str:
    return f"{value + 0.0:.6g}"  # no minus before 0


def candidates(both: by_value.Sides) -> dict[str, tuple[list[Value], int]]:
    """Feature -> values that may be a fill, and how many values could have become one by chance."""
    found = {}
    for name in sorted(n for n in both.now.numeric if n in both.then.numeric):
        now, then = both.now.numeric[name], both.then.numeric[name]
        there = ~np.isnan(then)
        if there.any() and not np.isnan(now).all():
            found[name] = _numbers(both, now[~np.isnan(now)], then, there)
    for name in sorted(n for n in both.now.categorical if n in both.then.categorical):
        values = both.then.categorical[name]
        there = np.array([v is not None for v in values.tolist()], bool)
        texts = Counter(v for v in both.now.categorical[name].tolist() if v is not None)
        if there.any() and texts:
            found[name] = _texts(both, texts, values[there].tolist(), there)
    return found


def _numbers(both: by_value.Sides, now: Floats, then: Floats, there: Mask) -> tuple[list[Value], int]:
    m, n = len(now), both.effective(there)
    values, counts = np.unique(now, return_counts=True)
    old, of = np.unique(then[there], return_inverse=True)
    shares = np.bincount(of.reshape(-1), weights=both.weights[there]) / both.weights[there].sum()
    at = np.minimum(np.searchsorted(old, values), len(old) - 1)
    known = old[at] == values
    before = np.where(known, shares[at], 0.0)
    # Tarone's correction (Biometrics 46 (1990)): a value with so few rows that no split of them is unlikely is no comparison.
    few = math.log(1 / rules.ALPHA) / math.log((n + m) / m) if n else math.inf
    tried = int(np.sum(counts + before * n >= few))
    code = np.isin(values, by_value.CODES)
    low, high = values < old[0], values > old[-1]
    outside = (low | high) & (code | _alone(counts * low) | _alone(counts * high))
    inside = ~(low | high) & (~known | (len(old) > by_value.FEW)) & (code | _foremost(counts / m - before))
    if len(values) == 1 and (len(old) == 1 or _goes_on(float(values[0]), float(old[0]), float(old[-1]))):
        outside, inside = np.zeros(1, bool), np.zeros(1, bool)
    found = []
    for i in np.flatnonzero(outside | inside).tolist():
        x = math.ceil(before[i] * n - common.ROUNDING)
        chance = rules.more_often_p(x, n, int(counts[i]), m)
        why = "a value outside the range of" if outside[i] else ""
        found.append(Value(_text(float(values[i])), int(counts[i]), m, float(before[i]), chance, why))
    return found, tried


def _alone(counts: Floats) -> Mask:
    """Which value nearly all of these rows have."""
    return (counts > 0) & (counts >= ONE * counts.sum())


def _foremost(increases: Floats) -> Mask:
    """Which value stands out: its increase is at least twice the next one; where all values moved, none does."""
    if len(increases) < 2:
        return np.ones(len(increases), bool)
    second, first = np.partition(increases, -2)[-2:]
    return (increases == first) & (first >= STANDS_OUT * max(0.0, second))


def _goes_on(value: float, low: float, high: float) -> bool:
    """Whether a column that has one value now only counts on, as a year does."""
    return value not in by_value.CODES and low - (high - low) <= value <= high + (high - low)


def _texts(both: by_value.Sides, now: Counter[str], then: list[str], there: Mask) -> tuple[list[Value], int]:
    m, n = now.total(), both.effective(there)
    before = _shares(both, then, there)
    # "Other" is a stand-in only in so far as it grows.
    like_none = {v for v in now if by_value.is_word(v) or v.strip().lower() == "other"} | by_value.codes_among(
        set(now), {*now, *before}
    )
    unseen = {v: c for v, c in now.items() if v not in before}
    all_unseen = sum(unseen.values())
    single = {v for v, c in unseen.items() if c >= ONE * all_unseen} if len(before) + len(now) > 2 else set()
    found = []
    for value in sorted(like_none | single):
        share = before.get(value, 0.0)
        x = math.ceil(share * n - common.ROUNDING)
        chance = rules.more_often_p(x, n, now[value], m)
        why = "a new value that reads like none, not in" if value in like_none and value in unseen else ""
        found.append(Value(repr(value[:40]), now[value], m, share, chance, why))
    return found, len(found)


def _shares(both: by_value.Sides, then: list[str], there: Mask) -> dict[str, float]:
    """Weighted share of each category."""
    weights, whole = both.weights[there], float(both.weights[there].sum())
    if not both.adjusted:
        return {v: n / whole for v, n in Counter(then).items()}
    out: dict[str, float] = {}
    for weight in np.unique(weights).tolist():  # One per label.
        chosen = weights == weight
        part = Counter(v for v, own in zip(then, chosen.tolist(), strict=True) if own)
        for value, count in part.items():
            out[value] = out.get(value, 0.0) + count * weight / whole
    return out

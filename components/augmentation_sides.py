"""Whether augmentation treats all classes and all spans alike, by what was measured. What is done to one class only gives the label away.

Limits were set on scikit-learn's 8x8 digits, where fifteen policies that treat all alike were measured class by class.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from components import drift_rules
from components import statistics_rules as rules
from components.augmentation import Policy
from components.augmentation_measures import Measured, Seen
from components.augmentation_record import classes_of
from components.augmentation_rules import LEAST, finding
from components.interfaces import F64
from components.samples import Mask
from schemas.findings import Finding, Number, Severity

CODE = "augmentation_one_sided"
#: Shares of rows changed that may differ. Policies for all differ by chance alone; half of the rows of one class in one of two spans makes
#: 0.25.
WARN_SHARE, BLOCK_SHARE = 0.1, 0.2
#: Kolmogorov and Smirnov's D of how far rows are changed, and how many times the mean of one side is. What the pictures show makes D up to
#: 0.55 at a ratio of 1.5 (round digits look less turned), and ratios up to 9 at a D of 0.45, but never both; 30 degrees of one class make
#: D 0.9.
BLOCK_DISTANCE, BLOCK_RATIO = 0.6, 2.0
#: And by how much means must differ: 3 degrees, 5 of 255 grey levels, a tenth of the contrast (as a power of 2), a tenth of what another
#: picture differs by. Less is not seen.
LEAST_EFFECT = {"turn": 3.0, "brightness": 5.0, "contrast": 0.15, "change": 0.1}
_WORDS = {
    "turn": "they are turned by {0:.1f}° on average, the others by {1:.1f}°",
    "brightness": "their brightness changes by {0:.1f} of 255 levels on average, that of the others by {1:.1f}",
    "contrast": "their contrast changes by {2:.0f} % on average, that of the others by {3:.0f} %",
    "change": "they change by {0:.2f} of the distance of two rows on average, the others by {1:.2f}",
}
_PLURAL = {"class": "classes", "span": "spans"}
#: Group against rest: a mask of each.
Pair = tuple[Mask, Mask]


@dataclass(frozen=True)
class Difference:
    """One way in which a group may differ from the rest.

    Attributes:
        level: what is to be done about it.
        size: the effect over the limit of a block, above 0 where the group has more of it.
        words: the difference; empty when there is none worth saying.
        observed: the numbers.
    """

    level: Severity
    size: float
    words: str
    observed: dict[str, Number | str | None]


def one_sided(name: str, policy: Policy, train: Seen, of: Measured) -> list[Finding]:
    """`augmentation_one_sided`, by class and by span: each with 20 or more rows against all others.

    Compared are the share of rows that look changed, how often each operation was applied, and how far draws are changed (turn,
    brightness, contrast, all). Pictures of one colour, on which nothing shows, do not count.
    """
    labels = train.labels.astype(str)
    by_class = {f"class {v!r}": labels == v for v in classes_of(train)}
    by_span = {f"span {v}": train.spans == v for v in np.unique(train.spans).tolist()}
    found = []
    for title, groups in (("class", by_class), ("span", by_span)):
        large = {g: m & of.visible for g, m in groups.items() if (m & of.visible).sum() >= LEAST}
        if len(large) < 2:
            text = f"{name}: there are not two {_PLURAL[title]} with {LEAST} rows to compare."
            found.append(finding(CODE, Severity.OK, f"{name} by {title}", text))
            continue
        all_rows = np.logical_or.reduce(list(large.values()))
        comparisons = len(large) * (2 + len(policy.steps) + len(LEAST_EFFECT))
        sides = {g: _compare(policy, train, of, (m, all_rows & ~m), comparisons) for g, m in large.items()}
        found += _judged(name, title, of, large, sides)
    return found


def _judged(
    name: str, title: str, of: Measured, groups: Mapping[str, Mask], sides: Mapping[str, list[Difference]]
) -> list[Finding]:
    noun = "pictures" if of.kind == "image" else "rows"
    flagged = {
        g: max((d for d in s if d.level.rank), key=lambda d: abs(d.size), default=None) for g, s in sides.items()
    }
    if not any(flagged.values()):
        shares = [100 * float(of.changed[m].mean()) for m in groups.values()]
        text = f"{name}: all {len(groups)} {_PLURAL[title]} are changed alike"
        text += f" ({min(shares):.0f} to {max(shares):.0f} % of their {noun})."
        size = max(abs(d.size) for s in sides.values() for d in s)
        return [finding(CODE, Severity.OK, f"{name} by {title}", text, statistic=size)]
    # One group that differs makes all others differ from "the rest" too: the fewer ones are to blame.
    more = [g for g, d in flagged.items() if d and d.size > 0]
    less = [g for g, d in flagged.items() if d and d.size < 0]
    chosen, way = (less, "less") if less and (not more or len(less) < len(more)) else (more, "more")
    return [_reported(name, title, g, int(groups[g].sum()), sides[g], f"{noun} of {g}", way) for g in chosen]


def _reported(
    name: str, title: str, group: str, rows: int, differences: list[Difference], what: str, way: str
) -> Finding:
    level = max((d.level for d in differences), key=lambda s: s.rank)
    text = f"{name}: {what} ({rows:,}) are augmented {way} than the others: "
    text += "; ".join(dict.fromkeys(d.words for d in differences if d.words))
    text += f". See the histograms of {group}." if what.startswith("pictures") else "."
    remedy = (
        f"Apply the policy to every {title} alike: take `classes` out, or look for what changes this part of the data only. If the label "
        "allows it here and nowhere else, accept it with --accept augmentation_one_sided --reason TEXT."
    )
    observed = {k: v for d in differences for k, v in d.observed.items()}
    allowed: dict[str, Number | str | None] = {
        "warn_share": WARN_SHARE,
        "block_share": BLOCK_SHARE,
        "block_distance": BLOCK_DISTANCE,
        "block_ratio": BLOCK_RATIO,
    }
    span = int(group.removeprefix("span ")) if title == "span" else None
    size = max(abs(d.size) for d in differences)
    return finding(CODE, level, f"{name} of {group}", text, remedy, {"rows": rows, **observed}, allowed, size, span)


def _compare(policy: Policy, train: Seen, of: Measured, pair: Pair, comparisons: int) -> list[Difference]:
    """One group against the rest, in all ways."""
    drawn = train.numbers > 0
    draws = pair[0] & drawn, pair[1] & drawn
    if min(int(m.sum()) for m in draws) < LEAST:
        draws = pair
    found = [_share("changed", "{0} of them look changed", of.changed, pair, comparisons)]
    if draws is not pair and not found[0].level.rank:
        found.append(_share("changed_of_draws", "{0} of their draws look changed", of.changed, draws, comparisons))
    for step, draw in zip(policy.steps, train.draws, strict=True):
        if step.op.kind == of.kind:
            words = f"{step.title} was applied to {{0}} of their draws"
            found.append(_share(f"applied_{step.title}", words, draw.applied & drawn, draws, comparisons))
    effects = [_effect(key, values, draws, comparisons) for key, values in _effects(of).items()]
    shares_differ = any(d.level.rank for d in found)
    # A turn is said whenever something differs: it is what people look for first.
    return found + [d if d.level.rank or (shares_differ and "turn" in d.observed) else _unsaid(d) for d in effects]


def _share(key: str, words: str, mask: Mask, pair: Pair, comparisons: int) -> Difference:
    (x, n), (y, m) = ((int(mask[side].sum()), int(side.sum())) for side in pair)
    gap = x / n - y / m
    warn, block = (
        rules.proportions_floor(x, n, y, m, comparisons, alpha) for alpha in (rules.ALPHA, rules.BLOCK_ALPHA)
    )
    level = Severity.WARN if abs(gap) > max(WARN_SHARE, warn) else Severity.OK
    level = Severity.BLOCK if abs(gap) > max(BLOCK_SHARE, block) else level
    text = words.format(f"{100 * x / n:.0f} %") + f", against {100 * y / m:.0f} % of {m:,} others" if level.rank else ""
    return Difference(level, gap / BLOCK_SHARE, text, {key: x / n, f"{key}_of_others": y / m})


def _effect(key: str, values: F64, pair: Pair, comparisons: int) -> Difference:
    """How far rows are changed; `words` also where that alone would not be worth a finding."""
    a, b = (values[mask & np.isfinite(values)] for mask in pair)
    if min(len(a), len(b)) < LEAST:
        return Difference(Severity.OK, 0.0, "", {})
    one, two = float(a.mean()), float(b.mean())
    distance = drift_rules.kolmogorov_smirnov(a, b)
    floor = drift_rules.kolmogorov_smirnov_floor(len(a), len(b), comparisons, rules.BLOCK_ALPHA)
    apart = abs(one - two) > LEAST_EFFECT[key] and max(one, two) > BLOCK_RATIO * min(one, two)
    level = Severity.BLOCK if apart and distance > max(BLOCK_DISTANCE, floor) else Severity.OK
    size = math.copysign(distance / BLOCK_DISTANCE, one - two) if apart else 0.0
    words = _WORDS[key].format(one, two, *(100 * (2.0**v - 1) for v in (one, two))) if apart else ""
    return Difference(level, size, words, {key: one, f"{key}_of_others": two, f"{key}_distance": distance})


def _unsaid(found: Difference) -> Difference:
    return Difference(found.level, found.size, "", found.observed)


def _effects(of: Measured) -> dict[str, F64]:
    """How far each row is changed, without signs; NaN where that is not known."""
    if not of.before:
        return {"change": of.change}
    with np.errstate(divide="ignore", invalid="ignore"):
        contrast = np.abs(np.log2(of.after["contrast"] / of.before["contrast"]))
    return {
        "turn": np.abs(of.turn),
        "brightness": np.abs(of.after["brightness"] - of.before["brightness"]),
        "contrast": contrast,
        "change": of.change,
    }

"""Histograms of an audit as SVG paths: before as a filled shape, after as a line over it; shares of the rows of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pipeline.audit import Side, cropped, reach_of
from pipeline.wording import percent

if TYPE_CHECKING:
    from components.augmentation_record import Group, Histogram

#: Units of the drawing, see the macro `histogram`.
WIDTH, HEIGHT, BOTTOM = 220.0, 96.0, 76.0
#: Property -> what it is called, and its unit.
PROPERTIES = {
    "turn": ("turned by", "°"),
    "orientation": ("direction of edges", "°"),
    "brightness": ("brightness", ""),
    "contrast": ("contrast", ""),
}
#: Classes that are drawn beside those that a finding names.
MOST = 20


@dataclass(frozen=True)
class Panel:
    """One histogram: the paths of both shapes (empty where there are no rows), the labels of the axis, and all of it in words."""

    title: str
    before: str
    after: str
    ticks: tuple[tuple[float, str, str], ...]
    told: str


@dataclass(frozen=True)
class Strip:
    """The histograms of one class or span."""

    title: str
    rows: int
    panels: tuple[Panel, ...]


@dataclass(frozen=True)
class Strips:
    """The histograms of an input: what findings name, each followed by all others together; then the classes, at most `MOST`."""

    flagged: tuple[Strip, ...]
    classes: tuple[Strip, ...]
    left_out: int


def strips(sides: Sequence[Side]) -> Strips | None:
    """The histograms of an input; None when it has none (numbers)."""
    if not any(s.group.histograms for s in sides):
        return None
    reach = reach_of([s.group.histograms["turn"] for s in sides])
    tallest = {p: max(_tallest(s.group.histograms[p], p, reach) for s in sides) for p in PROPERTIES}
    flagged: list[Strip] = []
    for side in (s for s in sides if s.flagged):
        word = side.title.split()[0]
        others = [s for s in sides if s.title != side.title and s.title.split()[0] == word]
        flagged += [_strip(side.title, side.group, reach, tallest)]
        if others:
            flagged += [_strip(f"all others, by {word}", _together([s.group for s in others]), reach, tallest)]
    classes = [s for s in sides if s.title.startswith("class ")]
    shown = tuple(_strip(s.title, s.group, reach, tallest) for s in classes[:MOST])
    return Strips(tuple(flagged), shown, max(0, len(classes) - MOST))


def _together(groups: Sequence[Group]) -> Group:
    def added(name: str, side: str) -> list[int]:
        return [sum(c) for c in zip(*(getattr(g.histograms[name], side) for g in groups), strict=True)]

    histograms = {
        name: h.model_copy(update={"before": added(name, "before"), "after": added(name, "after")})
        for name, h in groups[0].histograms.items()
    }
    return groups[0].model_copy(update={"rows": sum(g.rows for g in groups), "histograms": histograms})


def _strip(title: str, group: Group, reach: int, tallest: dict[str, float]) -> Strip:
    panels = [_panel(title, p, _shown(group.histograms[p], p, reach), tallest[p]) for p in PROPERTIES]
    return Strip(title, group.rows, tuple(panels))


def _shown(histogram: Histogram, name: str, reach: int) -> Histogram:
    return cropped(histogram, reach) if name == "turn" else histogram


def _tallest(histogram: Histogram, name: str, reach: int) -> float:
    shown = _shown(histogram, name, reach)
    return max([*_shares(shown.before), *_shares(shown.after)], default=0.0)


def _shares(counts: Sequence[int]) -> list[float]:
    total = sum(counts)
    return [n / total for n in counts] if total else []


def _panel(title: str, name: str, histogram: Histogram, tallest: float) -> Panel:
    called, unit = PROPERTIES[name]
    before, after = _shares(histogram.before), _shares(histogram.after)
    high = histogram.low + histogram.step * len(histogram.after)
    middle = (histogram.low + high) // 2
    ticks = (
        (0.0, "start", f"{histogram.low}{unit}"),
        (WIDTH / 2, "mid", f"{middle}{unit}"),
        (WIDTH, "end", f"{high}{unit}"),
    )
    told = [
        f"{word} {_most(shares, histogram, unit)}" for word, shares in (("before", before), ("after", after)) if shares
    ]
    words = f"{title}, {called}: " + ("; ".join(told) or "of no row known") + "."
    return Panel(called, _steps(before, tallest), _steps(after, tallest), ticks, words)


def _most(shares: Sequence[float], histogram: Histogram, unit: str) -> str:
    """Where most rows are: ``most rows (43 %) from -5° to 5°``."""
    at = max(range(len(shares)), key=lambda i: shares[i])
    low = histogram.low + at * histogram.step
    return f"most rows ({percent(shares[at])}) from {low}{unit} to {low + histogram.step}{unit}"


def _steps(shares: Sequence[float], tallest: float) -> str:
    """The outline of bars that stand side by side, as an SVG path from the axis to the axis."""
    if not shares or not tallest:
        return ""
    step = WIDTH / len(shares)
    bars = "".join(f"V{BOTTOM - s / tallest * (BOTTOM - 4):.1f}H{(i + 1) * step:.1f}" for i, s in enumerate(shares))
    return f"M0 {BOTTOM:g}{bars}V{BOTTOM:g}"

"""The charts of predicted amounts: predicted against true, and the histogram of how far off they are. Geometry only."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.report.charts import LEFT, RIGHT, TOP, WIDTH, Tick, nice_ticks, padded
from pipeline.wording import number
from schemas.evidence import Residuals

HEIGHT = 200.0
BOTTOM = HEIGHT - 28


@dataclass(frozen=True)
class Group:
    """Rows of about the same amount: its place, and the ends of what 80 % of them are given (y)."""

    x: float
    y: float
    low: float
    high: float


@dataclass(frozen=True)
class Against:
    """Predicted (up) against true (right); `ideal` is the line on which both are equal, as SVG points."""

    groups: tuple[Group, ...]
    ideal: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    told: str


@dataclass(frozen=True)
class Histogram:
    """Bars as x, y, width, height; `zero` is the x of an error of 0."""

    bars: tuple[tuple[float, float, float, float], ...]
    zero: float
    x_ticks: tuple[Tick, ...]
    told: str


def against(of: Residuals) -> Against:
    """The groups on two axes of the same range."""
    low, high = padded(min(*of.true, *of.low), max(*of.true, *of.high))

    def share(value: float) -> float:
        return (value - low) / (high - low)

    def x_of(value: float) -> float:
        return round(LEFT + share(value) * (WIDTH - LEFT - RIGHT), 1)

    def y_of(value: float) -> float:
        return round(BOTTOM - share(value) * (BOTTOM - TOP), 1)

    groups = tuple(
        Group(x_of(t), y_of(p), y_of(a), y_of(b))
        for t, p, a, b in zip(of.true, of.predicted, of.low, of.high, strict=True)
    )
    ticks = nice_ticks(low, high)
    told = "; ".join(f"{number(t)} is given as {number(p)}" for t, p in zip(of.true, of.predicted, strict=True))
    return Against(
        groups,
        f"{x_of(low)},{y_of(low)} {x_of(high)},{y_of(high)}",
        tuple((x_of(t), number(t)) for t in ticks),
        tuple((y_of(t), number(t)) for t in ticks),
        f"On average: {told}.",
    )


def histogram(of: Residuals) -> Histogram:
    """Rows by how far off they are; the highest bar is as high as the chart."""
    first, last, most = of.edges[0], of.edges[-1], max(of.counts) or 1

    def x_of(value: float) -> float:
        return round(LEFT + (value - first) / (last - first) * (WIDTH - LEFT - RIGHT), 1)

    bars = []
    for left, right, rows in zip(of.edges, of.edges[1:], of.counts, strict=False):
        height = round(rows / most * (BOTTOM - TOP), 1)
        bars.append((x_of(left), round(BOTTOM - height, 1), round(x_of(right) - x_of(left) - 1, 1), height))
    told = f"{number(sum(of.counts))} rows, from {number(first)} or less to {number(last)} or more."
    return Histogram(tuple(bars), x_of(0.0), tuple((x_of(t), number(t)) for t in nice_ticks(first, last)), told)

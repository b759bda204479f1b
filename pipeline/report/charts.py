"""The geometry of the charts, in SVG units. Only numbers and short labels; the template draws them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.wording import interval, metric_value, number
from schemas.evidence import MetricValue
from schemas.run_record import Training

WIDTH, LEFT, RIGHT, TOP = 420.0, 46.0, 12.0, 14.0
Tick = tuple[float, str]


@dataclass(frozen=True)
class Line:
    """One curve: its name, its CSS class, its unbroken parts as SVG points, and its single points."""

    name: str
    style: str
    parts: tuple[str, ...]
    dots: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Chart:
    """Curves over epochs. `bottom` is the y of the axis; `mark` the x of the best epoch, `stop` that of the last one where training was
    stopped early."""

    height: float
    bottom: float
    lines: tuple[Line, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    mark: float | None
    told: str
    stop: float | None = None


@dataclass(frozen=True)
class Bar:
    """One model in a comparison: name, centre, ends of the interval (x), y, and the numbers as text."""

    name: str
    x: float
    low: float
    high: float
    y: float
    text: str


@dataclass(frozen=True)
class Forest:
    """Values with their intervals on one axis."""

    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    told: str


def curves_chart(training: Training) -> Chart:
    """Loss on train and eval over epochs."""
    train = [e.train_loss if e.train_loss is not None else e.loss for e in training.epochs]
    evaluated = [e.val_loss for e in training.epochs]
    told = f"Loss over {len(train)} epochs: train from {_ends(train)}, eval from {_ends(evaluated)}. Best epoch: {training.best_epoch}."
    if _stopped_early(training):
        told += f" Stopped early after epoch {training.epochs[-1].epoch}."
    return _chart(training, [("train", "train", train), ("eval", "eval", evaluated)], 200.0, told)


def rate_chart(training: Training) -> Chart | None:
    """Learning rate over epochs, on a logarithmic axis; None when it was not recorded."""
    rates = [e.learning_rate for e in training.epochs]
    if not any(r is not None and r > 0 for r in rates):
        return None
    logs = [math.log10(r) if r is not None and r > 0 else None for r in rates]
    return _chart(training, [("learning rate", "rate", logs)], 90.0, f"Learning rate from {_ends(rates)}.", powers=True)


def forest(values: Sequence[tuple[str, MetricValue]]) -> Forest | None:
    """Values with intervals, one below the other; None when any value is undefined."""
    known = [(name, v, v.value) for name, v in values if v.value is not None and math.isfinite(v.value)]
    if len(known) < len(values):
        return None
    ends = [x for _, v, at in known for x in (v.low, at, v.high) if x is not None]
    low, high = padded(min(ends), max(ends))
    left, right = 92.0, WIDTH - 20

    def place(x: float) -> float:
        return round(left + (x - low) / (high - low) * (right - left), 1)

    bars = [
        Bar(
            name,
            place(at),
            place(at if v.low is None else v.low),
            place(at if v.high is None else v.high),
            22.0 + 36 * index,
            metric_value(v),
        )
        for index, (name, v, at) in enumerate(known)
    ]
    told = "; ".join(f"{name} {metric_value(v)}, 95 % {interval(v)}" for name, v, _ in known)
    return Forest(tuple(bars), tuple((place(t), number(t)) for t in nice_ticks(low, high, 4)), told + ".")


def trend(shares: Sequence[float | None], width: float = 90, height: float = 22) -> Line:
    """Shares (0 to 1) over spans as a small curve; its axis begins at 0 and ends at 10 % or, if higher, the maximum."""
    top = max([0.1, *(s for s in shares if s is not None)])
    step = (width - 6) / max(1, len(shares) - 1)
    points = [None if s is None else (3 + i * step, height - 3 - s / top * (height - 6)) for i, s in enumerate(shares)]
    return line_of("", "trend", points)


def course(values: Sequence[float | None], width: float = 90, height: float = 22) -> Line:
    """Values over spans as a small curve from the lowest to the highest; where they are all about the same it is flat."""
    known = [v for v in values if v is not None and math.isfinite(v)] or [0.0]
    low, high = min(known), max(known)
    if high - low < 0.05 * max(abs(low), abs(high)):
        middle, half = (low + high) / 2, 0.025 * max(abs(low), abs(high)) or 0.5
        low, high = middle - half, middle + half
    step = (width - 6) / max(1, len(values) - 1)
    points = [
        None
        if v is None or not math.isfinite(v)
        else (3 + i * step, height - 3 - (v - low) / (high - low) * (height - 6))
        for i, v in enumerate(values)
    ]
    return line_of("", "trend", points)


def nice_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers within a range, at most `most`."""
    rough = (high - low) / max(1, most - 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next((f * power for f in (1, 2, 2.5, 5) if f * power >= rough), 10 * power)
    first = math.ceil(low / step - 1e-9)
    return [round((first + i) * step, 12) for i in range(most + 1) if (first + i) * step <= high + step * 1e-9][:most]


def _chart(
    training: Training,
    series: Sequence[tuple[str, str, Sequence[float | None]]],
    height: float,
    told: str,
    powers: bool = False,
) -> Chart:
    numbers = [e.epoch for e in training.epochs]
    values = [v for _, _, line in series for v in line if v is not None and math.isfinite(v)] or [0.0]
    low, high = padded(min(values), max(values))
    bottom, first, last = height - 28, min(numbers, default=1), max(numbers, default=1)

    def x_of(epoch: float) -> float:
        return round(LEFT + (epoch - first) / max(1, last - first) * (WIDTH - LEFT - RIGHT), 1)

    def y_of(value: float) -> float:
        return round(bottom - (value - low) / (high - low) * (bottom - TOP), 1)

    lines = []
    for name, style, line in series:
        known = [None if v is None or not math.isfinite(v) else v for v in line]
        points = [None if v is None else (x_of(n), y_of(v)) for n, v in zip(numbers, known, strict=True)]
        lines.append(line_of(name, style, points))
    ticks = [p for p in range(math.floor(low), math.ceil(high) + 1) if low <= p <= high] if powers else []
    y_ticks = [(y_of(p), number(10.0**p)) for p in ticks] or [
        (y_of(t), number(10.0**t, 2) if powers else number(t, 3)) for t in nice_ticks(low, high, 2 if powers else 5)
    ]
    x_ticks = [(x_of(t), f"{t:.0f}") for t in nice_ticks(first, last, 8) if t == int(t)] if last > first else []
    mark = x_of(training.best_epoch) if training.best_epoch in numbers else None
    stop = x_of(last) if _stopped_early(training) else None
    x_ticks = x_ticks or [(x_of(first), str(first))]
    return Chart(height, bottom, tuple(lines), tuple(x_ticks), tuple(y_ticks), mark, told, stop)


def _stopped_early(training: Training) -> bool:
    return bool(training.epochs) and training.stopped == "early_stopping"


def line_of(name: str, style: str, points: Sequence[tuple[float, float] | None]) -> Line:
    """Splits a curve where a value is missing: a gap is shown as a gap, a lone value as a dot."""
    parts: list[list[tuple[float, float]]] = [[]]
    for point in points:
        if point is None:
            parts.append([])
        else:
            parts[-1].append(point)
    texts = [" ".join(f"{x:.1f},{y:.1f}" for x, y in part) for part in parts if len(part) > 1]
    return Line(name, style, tuple(texts), tuple(part[0] for part in parts if len(part) == 1))


def padded(low: float, high: float) -> tuple[float, float]:
    """A little more than a range, so that no mark touches the frame."""
    extent = high - low
    if extent <= 0:
        return low - (abs(low) * 0.1 or 0.5), high + (abs(high) * 0.1 or 0.5)
    return low - extent * 0.06, high + extent * 0.06


def _ends(values: Sequence[float | None]) -> str:
    known = [v for v in values if v is not None]
    return f"{number(known[0], 3)} to {number(known[-1], 3)}" if known else "no value"

"""The course of metrics and of findings' statistics over spans, as geometry for SVG and as tables. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from pipeline.report.charts import LEFT, RIGHT, TOP, WIDTH, Tick, line_of, nice_ticks, padded
from pipeline.ui.index import Measured, RunLine
from pipeline.wording import interval, metric_name, metric_value, number
from schemas.evidence import MetricValue
from schemas.findings import Severity
from schemas.run_record import Status

HEIGHT = 190.0
BOTTOM = HEIGHT - 30
#: Labels on the axis of spans: more run into each other on a small screen.
LABELS = 6
#: Rows of a table of statistics; the rest is counted.
MOST = 40


@dataclass(frozen=True)
class Mark:
    """One point: its place, what it looks like (``good``, ``held``, ``bad``), and what it says."""

    x: float
    y: float
    style: str
    told: str


@dataclass(frozen=True)
class Plot:
    """A curve over spans, with marks, and the ends of its intervals as vertical lines (x, low, high)."""

    lines: tuple[str, ...]
    bars: tuple[tuple[float, float, float], ...]
    marks: tuple[Mark, ...]
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    told: str


@dataclass(frozen=True)
class Point:
    """A value of one span.

    Attributes:
        style: ``good``, ``held`` or ``bad``.
        why: what the style stands for, in words.
    """

    span: int
    value: float
    low: float | None
    high: float | None
    style: str
    why: str
    text: str
    run_id: str


@dataclass(frozen=True)
class Course:
    """A named course with its plot, oldest span first."""

    name: str
    plot: Plot
    points: tuple[Point, ...]


@dataclass(frozen=True)
class StatisticRow:
    """The course of one statistic as a row of a table: sparkline, newest and highest."""

    subject: str
    spark: tuple[float | None, ...]
    newest: Point
    highest: Point
    told: str


@dataclass(frozen=True)
class StatisticTable:
    """All subjects of one code; `more` were left out."""

    code: str
    rows: tuple[StatisticRow, ...]
    more: int


def metric_courses(lines: Sequence[RunLine], spans: int) -> list[Course]:
    """Every metric over the newest `spans` spans; where a span was trained on more than once, its newest run counts.

    Args:
        lines: newest first.
    """
    shown = _spans(lines, spans)
    found: dict[str, dict[int, Point]] = defaultdict(dict)
    for line in lines:
        if line.span not in shown or line.status is None:
            continue
        for metric, value in line.metrics.items():
            if value.value is not None and value.value == value.value:
                found[metric].setdefault(line.span, _metric_point(line, line.span, value, value.value))
    return [_course(metric_name(m), sorted(of.values(), key=lambda p: p.span)) for m, of in found.items()]


def _metric_point(line: RunLine, span: int, value: MetricValue, at: float) -> Point:
    style = "good" if line.status is Status.PUSHED else line.tone
    ends = interval(value)
    text = metric_value(value) + ("" if ends == "–" else f" (95 % {ends})")
    return Point(span, at, value.low, value.high, style, line.outcome, text, line.run_id)


def _spans(lines: Sequence[RunLine], most: int) -> set[int]:
    return set(sorted({line.span for line in lines if line.span is not None})[-most:])


def _course(name: str, points: Sequence[Point]) -> Course:
    return Course(name, plot(name, points), tuple(points))


def plot(name: str, points: Sequence[Point]) -> Plot:
    """The geometry of a course. Spans are one step apart, whatever their numbers: some are dates."""
    ends = [x for p in points for x in (p.low, p.value, p.high) if x is not None] or [0.0]
    low, high = padded(min(ends), max(ends))
    step = (WIDTH - LEFT - RIGHT - 16) / max(1, len(points) - 1)

    def x_of(index: int) -> float:
        return round(LEFT + 8 + index * step, 1)

    def y_of(value: float) -> float:
        return round(BOTTOM - (value - low) / (high - low) * (BOTTOM - TOP), 1)

    places = [(x_of(i), y_of(p.value)) for i, p in enumerate(points)]
    every = max(1, -(-len(points) // LABELS))
    return Plot(
        lines=line_of(name, "trend", list(places)).parts,
        bars=tuple(
            (x_of(i), y_of(p.low), y_of(p.high))
            for i, p in enumerate(points)
            if p.low is not None and p.high is not None
        ),
        marks=tuple(
            Mark(x, y, p.style, f"span {p.span}: {p.text}, {p.why}") for (x, y), p in zip(places, points, strict=True)
        ),
        x_ticks=tuple((x_of(i), str(p.span)) for i, p in enumerate(points) if (len(points) - 1 - i) % every == 0),
        y_ticks=tuple((y_of(t), number(t, 3)) for t in nice_ticks(low, high, 5)),
        told=_told(name, [p.span for p in points], [p.value for p in points]),
    )


def _told(name: str, spans: Sequence[int], values: Sequence[float]) -> str:
    if not values:
        return f"{name}: no value."
    return (
        f"{name} over {len(values)} spans: {number(values[0], 3)} in span {spans[0]}, {number(values[-1], 3)} in span {spans[-1]}; "
        f"lowest {number(min(values), 3)}, highest {number(max(values), 3)}."
    )


STYLES = {Severity.OK: "good", Severity.WARN: "held", Severity.BLOCK: "bad"}


class Seen(NamedTuple):
    """A statistic of one span: made by the ten thousands, so what is shown of it is made later."""

    span: int
    run_id: str
    of: Measured

    @property
    def point(self) -> Point:
        """What is shown of it."""
        severity = self.of.severity
        text = number(self.of.value, 3)
        return Point(self.span, self.of.value, None, None, STYLES[severity], severity.value, text, self.run_id)


def _statistics(
    lines: Sequence[RunLine], spans: int, wanted: Callable[[str, str], bool]
) -> dict[tuple[str, str], list[Seen]]:
    """(code, subject) -> its values, oldest first; of each span, the newest run that measured it."""
    shown = _spans(lines, spans)
    oldest = min(shown, default=0)
    found: dict[tuple[str, str], dict[int, Seen]] = defaultdict(dict)
    for line in lines:
        # A run reads no spans after its own, so one before the oldest that is shown has nothing to say.
        if line.span is not None and line.span < oldest:
            continue
        for m in line.measured:
            span = m.span if m.span is not None else line.span
            if span is not None and span in shown and m.value == m.value and wanted(m.code, m.subject):
                found[m.code, m.subject].setdefault(span, Seen(span, line.run_id, m))
    return {key: [of[span] for span in sorted(of)] for key, of in found.items()}


def statistic_tables(lines: Sequence[RunLine], spans: int, text: str = "") -> list[StatisticTable]:
    """Every statistic as a row, a table a code; what warns or blocks in its newest span comes first.

    Args:
        text: part of a subject or code; others are left out.
    """
    by_code: dict[str, list[StatisticRow]] = defaultdict(list)
    wanted = text.casefold()
    fits = (lambda code, subject: wanted in subject.casefold() or wanted in code.casefold()) if wanted else _any
    for (code, subject), seen in _statistics(lines, spans, fits).items():
        by_code[code].append(_row(subject, seen))
    tables = []
    for code, rows in by_code.items():
        rows.sort(key=lambda r: (-_rank(r), -r.newest.span, -abs(r.newest.value), r.subject))
        tables.append(StatisticTable(code, tuple(rows[:MOST]), max(0, len(rows) - MOST)))
    return sorted(tables, key=lambda t: (-_rank(t.rows[0]), t.code))


def _rank(row: StatisticRow) -> int:
    return ("good", "held", "bad").index(row.newest.style)


def _any(code: str, subject: str) -> bool:
    return True


def _row(subject: str, seen: Sequence[Seen]) -> StatisticRow:
    values = [s.of.value for s in seen]
    highest = seen[values.index(max(values))].point
    newest = seen[-1].point
    return StatisticRow(subject, tuple(values), newest, highest, _told(subject, [s.span for s in seen], values))


def statistic_courses(lines: Sequence[RunLine], spans: int, subject: str) -> list[Course]:
    """Every statistic about one subject, by code."""
    found = _statistics(lines, spans, lambda code, about: about == subject)
    return [_course(code, [s.point for s in found[code, about]]) for code, about in sorted(found)]


def spark_points(values: Sequence[float | None], width: float = 90, height: float = 22) -> tuple[str, ...]:
    """A sparkline between its own lowest (or zero) and highest value."""
    known = [v for v in values if v is not None]
    low, high = min([0.0, *known]), max([0.0, *known])
    extent = (high - low) or 1.0
    step = (width - 6) / max(1, len(values) - 1)
    places = [
        None if v is None else (3 + i * step, height - 3 - (v - low) / extent * (height - 6))
        for i, v in enumerate(values)
    ]
    return line_of("", "trend", places).parts

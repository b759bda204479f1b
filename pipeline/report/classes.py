"""The charts of a classifier: ROC, precision over recall, reliability, and the confusion matrix. Geometry and cells only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.report.charts import LEFT, RIGHT, TOP, WIDTH, Chart, Line
from pipeline.wording import number, percent
from schemas.plots import Curve, ModelPlots, Plots

HEIGHT = 240.0
BOTTOM = HEIGHT - 28
TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
#: Rates at which a curve is put into words.
RATES = {"roc": (0.05, 0.1, 0.2), "pr": (0.25, 0.5, 0.75, 0.95)}
#: Shades of a cell of the matrix: from none to almost all rows of the class.
SHADES = 5
#: With more classes than this, shares are on the diagonal only, so that it fits on a screen.
WIDE = 4


@dataclass(frozen=True)
class Drawn:
    """One chart with its heading; `ideal` says what the dotted line is, empty without one."""

    id: str
    title: str
    caption: str
    ideal: str
    chart: Chart


@dataclass(frozen=True)
class Cell:
    """Rows of a class that are taken for another (or for it): number, share of the class, that of the champion, and a shade 0 to 4; texts
    may be empty."""

    rows: str
    share: str
    champion: str
    shade: int


@dataclass(frozen=True)
class Matrix:
    """The confusion matrix: a line for each class, a column for each answer."""

    classes: tuple[str, ...]
    lines: tuple[tuple[str, tuple[Cell, ...]], ...]


def charts(plots: Plots) -> tuple[Drawn, ...]:
    """What there is of ROC, precision over recall, and reliability; the candidate and, where there is one, the champion."""
    two = len(plots.classes) == 2
    of = f"class {plots.classes[1]}" if two else "each class against the rest, mean"
    sure = f"class {plots.classes[1]}" if two else "the likeliest class"
    models = [("this run", "train", plots.candidate)]
    models += [("champion", "eval", plots.champion)] if plots.champion else []
    found = [
        _curves("roc", models, f"ROC, {of}", "True positive rate (up) over false positive rate (right)", "by chance"),
        _curves("pr", models, f"Precision and recall, {of}", "Precision (up) over recall (right)", ""),
        _reliability(models, f"Reliability, {sure}"),
    ]
    return tuple(drawn for drawn in found if drawn)


def matrix(plots: Plots) -> Matrix | None:
    """The cells of the candidate's matrix; None where there are too many classes."""
    if not plots.candidate.confusion:
        return None
    old = plots.champion.confusion if plots.champion else []
    lines = []
    for index, counts in enumerate(plots.candidate.confusion):
        before = old[index] if old else []
        brief = {at for at in range(len(counts)) if at != index and len(counts) > WIDE}
        lines.append((plots.classes[index], tuple(_cell(counts, before, at, at in brief) for at in range(len(counts)))))
    return Matrix(tuple(plots.classes), tuple(lines))


def _cell(counts: Sequence[int], before: Sequence[int], at: int, brief: bool) -> Cell:
    total, total_before = sum(counts), sum(before)
    share = counts[at] / total if total else 0.0
    return Cell(
        number(counts[at]),
        "" if brief else percent(share) if total else "–",
        percent(before[at] / total_before) if total_before and not brief else "",
        min(SHADES - 1, int(share * SHADES)),
    )


def _curves(
    name: str, models: Sequence[tuple[str, str, ModelPlots]], title: str, axes: str, ideal: str
) -> Drawn | None:
    curves = [(called, style, getattr(plots, name)) for called, style, plots in models]
    known = [(called, style, curve) for called, style, curve in curves if curve is not None]
    if not known:
        return None
    lines = [Line(called, style, (_points(curve.x, curve.y),), ()) for called, style, curve in known]
    told = " ".join(f"{called[0].upper()}{called[1:]}: {_told(name, curve)}." for called, _, curve in known)
    return Drawn(name, title, axes, ideal, _square([*_diagonal(ideal), *lines], told))


def _told(name: str, curve: Curve) -> str:
    up, right = ("true positive rate", "false positive rate") if name == "roc" else ("precision", "recall")
    return "; ".join(f"{up} {percent(_at(curve, x))} at {right} {percent(x)}" for x in RATES[name])


def _at(curve: Curve, x: float) -> float:
    """The curve at an x, straight between its points."""
    for (a, low), (b, high) in pairwise(zip(curve.x, curve.y, strict=True)):
        if a <= x <= b and b > a:
            return low + (high - low) * (x - a) / (b - a)
    return curve.y[-1]


def _reliability(models: Sequence[tuple[str, str, ModelPlots]], title: str) -> Drawn | None:
    known = [(called, style, plots.reliability) for called, style, plots in models if plots.reliability]
    if not known:
        return None
    lines, told = [], []
    for called, style, found in known:
        dots = tuple(_place(x, y) for x, y in zip(found.probability, found.share, strict=True))
        lines.append(Line(called, style, (_points(found.probability, found.share),), dots))
        words = (f"{percent(p)} is {percent(s)}" for p, s in zip(found.probability, found.share, strict=True))
        told.append(f"{called[0].upper()}{called[1:]}, what it gives and what is: {'; '.join(words)}.")
    ideal = "as it should be"
    axes = "Share that is of it (up) by the probability given (right), groups of test rows"
    return Drawn("reliability", title, axes, ideal, _square([*_diagonal(ideal), *lines], " ".join(told)))


def _diagonal(name: str) -> list[Line]:
    return [Line(name, "ideal", (_points((0.0, 1.0), (0.0, 1.0)),), ())] if name else []


def _square(lines: Sequence[Line], told: str) -> Chart:
    """Lines on two axes from 0 to 1."""
    x_ticks = tuple((_place(t, 0)[0], number(t)) for t in TICKS)
    y_ticks = tuple((_place(0, t)[1], number(t)) for t in TICKS)
    return Chart(HEIGHT, BOTTOM, tuple(lines), x_ticks, y_ticks, None, told)


def _place(x: float, y: float) -> tuple[float, float]:
    return round(LEFT + x * (WIDTH - LEFT - RIGHT), 1), round(BOTTOM - y * (BOTTOM - TOP), 1)


def _points(x: Sequence[float], y: Sequence[float]) -> str:
    return " ".join("{:.1f},{:.1f}".format(*_place(a, b)) for a, b in zip(x, y, strict=True))

"""Small helpers around rich: tables whose cells are never read as markup, and bars of text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from pipeline.wording import clean
from schemas.findings import Severity

SEVERITY_STYLES = {Severity.OK: "green", Severity.WARN: "yellow", Severity.BLOCK: "bold red"}
BARS = "▁▂▃▄▅▆▇█"
Cell = Text | str


def cell(value: Cell) -> Text:
    """The value as text that cannot be taken for markup or for control sequences."""
    return value if isinstance(value, Text) else Text(clean(value))


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> RenderableType:
    """A titled table. A column is aligned right with ``>`` before its name and stays whole with ``!``; others fold."""
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1, 0, 0))
    for column in columns:
        right, whole = column.startswith(">"), column.startswith("!")
        name = column.removeprefix(">").removeprefix("!")
        made.add_column(name, justify="right" if right else "left", overflow="fold", no_wrap=whole)
    for row in rows:
        made.add_row(*(cell(value) for value in row))
    return Group(Text(title, "bold"), made, Text())


def fields(title: str, pairs: Iterable[tuple[str, Cell]]) -> RenderableType:
    """Names with their values, below a title."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(style="dim", no_wrap=True)
    grid.add_column(overflow="fold")
    for name, value in pairs:
        grid.add_row(Text(clean(name)), cell(value))
    return Group(Text(title, "bold"), grid, Text())


def note(text: str) -> RenderableType:
    """A sentence of its own."""
    return Text(clean(text))


def sparkline(
    values: Sequence[float | None], width: int = 40, floor: float | None = None, least: float | None = None
) -> str:
    """Values as a line of bars; a blank where there is no number.

    Args:
        floor: where the bars begin; None for the lowest value.
        least: where they end unless a value is higher, so that next to nothing looks like it; None for the highest value.
    """
    if len(values) > width:
        values = [values[i * len(values) // width] for i in range(width)]
    known = [v for v in values if v is not None and math.isfinite(v)]
    if not known:
        return ""
    low = min(known) if floor is None else floor
    extent = max(known if least is None else [*known, least]) - low
    top = len(BARS) - 1
    levels = [
        None if v is None or not math.isfinite(v) else round((v - low) / extent * top) if extent > 0 else 0
        for v in values
    ]
    return "".join(" " if level is None else BARS[level] for level in levels)

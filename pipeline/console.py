"""What a person sees while a run works: `RunDisplay`, live in a terminal, one line per change elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pipeline.audit import SHEETS, audit_folder
from pipeline.explain import explanation_of
from pipeline.wording import (
    STAGE_GLYPHS,
    STATUS_TONES,
    TONE_GLYPHS,
    by_augmentation,
    clean,
    duration,
    nearest_path,
)
from schemas.run_record import RunRecord, StageState

STATE_STYLES = {
    StageState.PENDING: "dim",
    StageState.RUNNING: "cyan",
    StageState.DONE: "green",
    StageState.CACHED: "blue",
    StageState.BLOCKED: "bold yellow",
    StageState.FAILED: "bold red",
}
TONE_STYLES = {"good": "bold green", "held": "bold yellow", "bad": "bold red", "idle": "bold"}
ASCII = {"✓": "+", "■": "#", "✗": "x", "▸": ">", "·": ".", "–": "-", "=": "=", "!": "!"}


@dataclass
class _Line:
    state: StageState = StageState.PENDING
    seconds: float | None = None
    since: float | None = None


class RunDisplay:
    """Shows the stages of a run, then its verdict.

    Args:
        stages: names, in their order; a name that comes up later is added at the end.
        file: where to write; default is standard error. Give the real one when standard error is redirected.

    Use as a context manager, so that a terminal is left in order whatever happens.
    """

    def __init__(self, stages: Iterable[str], file: TextIO | None = None):
        self._console = make_console(file or sys.stderr)
        self._lines = {name: _Line() for name in stages}
        self._live: Live | None = None

    def __enter__(self) -> RunDisplay:
        if self._console.is_terminal:
            # Streams are not redirected: the frameworks' output goes to the log, by other means.
            self._live = Live(
                get_renderable=self._table,
                console=self._console,
                refresh_per_second=5,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stage(self, name: str, state: StageState, seconds: float | None = None) -> None:
        """A stage has changed its state; `seconds` is its wall time when it has ended."""
        line = self._lines.setdefault(name, _Line())
        changed = line.state is not state
        line.since = time.monotonic() if state is StageState.RUNNING and changed else line.since
        line.state, line.seconds = state, seconds
        if self._live is not None:
            self._live.refresh()
        elif changed:
            self._console.print(self._row(name, line), soft_wrap=True)

    def message(self, text: str) -> None:
        """A sentence beside the stages."""
        self._console.print(Text(clean(text)), soft_wrap=True)

    def stop(self) -> None:
        """Ends the live view; what is shown stays. May be called twice."""
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def finish(self, record: RunRecord) -> None:
        """Ends the live view and prints the verdict."""
        self.stop()
        print_verdict(record, self._console)

    def _row(self, name: str, line: _Line) -> Text:
        """One stage as a line, for output that is no terminal."""
        time_ = "" if line.seconds is None else f"  {duration(line.seconds)}"
        return Text(f"{glyph(STAGE_GLYPHS[line.state], self._console)} {clean(name):<18} {line.state.value}{time_}")

    def _table(self) -> Table:
        table = Table.grid(padding=(0, 2))
        for name, line in self._lines.items():
            style = STATE_STYLES[line.state]
            running = line.state is StageState.RUNNING and line.since is not None
            seconds = time.monotonic() - line.since if running and line.since is not None else line.seconds
            mark = glyph(STAGE_GLYPHS[line.state], self._console)
            shown = "" if seconds is None else duration(seconds)
            table.add_row(Text(mark, style), Text(clean(name)), Text(line.state.value, style), Text(shown, "dim"))
        return table


def make_console(file: TextIO) -> Console:
    """A console without rich's own reading of names and numbers; plain where the file is no terminal."""
    return Console(file=file, highlight=False, markup=False, emoji=False)


def glyph(mark: str, console: Console) -> str:
    """The mark, or an ASCII one where the output cannot carry it."""
    return mark if console.encoding.startswith("utf") else ASCII[mark]


def print_verdict(record: RunRecord, console: Console | None = None) -> None:
    """What happened, why, what to do, and where things are. Default: on standard error."""
    console = console or make_console(sys.stderr)
    console.print(verdict_view(record, console), soft_wrap=not console.is_terminal)


def verdict_view(record: RunRecord, console: Console) -> RenderableType:
    """The verdict as something that rich can print."""
    told, tone = explanation_of(record), STATUS_TONES[record.status]
    mark = glyph(TONE_GLYPHS[tone], console)
    head = Text.assemble((f"{mark} ", TONE_STYLES[tone]), (clean(told.headline), TONE_STYLES[tone]))
    parts: list[RenderableType] = [Text(), head]
    parts += [_point("Why", s, console) for s in told.why]
    parts += [_point("Do", s, console) for s in told.remedies]
    audit = audit_folder(record) if by_augmentation(record) else None
    places = {
        "Model": record.pushed.path if record.pushed else None,
        "Sheets": str(audit / SHEETS) if audit else None,
        "Report": record.report,
    }
    parts += [_place(word, path) for word, path in places.items() if path]
    return Group(*parts, _place("Run", record.run_id))


def _point(word: str, sentence: str, console: Console) -> RenderableType:
    # A line that no terminal will wrap stays whole, so that it can be searched and copied.
    if not console.is_terminal:
        return Text(f"  {word:<8}{clean(sentence)}")
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=7)
    grid.add_column(overflow="fold")
    grid.add_row(Text(word, "dim"), Text(clean(sentence)))
    return Padding(grid, (0, 0, 0, 2))


def _place(word: str, path: str) -> Text:
    # Not wrapped by us: the terminal does it, and a copied path stays a path.
    return Text.assemble(("  " + f"{word:<8}", "dim"), clean(nearest_path(path)), overflow="ignore", no_wrap=True)

"""How read commands write: JSON or rich tables on standard output; a reader that stops reading is no error."""

from __future__ import annotations

import os
import sys
from typing import Any

from pipeline.record_json import to_json


def emit(text: str) -> None:
    """Writes to standard output; quiet when nobody reads on, as in ``retrain runs | head``."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        close_quietly()


def close_quietly() -> None:
    """Points standard output to nowhere, so that nothing complains about the closed pipe at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def emit_json(data: Any) -> None:
    """Writes models or plain data as one JSON document."""
    emit(to_json(data))


def emit_view(view: Any) -> None:
    """Writes what rich can print: coloured in a terminal, plain and at least 80 columns wide elsewhere."""
    from pipeline.console import make_console

    console = make_console(sys.stdout)
    if not console.is_terminal:
        console.width = max(console.width, 80)
    with console.capture() as captured:
        console.print(view)
    encoding = sys.stdout.encoding or "utf-8"
    lines = "\n".join(line.rstrip() for line in captured.get().splitlines()).rstrip("\n") + "\n"
    emit(lines.encode(encoding, "replace").decode(encoding))

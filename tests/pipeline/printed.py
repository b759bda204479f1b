"""What a person would see in a terminal of a given width."""

from __future__ import annotations

import io

from rich.console import RenderableType

from pipeline.console import make_console


def printed(view: RenderableType, width: int = 100) -> str:
    """The view as plain text."""
    file = io.StringIO()
    console = make_console(file)
    console.width = width
    console.print(view)
    return file.getvalue()

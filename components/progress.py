"""What a long stage has to say while it works: `tell` in the stage, `listen` in the process that shows it. Nobody need listen."""

from __future__ import annotations

from collections.abc import Callable

_listeners: list[Callable[[str, str], None]] = []


def listen(listener: Callable[[str, str], None]) -> None:
    """Calls `listener` with the stage and a sentence from now on, until the process ends."""
    _listeners.append(listener)


def tell(stage: str, sentence: str) -> None:
    """Passes a sentence on, and into the log."""
    print(f"{stage}: {sentence}", flush=True)
    for listener in _listeners:
        listener(stage, sentence)

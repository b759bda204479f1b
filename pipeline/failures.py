"""The one place where errors become exit codes and sentences (the contract in docs/architecture.md)."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Sequence
from typing import Any

import typer

from pipeline.errors import LockHeld, UsageError

#: What newer versions of typer return when a command was stopped by Ctrl-C.
CTRL_C = 130


def guarded(work: Callable[[], Any], words: Sequence[str]) -> int:
    """Runs a command, given with its command line `words`; whatever it raises becomes an exit code.

    With ``--json`` among the words, an error is a JSON object on standard output; otherwise lines on standard error.
    """
    # What follows "--" are values.
    options = set(words[: words.index("--")] if "--" in words else words)
    try:
        code = work()
        sys.stdout.flush()
    except BrokenPipeError:
        _close_output()
        return 1
    except (KeyboardInterrupt, typer.Abort):
        code = CTRL_C
    except Exception as error:
        return _report(error, options)
    if code == CTRL_C:
        return _say("interrupted", ["interrupted before the end."], 1, options)
    return code if isinstance(code, int) else 0


def _report(error: Exception, options: set[str]) -> int:
    from schemas.config import ConfigError

    if isinstance(error, ConfigError):
        return _say("config", error.problems, 2, options)
    if isinstance(error, UsageError):
        return _say("usage", error.problems, 2, options)
    if isinstance(error, LockHeld):
        return _say("locked", [str(error)], 5, options)
    if hasattr(error, "format_message") and hasattr(error, "exit_code"):
        # A usage error of click, whose classes typer has in different places in different versions. Without a message
        # it says that nothing was asked for, and help has been printed.
        if not error.format_message():
            return int(error.exit_code)
        return _say("usage", [error.format_message()], int(error.exit_code), options, hint=_usage(error))
    if "--debug" in options:
        traceback.print_exception(type(error), error, error.__traceback__)
    sentence = f"internal failure: {type(error).__name__}: {error}".rstrip(": ")
    return _say(
        "internal", [sentence], 1, options, hint="" if "--debug" in options else "Add --debug for the traceback."
    )


def _usage(error: Any) -> str:
    context = getattr(error, "ctx", None)
    return "" if context is None else str(context.get_usage())


def _say(kind: str, problems: list[str], code: int, options: set[str], hint: str = "") -> int:
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    if hint:
        print(hint, file=sys.stderr)
    if "--json" in options:
        from pipeline.commands.output import emit_json

        emit_json({"error": {"kind": kind, "problems": problems}})
    return code


def _close_output() -> None:
    from pipeline.commands.output import close_quietly

    close_quietly()

"""Writes what a benchmark has measured into a page of docs/, between its marks."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def put(page: Path, marks: tuple[str, str], made: str) -> None:
    """Replaces what stands between the marks."""
    text = page.read_text(encoding="utf-8")
    head, _, rest = text.partition(marks[0])
    page.write_text(head + "\n\n".join([marks[0], made, marks[1]]) + rest.partition(marks[1])[2], encoding="utf-8")


def table_over_seeds(
    about: str,
    seeds: int,
    cases: Sequence[Any],
    measure: Callable[[Any, int], list[str]],
    head: tuple[str, str],
    marks: tuple[str, str],
    told: str,
) -> int:
    """The command of a benchmark that measures some data sets over some seeds: ``[--seeds N] [--only NAME] [--output PAGE]``.

    Args:
        about: what it does.
        seeds: how many by default.
        cases: data sets, each with a `name`.
        measure: (case, seeds) -> lines of the table.
        head: the first two lines of the table.
        told: a sentence before the table, with ``{seeds}``.

    Returns:
        The exit code.
    """
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--seeds", type=int, default=seeds)
    parser.add_argument("--only", default="")
    parser.add_argument("--output", type=Path)
    words = parser.parse_args()
    lines = list(head)
    for case in cases:
        if words.only in case.name:
            lines += measure(case, words.seeds)
    if words.output:
        put(words.output, marks, told.format(seeds=words.seeds) + "\n\n" + "\n".join(lines))
    return 0

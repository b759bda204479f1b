"""What all builders of example data share: a folder that is there wholly or not at all, and a note of what it was made from."""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

#: Name of the note inside a generated folder.
RECIPE = "recipe.json"


def is_made(output: Path, recipe: Mapping[str, object]) -> bool:
    """Whether `output` was made from just this recipe (plain data; the version of the generator is a part of it)."""
    try:
        return bool(json.loads((output / RECIPE).read_text(encoding="utf-8")) == dict(recipe))
    except (OSError, ValueError):
        return False


@contextmanager
def replaced(output: Path, recipe: Mapping[str, object] | None = None) -> Iterator[Path]:
    """Yields an empty folder that takes the place of `output` when the block ends well, and vanishes when it does not.

    Args:
        output: what is there now is removed only if it holds nothing but spans and the recipe.
        recipe: is kept in the folder for `is_made`.

    Raises:
        FileExistsError: when `output` holds anything else, which no builder has made.
    """
    _refuse_foreign(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{output.name}-", dir=output.parent))
    new, old = temporary / "new", temporary / "old"
    try:
        new.mkdir()
        yield new
        if recipe is not None:
            (new / RECIPE).write_text(json.dumps(dict(recipe), indent=1) + "\n", encoding="utf-8")
        if output.exists():
            output.rename(old)
        new.rename(output)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _refuse_foreign(output: Path) -> None:
    if not output.exists():
        return
    if not output.is_dir():
        raise FileExistsError(f"{output}: is a file; give the path of a folder with --output")
    foreign = sorted(p.name for p in output.iterdir() if p.name != RECIPE and not p.name.startswith("span-"))
    if foreign:
        raise FileExistsError(
            f"{output}: holds {foreign[0]!r}, which is not of this data; give another folder with --output"
        )


def whole(low: int, high: int) -> Callable[[str], int]:
    """Type of a whole number from `low` to `high`, for argparse."""

    def number(text: str) -> int:
        if not text.isdecimal() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"must be a whole number from {low} to {high}, got {text!r}")
        return int(text)

    return number

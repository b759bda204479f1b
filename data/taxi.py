"""Builds the taxi example: 16 quarterly spans of the Chicago taxi trips that ship inside the installed `tfx` package.

    python -m data.taxi --output data/taxi

Rows are copied as they are; only which quarter (UTC) a trip started in decides on its span. Span 1 is 2013 Q1, span 16 is
2016 Q4. Nothing is downloaded. Origin and licence: data/README.md.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path

SOURCE = Path("examples", "chicago_taxi_pipeline", "data", "big_tipper_label", "data.csv")
FIRST_YEAR = 2013
SPANS = 16
ROWS = 15_002


def source_file() -> Path:
    """The CSV inside the installed `tfx` package, found without importing TFX.

    Raises:
        FileNotFoundError: when tfx is not installed or does not have the file.
    """
    spec = importlib.util.find_spec("tfx")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (Path(folder) / SOURCE).is_file():
            return Path(folder) / SOURCE
    raise FileNotFoundError(f"the installed tfx package has no {SOURCE}; run `make setup` first")


def span_of(timestamp: int) -> int:
    """Span of a start time in seconds since 1970: quarters from 2013 Q1 (1), in UTC."""
    start = datetime.datetime.fromtimestamp(timestamp, tz=datetime.timezone.utc)
    return (start.year - FIRST_YEAR) * 4 + (start.month - 1) // 3 + 1


def build(output: Path) -> dict[int, int]:
    """Writes ``output/span-<N>/trips.csv`` for every span; all of them or none.

    Returns:
        span -> number of rows.
    """
    with source_file().open(newline="", encoding="utf-8") as file:
        header, *rows = list(csv.reader(file))
    column = header.index("trip_start_timestamp")
    spans: dict[int, list[list[str]]] = {n: [] for n in range(1, SPANS + 1)}
    for row in rows:
        spans[span_of(int(row[column]))].append(row)
    output.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".taxi-", dir=output.parent))
    try:
        for number, members in spans.items():
            folder = temporary / f"span-{number}"
            folder.mkdir()
            with (folder / "trips.csv").open("w", newline="", encoding="utf-8") as file:
                csv.writer(file, lineterminator="\n").writerows([header, *members])
        temporary.chmod(0o755)
        if output.exists():
            shutil.rmtree(output)
        temporary.rename(output)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return {number: len(members) for number, members in spans.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--output", type=Path, default=Path(__file__).parent / "taxi")
    output = parser.parse_args().output
    if all((output / f"span-{n}" / "trips.csv").is_file() for n in range(1, SPANS + 1)):
        print(f"{output}: all {SPANS} spans are there already")
        return 0
    try:
        counts = build(output)
    except (FileNotFoundError, OSError) as error:
        print(f"error: taxi data not built: {error}", file=sys.stderr)
        return 1
    print(f"{output}: {sum(counts.values())} trips in {len(counts)} spans")
    return 0


if __name__ == "__main__":
    sys.exit(main())

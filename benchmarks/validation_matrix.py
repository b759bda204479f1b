"""Which faults are caught, and what is said of clean data: writes the tables of docs/validation.md.

python -m benchmarks.validation_matrix [--clean 50] [--output docs/validation.md] [--only NAME] [--faults-only | --clean-only]

Faults are run first and written as soon as they are done; then the clean samples. Each part replaces its own text only.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from benchmarks import faults, image_faults
from benchmarks.faults import Fault
from benchmarks.image_faults import ImageFault
from benchmarks.validation_cases import CURRENT, REFERENCE, Case, Data, Result, build, run

BEGIN, END = "<!-- begin: python -m benchmarks.validation_matrix -->", "<!-- end -->"
#: Parts between them.
CLEAN = "<!-- clean resamples -->"
PROCESSES = 2
SIZES = (200, 500, 1000, 2000, 5000, 7500)
IMAGE_SIZES = (200, 450, 898)
#: One pair of clean samples in so many is one of digits.
EVERY = 5
TABLES: dict[Data, tuple[str, Sequence[Fault | ImageFault]]] = {
    "taxi": (f"Taxi trips, span {CURRENT} after span {REFERENCE}", faults.FAULTS),
    "digits": ("Images of digits, spans 3 and 4 after spans 1 and 2", image_faults.FAULTS),
}
HEAD = "| fault | named by | clear | just noticeable | TFDV alone, clear | just noticeable |\n| --- | --- | --- | --- | --- | --- |"


def fault_cases(only: str, seed: int, source: Path) -> list[Case]:
    """Both severities of every fault whose name contains `only`, or of all of the data set of that name."""
    return [
        Case(data, "fault", at, strength, seed, source)
        for data, (_, listed) in TABLES.items()
        for at, fault in enumerate(listed)
        if only in fault.name or only == data
        for strength in (fault.clear, fault.slight)
    ]


def clean_cases(n: int, seed: int, source: Path) -> list[Case]:
    """Pairs of samples: of digits every fifth, of taxi trips the others; sizes in turn."""
    cases = []
    for i in range(n):
        images, turn = i % EVERY == EVERY - 1, i // EVERY
        size = IMAGE_SIZES[turn % len(IMAGE_SIZES)] if images else SIZES[(i - turn) % len(SIZES)]
        cases.append(Case("digits" if images else "taxi", "clean", size, 0.0, seed * 1000 + i, source))
    return cases


def fault_lines(cases: Sequence[Case], results: Iterator[Result]) -> list[str]:
    """A table per data set; prints each fault when it is done."""
    lines: list[str] = []
    for data, (title, listed) in TABLES.items():
        rows, caught = [], [0, 0, 0, 0]
        for case in [c for c in cases if c.data == data][::2]:
            fault, both = listed[case.at], (next(results), next(results))
            marks = [r.named for r in both] + ["says something" if r.tfdv else "-" for r in both]
            caught = [n + (m != "-") for n, m in zip(caught, marks, strict=True)]
            print(f"{data:7} {fault.name:40} {' | '.join(marks)}  {' / '.join(map(_codes, both))}", flush=True)
            marks[:2] = [f"{marks[0]} ({fault.clear:g})", f"{marks[1]} ({fault.slight:g})"]
            rows.append(f"| {fault.name} | {', '.join(f'`{c}`' for c in fault.codes)} | {' | '.join(marks)} |")
        if rows:
            lines += [f"### {title}", "", *HEAD.split("\n"), *rows, ""]
            lines += [
                f"Caught: {caught[0]} of {len(rows)} clear, {caught[1]} of {len(rows)} just noticeable ones; "
                f"by TFDV alone {caught[2]} and {caught[3]}.",
                "",
            ]
    return lines


def _codes(result: Result) -> str:
    """All that was raised, without subjects."""
    return " ".join(sorted({":".join(r.split(":")[:2]) for r in result.raised})) or "quiet"


def clean_lines(cases: Sequence[Case], results: Iterator[Result]) -> list[str]:
    """What was said of clean data; prints each pair when it is done."""
    found: dict[str, list[tuple[int, list[str]]]] = {"taxi": [], "digits": []}
    for i, (case, result) in enumerate(zip(cases, results, strict=True)):
        found[case.data].append((case.at, result.raised))
        print(f"clean {i} ({case.data}, {case.at}): {result.raised or 'quiet'}", flush=True)
    lines = ["### Clean resamples", ""]
    for pairs, what, unit in zip(found.values(), ("trips", "digits"), ("rows", "images"), strict=True):
        if pairs:
            told = [(size, text) for size, texts in pairs for text in texts]
            blocks = sum(":block:" in text for _, text in told)
            sizes = [size for size, _ in pairs]
            lines += [
                f"{len(pairs)} pairs of samples of the same {what}, {min(sizes):,} to {max(sizes):,} {unit} each: "
                f"blocks: {blocks}, warnings: {len(told) - blocks}.",
                "",
                *(f"- {size:,} {unit}: {text}" for size, text in told),
                *([""] if told else []),
            ]
    return lines


def write(output: Path | None, lines: Sequence[str], clean: bool) -> None:
    """Prints a part, and replaces it in the page; the other part stays."""
    text = "\n".join(lines).strip()
    print(text, flush=True)
    if output is None:
        return
    page = output.read_text(encoding="utf-8")
    head, rest = page.split(BEGIN)
    body, rest = rest.split(END, 1)
    first, _, second = body.partition(CLEAN)
    parts = [first.strip(), text] if clean else [text, second.strip()]
    output.write_text(f"{head}{BEGIN}\n\n{parts[0]}\n\n{CLEAN}\n\n{parts[1]}\n\n{END}{rest}", encoding="utf-8")


def _quiet() -> None:
    """Keeps what TensorFlow and Beam write in the other processes off the screen; an error comes back as an exception."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def main() -> int:
    """Runs everything and writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--clean", type=int, default=50, help="pairs of clean samples (default 50)")
    parser.add_argument(
        "--only", default="", help="faults whose name contains this, or taxi, or digits; nothing is written"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path, help="page whose tables are replaced")
    part = parser.add_mutually_exclusive_group()
    part.add_argument("--faults-only", action="store_true")
    part.add_argument("--clean-only", action="store_true")
    words = parser.parse_args()
    os.environ.update(TF_USE_LEGACY_KERAS="0", TF_CPP_MIN_LOG_LEVEL="3")
    began, output = time.monotonic(), None if words.only else words.output
    with (
        tempfile.TemporaryDirectory(prefix="matrix-") as name,
        ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn"), _quiet) as pool,
    ):
        build(Path(name))
        if not words.clean_only:
            cases = fault_cases(words.only, words.seed, Path(name))
            write(output, fault_lines(cases, pool.map(run, cases)), clean=False)
        if not words.faults_only and not words.only:
            cases = clean_cases(words.clean, words.seed, Path(name))
            write(output, clean_lines(cases, pool.map(run, cases)), clean=True)
    print(f"{time.monotonic() - began:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())

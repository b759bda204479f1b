"""Which faults are caught, and what is said of clean data: writes the tables of docs/validation.md.

python -m benchmarks.validation_matrix [--clean 50] [--output docs/validation.md] [--only NAME]
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import io
import os
import random
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.faults import FAULTS, LABEL, Fault, Rows

ROOT = Path(__file__).parents[1]
MARKS = ("<!-- begin: python -m benchmarks.validation_matrix -->", "<!-- end -->")
REFERENCE, CURRENT = 7, 8
SIZES = (200, 500, 1000, 2000, 5000, 7500)
CATEGORICAL = (
    "dropoff_census_tract",
    "dropoff_community_area",
    "pickup_community_area",
    "trip_start_day",
    "trip_start_hour",
)


def config(changes: dict[str, Any], spans: int = 2) -> dict[str, Any]:
    """A configuration as `retrain init` would write it for the taxi data: everything at its default."""
    raw: dict[str, Any] = {
        "name": "matrix",
        "data": {
            "source": {"csv": "span-{SPAN}/*.csv"},
            "window": {"last_spans": spans},
            "label": LABEL,
            "exclude": ["tips", "pickup_census_tract", "trip_start_month", "trip_start_timestamp"],
            "features": dict.fromkeys(CATEGORICAL, "categorical"),
        },
    }
    for path, value in changes.items():
        *sections, key = path.split(".")
        node = raw
        for part in sections:
            node = node.setdefault(part, {})
        node[key] = value
        if key in ("time", "by_time") and value in raw["data"]["exclude"]:
            raw["data"]["exclude"] = [n for n in raw["data"]["exclude"] if n != value]
    return raw


def taxi_rows() -> dict[int, Rows]:
    """The taxi spans as rows of texts."""
    import csv

    from data.taxi import build

    with tempfile.TemporaryDirectory() as folder:
        build(Path(folder) / "taxi")
        spans = {}
        for number in range(1, 17):
            with (Path(folder) / "taxi" / f"span-{number}" / "trips.csv").open(newline="", encoding="utf-8") as file:
                spans[number] = list(csv.DictReader(file))
    return spans


def run_fault(fault: Fault, strength: float, spans: dict[int, Rows], seed: int) -> tuple[str, bool, list[str]]:
    """How a fault is named (``block``, ``warn`` or ``-``), whether TFDV alone says anything about its subject, and all codes."""
    from benchmarks.validation_harness import named, observe

    rng = random.Random(seed)
    changes = dict(fault.config)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "data.schema_file" in changes:
            (folder / "taxi.pbtxt").write_text((ROOT / "schemas" / "taxi.pbtxt").read_text())
        serving = None
        before_rows, rows = spans[REFERENCE], spans[CURRENT]
        if fault.name.startswith("an ") and ("data.id" in changes or "data.entity" in changes):
            column = changes.get("data.id") or changes.get("data.entity")
            before_rows = [{**r, str(column): f"before-{i}"} for i, r in enumerate(before_rows)]
        if fault.name == "a column that says the label":
            before_rows = [{**r, "settled": r[LABEL]} for r in before_rows]
        plain = {k: v for k, v in changes.items() if k != "data.split.seed"}
        before = observe({REFERENCE: before_rows}, config(plain, 1), folder=folder)
        newest = None
        if fault.before == "repeat":
            n = round(strength * len(before_rows))
            rows = [*before_rows[:n], *rows[n:]]
        elif fault.before == "late":
            newest = CURRENT + 2
        if fault.serving:
            serving, changes["data.serving"] = fault.apply(rows, strength, rng), {"csv": "serving.csv"}
        else:
            rows = fault.apply(rows, strength, rng)
        if "data.split.seed" not in changes:
            before.trained = None
        both = {REFERENCE: before_rows, CURRENT: rows}
        found = observe(both, config(changes), before, serving, newest, folder)
    raised = sorted({f"{f.code}:{f.severity.value}" for f in found.findings if f.severity.rank})
    codes = [
        f.code
        for f in found.findings
        if any(f.code.startswith(c) if c.endswith("_") else f.code == c for c in fault.codes)
    ]
    return named(found.findings, codes, fault.subject), _tfdv_says(found.tfdv, fault.subject), raised


def _tfdv_says(alone: list[tuple[str, str]], subject: str) -> bool:
    return any(subject in ("*", name) for name, _ in alone)


def run_clean(rows: Rows, size: int, seed: int) -> list[str]:
    """Warnings and blocks about two samples of the same rows."""
    from benchmarks.validation_harness import observe

    chosen = random.Random(seed).sample(rows, 2 * size)
    before = observe({1: chosen[:size]}, config({}, 1))
    found = observe({1: chosen[:size], 2: chosen[size:]}, config({}), before)
    return [f"{f.code}:{f.severity.value}: {f.message}" for f in found.findings if f.severity.rank]


def main() -> int:
    """Runs everything and writes the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--clean", type=int, default=50)
    parser.add_argument("--only", default="")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--output", type=Path)
    words = parser.parse_args()
    os.environ.update(TF_USE_LEGACY_KERAS="0", TF_CPP_MIN_LOG_LEVEL="3")
    spans, began = taxi_rows(), time.monotonic()
    lines = [
        "| fault | named by | clear | just noticeable | TFDV alone, clear | just noticeable |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    caught = collections.Counter[str]()
    for fault in FAULTS:
        if words.only not in fault.name:
            continue
        results = [run_fault(fault, s, spans, words.seed) for s in (fault.clear, fault.slight)]
        told = [r[0] for r in results]
        alone = ["says something" if r[1] else "-" for r in results]
        caught.update(
            {
                "clear": told[0] != "-",
                "slight": told[1] != "-",
                "tfdv clear": results[0][1],
                "tfdv slight": results[1][1],
            }
        )
        codes = ", ".join(f"`{c}`" for c in fault.codes)
        marks = " | ".join([f"{told[0]} ({fault.clear:g})", f"{told[1]} ({fault.slight:g})", *alone])
        lines.append(f"| {fault.name} | {codes} | {marks} |")
        print(
            f"{fault.name:36} {told[0]:6} {told[1]:6} tfdv {results[0][1]!s:5} {results[1][1]!s:5} {results[0][2]} / {results[1][2]}",
            flush=True,
        )
    n = len(lines) - 2
    lines += [
        "",
        f"Caught: {caught['clear']} of {n} clear, {caught['slight']} of {n} just noticeable ones; by TFDV alone {caught['tfdv clear']} and {caught['tfdv slight']}.",
    ]
    rows = [r for number in spans for r in spans[number]]
    blocks, warnings, told_clean = 0, 0, []
    for i in range(words.clean):
        size = SIZES[i % len(SIZES)]
        found = run_clean(rows, size, words.seed * 1000 + i)
        blocks, warnings = blocks + sum(":block:" in f for f in found), warnings + sum(":warn:" in f for f in found)
        told_clean += [f"- {size} rows: {f}" for f in found]
        print(f"clean {i} ({size} rows): {found or 'quiet'}", flush=True)
    lines += [
        "",
        f"Clean resamples: {words.clean} pairs of samples of the same trips, {min(SIZES)} to {2 * max(SIZES):,} rows: {blocks} blocks, {warnings} warnings.",
        *told_clean,
    ]
    print("\n".join(lines[-2 - len(told_clean) :]), f"\n{time.monotonic() - began:.0f} s")
    if words.output:
        text = words.output.read_text(encoding="utf-8")
        head, rest = text.split(MARKS[0])
        words.output.write_text(
            f"{head}{MARKS[0]}\n\n" + "\n".join(lines) + f"\n\n{MARKS[1]}" + rest.split(MARKS[1], 1)[1],
            encoding="utf-8",
        )
    return 0


if __name__ == "__main__":
    with contextlib.redirect_stderr(io.StringIO()):
        code = main()
    sys.exit(code)

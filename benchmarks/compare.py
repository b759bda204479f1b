"""Stock TFX against ours, on the same stack, machine and rows, one after the other; writes the table of docs/performance.md.

python -m benchmarks.compare [--rows 15000 300000] [--output docs/performance.md]
"""

from __future__ import annotations

import argparse
import csv
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from data.taxi import source_file

ROOT = Path(__file__).parents[1]
JITTERED = {
    "fare": 0.5,
    "trip_miles": 0.2,
    "pickup_latitude": 0.002,
    "pickup_longitude": 0.002,
    "dropoff_latitude": 0.002,
}
LEFT_OUT = ("tips", "trip_start_timestamp", "pickup_census_tract")
STAGES = [
    ("ExampleGen / ingest", ["CsvExampleGen"], ["ingest"]),
    ("StatisticsGen / statistics", ["StatisticsGen"], ["statistics"]),
    (
        "schema, validation, checks",
        ["SchemaGen", "ExampleValidator"],
        ["schema", "example_validator", "inspect_data", "require_ok"],
    ),
    ("Transform", ["Transform"], ["transform"]),
    ("Trainer", ["Trainer"], ["trainer"]),
    ("Evaluator, gates, push", ["Evaluator", "Pusher", "champion"], ["evaluator", "judge_model", "pusher"]),
]
MARKS = ("<!-- begin: python -m benchmarks.compare -->", "<!-- end -->")
CONFIG = """
name: bench
data:
  source: {{csv: "{data}/*.csv"}}
  label: big_tipper
  schema_file: {schema}
  exclude: {left_out}
checks: {{missing_fraction: off}}
train: {{epochs: {epochs}, early_stopping: null, reduce_lr: null, class_weights: null}}
evaluate:
  metrics: [auc, pr_auc, accuracy]
  slices: [payment_type, trip_start_hour]
  gates: {{metric_floor: {{auc: 0.5}}}}
"""


def make_data(rows: int, folder: Path, seed: int = 0) -> None:
    """Writes ``folder/data.csv``: the taxi file as it is, or repeated with jitter so that rows are distinct."""
    with source_file().open(newline="", encoding="utf-8") as file:
        source = [{k: v for k, v in r.items() if k not in LEFT_OUT} for r in csv.DictReader(file)]
    rng = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "data.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(source[0]), lineterminator="\n")
        writer.writeheader()
        for number in range(rows):
            row = source[number % len(source)]
            if number >= len(source):
                noise = rng.random(len(JITTERED))
                row = row | {
                    k: f"{float(row[k]) + s * u:.5f}"
                    for (k, s), u in zip(JITTERED.items(), noise, strict=True)
                    if row[k]
                }
            writer.writerow(row)


def environment() -> dict[str, str]:
    """Both get the same one."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "2"}


def run_stock(data: Path, work: Path, epochs: int) -> dict[str, Any]:
    """Stock TFX in a process of its own."""
    work.mkdir()
    output, began = work / "result.json", time.monotonic()
    words = [sys.executable, "-m", "benchmarks.stock", str(data), str(work), str(epochs), str(output)]
    with (work / "log.txt").open("w") as log:
        subprocess.run(words, check=True, cwd=ROOT, env=environment(), stdout=log, stderr=log)
    found: dict[str, Any] = json.loads(output.read_text())
    return found | {"total": time.monotonic() - began}


def run_ours(data: Path, work: Path, epochs: int) -> dict[str, Any]:
    """`retrain run`, as a user starts it, in a fresh workspace."""
    work.mkdir()
    text = CONFIG.format(data=data, schema=ROOT / "schemas" / "taxi.pbtxt", left_out=list(LEFT_OUT), epochs=epochs)
    (work / "bench.yaml").write_text(text)
    began = time.monotonic()
    words = [sys.executable, "-m", "pipeline.cli", "run", str(work / "bench.yaml"), "--json"]
    done = subprocess.run(words, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    total = time.monotonic() - began
    if done.returncode:
        raise RuntimeError(done.stderr)
    record = json.loads(done.stdout)
    seconds = {s["name"]: s["seconds"] for s in record["stages"]}
    return {"seconds": seconds, "auc": record["evaluation"]["slices"][0]["candidate"]["auc"]["value"], "total": total}


def table(rows: int, epochs: int, stock: dict[str, Any], ours: dict[str, Any]) -> str:
    """One comparison as Markdown."""
    lines = [
        f"### {rows:,} rows, {epochs} epochs",
        "",
        "| stage | stock TFX, s | ours, s | ratio |",
        "| --- | ---: | ---: | ---: |",
    ]
    named: list[tuple[str, float, float]] = []
    for name, theirs, mine in STAGES:
        named.append(
            (name, sum(stock["seconds"].get(n, 0) for n in theirs), sum(ours["seconds"].get(n) or 0 for n in mine))
        )
    rest = stock["total"] - sum(row[1] for row in named), ours["total"] - sum(row[2] for row in named)
    named += [("imports and the rest", *rest), ("**whole process**", stock["total"], ours["total"])]
    lines += [
        f"| {n} | {a:.1f} | {b:.1f} | {b / a:.2f} |" if a > 0.05 else f"| {n} | {a:.1f} | {b:.1f} | |"
        for n, a, b in named
    ]
    return "\n".join([*lines, "", f"Test AUC: stock {stock['auc']:.3f}, ours {ours['auc']:.3f} (splits differ)."])


def write(output: Path, parts: list[str]) -> None:
    """Replaces what is between the marks."""
    stack = f"TFX {importlib.metadata.version('tfx')}, TensorFlow {importlib.metadata.version('tensorflow')}, {os.cpu_count()} cores"
    made = "\n\n".join([MARKS[0], f"Measured with {stack}.", *parts, MARKS[1]])
    text = output.read_text(encoding="utf-8") if output.exists() else "# Performance\n\n" + "\n".join(MARKS) + "\n"
    head, _, rest = text.partition(MARKS[0])
    output.write_text(head + made + rest.partition(MARKS[1])[2], encoding="utf-8")


def main() -> None:
    """Runs all sizes and writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[15_000, 300_000])
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "performance.md")
    words = parser.parse_args()
    parts = []
    for rows in words.rows:
        epochs = 10 if rows < 100_000 else 2
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            folder = Path(name)
            make_data(rows, folder / "data")
            ours = run_ours(folder / "data", folder / "ours", epochs)
            print(json.dumps(ours), file=sys.stderr)
            stock = run_stock(folder / "data", folder / "stock", epochs)
            print(json.dumps(stock), file=sys.stderr)
        parts.append(table(rows, epochs, stock, ours))
        print(parts[-1])
    write(words.output, parts)


if __name__ == "__main__":
    main()

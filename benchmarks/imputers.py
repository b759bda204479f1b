"""What an imputer costs on test: a fifth of one feature is removed, and every imputer fills it; writes a table of docs/transform.md.

python -m benchmarks.imputers [--seeds 3] [--only taxi] [--output docs/transform.md]
"""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.pages import table_over_seeds

ROOT = Path(__file__).parents[1]
MARKS = ("<!-- begin: python -m benchmarks.imputers -->", "<!-- end of imputers -->")
REMOVED = 0.2


@dataclass(frozen=True)
class Case:
    """A data set, the feature that loses values, and what the imputers need to know.

    Attributes:
        span: the newest one that is read.
        example: the configuration in ``examples/``.
        overrides: what else is set, for a run of reasonable length.
        metric: metric on the test split.
        feature: the feature that loses a fifth of its values: those of higher value five times as often as the others.
        table: glob of its tables below the data folder.
        by: feature for ``group_median``.
    """

    name: str
    span: int
    example: str
    data: str
    overrides: tuple[str, ...]
    metric: str
    feature: str
    table: str
    by: str


CASES = (
    Case(
        "taxi",
        12,
        "taxi.yaml",
        "taxi",
        ("data.window=all",),
        "auc",
        "trip_miles",
        "span-*/trips.csv",
        "payment_type",
    ),
    Case(
        "retina",
        3,
        "retina.yaml",
        "retina",
        # Without the pictures, which say nearly everything: what is filled in decides more, and a run takes seconds.
        ("data.exclude=[image]", "data.features={}", "train.model=wide_deep", "transform.augment=none"),
        "kappa",
        "hba1c",
        "span-*/eyes.csv",
        "camera",
    ),
)
QUIET = ("checks.missing_fraction=off", "checks.missing_by_label=off", "checks.all_missing=off")


def spoil(table: Path, feature: str, seed: int) -> None:
    """Removes a fifth of a feature's values in place, higher ones more often, as sensors that saturate do."""
    with table.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    there = sorted((i for i, r in enumerate(rows) if r[feature]), key=lambda i: float(rows[i][feature]))
    rng, middle = random.Random(seed), len(there) // 2
    low, high = there[:middle], there[middle:]
    wanted = round(REMOVED * len(there))
    gone = {*rng.sample(low, wanted // 6), *rng.sample(high, wanted - wanted // 6)}
    with table.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows({**r, feature: ""} if i in gone else r for i, r in enumerate(rows))


def imputers(case: Case) -> dict[str, Any]:
    """Name in the table -> what the configuration says of the feature."""
    return {
        "constant 0": {"constant": 0},
        "mean": "mean",
        "median": "median",
        f"group_median by {case.by}": {"group_median": {"by": case.by}},
        "conditional_mean": "conditional_mean",
    }


def run(config: Path, workspace: Path, words: list[str]) -> dict[str, Any]:
    """The record of one `retrain run`; whether it is pushed does not matter."""
    command = [
        sys.executable,
        "-m",
        "pipeline.cli",
        "run",
        str(config),
        "--workspace",
        str(workspace),
        "--json",
        *words,
    ]
    done = subprocess.run(
        command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 4):
        raise RuntimeError(f"{' '.join(words)}: {done.stderr[-2000:]}")
    return json.loads(done.stdout)


def measure(case: Case, seeds: int) -> list[str]:
    """The lines of one data set's table."""
    with tempfile.TemporaryDirectory(prefix="imputers-") as name:
        folder = Path(name)
        for part in ("examples", "schemas"):
            shutil.copytree(ROOT / part, folder / part)
        subprocess.run(
            [sys.executable, "-m", f"data.{case.data}", "--output", str(folder / "data" / case.data)],
            cwd=ROOT,
            check=True,
        )
        for number, table in enumerate(sorted((folder / "data" / case.data).glob(case.table))):
            spoil(table, case.feature, number)
        config = folder / "examples" / case.example
        lines = []
        for indicator in (True, False):
            for called, spec in imputers(case).items():
                values = []
                for seed in range(1, seeds + 1):
                    settings = [
                        *case.overrides,
                        *QUIET,
                        f"train.seed={seed}",
                        f"transform.impute.indicator={json.dumps(indicator)}",
                        f"transform.impute.{case.feature}={json.dumps(spec)}",
                    ]
                    words = ["--span", str(case.span), *(w for s in settings for w in ("--override", s))]
                    record = run(config, folder / "workspace", words)
                    values.append(record["evaluation"]["slices"][0]["candidate"][case.metric]["value"])
                mean, spread = statistics.fmean(values), max(values) - min(values)
                with_it = "with indicators" if indicator else "without"
                lines.append(
                    f"| {case.name}: {case.feature} | {called} | {with_it} | {case.metric} {mean:.4f} | {spread:.4f} |"
                )
                print(lines[-1], flush=True)
        return lines


def main() -> int:
    """Measures and writes the table."""
    about = __doc__.split("\n", 1)[0]
    head = (
        "| data: feature | imputer | missing indicators | test metric, mean | spread over seeds |",
        "| --- | --- | --- | ---: | ---: |",
    )
    return table_over_seeds(about, 3, CASES, measure, head, MARKS, "{seeds} seeds each.")


if __name__ == "__main__":
    raise SystemExit(main())

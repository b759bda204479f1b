"""What becomes of rare classes with and without class weights: recalls over seeds; writes a table of docs/training.md.

python -m benchmarks.rare_classes [--seeds 5] [--only digits] [--output docs/training.md]
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.imputers import ROOT, run
from benchmarks.pages import table_over_seeds

MARKS = ("<!-- begin: python -m benchmarks.rare_classes -->", "<!-- end of rare_classes -->")
#: Name in the table -> overrides.
WAYS = {
    "no class weights": ("train.class_weights=none", "checks.class_balance=off"),
    "balanced": ("train.class_weights=balanced",),
    "sqrt": ("train.class_weights=sqrt",),
    "sampling: balanced": ("train.class_weights=none", "train.sampling=balanced"),
}


@dataclass(frozen=True)
class Case:
    """A data set with rare classes.

    Attributes:
        words: arguments of the data's own command.
        span: the newest one that is read.
        rare: the classes whose recall is measured.
        overall: a metric over all classes, to see what it costs.
        overrides: settings for runs of about half a minute; test is large, as rare classes have few rows.
    """

    name: str
    words: tuple[str, ...]
    span: int
    rare: tuple[str, ...]
    overall: str
    overrides: tuple[str, ...]


SPLIT = "data.split={train: 0.45, eval: 0.15, test: 0.4, seed: %d"
CASES = (
    Case("digits", (), 4, ("8",), "accuracy", ("transform.augment=none", "train.epochs=40")),
    Case(
        "retina",
        ("--patients", "500", "--spans", "2", "--size", "48"),
        2,
        ("3", "4"),
        "kappa",
        ("train.epochs=20", "train.early_stopping.patience=6"),
    ),
)
#: What is left of the digit 8: about 2 % of all digits.
EIGHTS = 33


def make(case: Case, folder: Path) -> None:
    """The examples' configuration, and the data: of the digits, most eights are taken away."""
    for part in ("examples", "schemas"):
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns(".retrain"))
    data = folder / "data" / case.name
    subprocess.run(
        [sys.executable, "-m", f"data.{case.name}", "--output", str(data), *case.words], cwd=ROOT, check=True
    )
    if case.name == "digits":
        for picture in sorted(data.glob("span-*/8/*.png"), key=lambda p: p.name)[EIGHTS:]:
            picture.unlink()


def measure(case: Case, seeds: int) -> list[str]:
    """The lines of one data set's table; every seed has its own split."""
    lines = []
    with tempfile.TemporaryDirectory(prefix="rare-") as name:
        folder = Path(name)
        make(case, folder)
        for way, overrides in WAYS.items():
            recalls: dict[str, list[float]] = {label: [] for label in case.rare}
            overall = []
            for seed in range(1, seeds + 1):
                group = ", group_by: patient}" if case.name == "retina" else ", stratify: true}"
                settings = [*case.overrides, *overrides, f"train.seed={seed}", SPLIT % seed + group]
                words = ["--span", str(case.span), *(w for s in settings for w in ("--override", s))]
                part = run(folder / "examples" / f"{case.name}.yaml", folder / f"workspace-{seed}", words)["evaluation"]
                whole = part["slices"][0]
                overall.append(whole["candidate"][case.overall]["value"])
                for label in case.rare:
                    recalls[label].append(whole["recalls"][label]["value"])
            for label, values in recalls.items():
                lines.append(f"| {case.name}: {label} | {way} | {spread(values)} | {case.overall} {spread(overall)} |")
                print(lines[-1], flush=True)
    return lines


def spread(values: list[float]) -> str:
    """Mean and standard deviation."""
    return f"{statistics.fmean(values):.3f} ± {statistics.stdev(values) if len(values) > 1 else 0.0:.3f}"


def main() -> int:
    """Measures and writes the table."""
    about = __doc__.split("\n", 1)[0]
    head = ("| data: class | training | recall of the class | all classes |", "| --- | --- | ---: | ---: |")
    return table_over_seeds(
        about,
        5,
        CASES,
        measure,
        head,
        MARKS,
        "{seeds} seeds each, of training and of the split; mean ± standard deviation.",
    )


if __name__ == "__main__":
    raise SystemExit(main())

"""Runs the suite and writes docs/diagnosis.md.

python -m benchmarks.diagnosis [--only taxi] [--fault missing] [--seed 0] [--clean 5] [--workers 2] [--output docs/diagnosis.md]
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.diagnosis.datasets import DATASETS, ROOT, Dataset, read, write
from benchmarks.diagnosis.injection import FAULTS, Fault
from benchmarks.pages import put

MARKS = ("<!-- begin: python -m benchmarks.diagnosis -->", "<!-- end of diagnosis -->")
#: From this score on a cause counts as named.
NAMED = 0.5


@dataclass(frozen=True)
class Case:
    """One retrain: a data set with a fault, or with none."""

    dataset: Dataset
    fault: Fault | None
    severity: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.dataset.name} / {self.fault.name if self.fault else 'clean'} / {self.severity}"


@dataclass
class Answer:
    """What `retrain why` said: causes in order with their scores; what `retrain run` ended with."""

    case: Case
    exit_code: int
    causes: list[tuple[str, float]] = field(default_factory=list)
    headline: str = ""
    overrides: list[str] = field(default_factory=list)

    def place(self) -> int | None:
        """Place of the right cause, from 1."""
        right = self.case.fault.right if self.case.fault else ()
        return next((i for i, (code, _) in enumerate(self.causes, 1) if code in right), None)

    @property
    def named(self) -> bool:
        return bool(self.causes) and self.causes[0][1] >= NAMED


def call(*words: str) -> subprocess.CompletedProcess[str]:
    """The `retrain` command."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "pipeline.cli", *words]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def prepare(dataset: Dataset, folder: Path) -> Path:
    """A project whose champion is pushed: data, configuration, workspace."""
    project = folder / dataset.name
    dataset.make(project / "data")
    (project / "retrain.yaml").write_text(dataset.config.format(data="data"), encoding="utf-8")
    done = call("run", str(project / "retrain.yaml"), "--span", str(dataset.champion), "--json")
    if done.returncode:
        raise RuntimeError(f"{dataset.name}: the champion was not pushed: {done.stderr[-3000:]}")
    return project


def answer(case: Case, project: Path) -> Answer:
    """Copies the project, puts the fault in, retrains, and asks why."""
    strength, settings = 0.0, []
    with tempfile.TemporaryDirectory(prefix="diagnosis-") as name:
        copy = Path(name) / project.name
        shutil.copytree(project, copy, symlinks=True)
        random = np.random.default_rng([case.seed, abs(hash_of(case.name))])
        if case.fault is not None:
            middle = case.fault.mild if case.severity == "mild" else case.fault.severe
            strength = middle if case.seed == 0 else middle * float(random.uniform(0.85, 1.15))
            if case.fault.name in ("dropped", "dropout", "none of one class", "wrong labels", "stricter gate"):
                strength = min(strength, middle if middle >= 0.97 else 0.99)
            if case.fault.settings is not None:
                settings = case.fault.settings(case.dataset, strength)
            if case.fault.spoil is not None:
                table = case.dataset.table(copy / "data", case.dataset.retrain)
                write(table, case.fault.spoil(case.dataset, read(table), random, strength))
        else:
            settings = [f"train.seed={case.seed + 100}"]
        config = str(copy / "retrain.yaml")
        words = [w for s in settings for w in ("--override", s)]
        run = call("run", config, "--span", str(case.dataset.retrain), "--json", *words)
        if run.returncode not in (0, 3, 4):
            return Answer(case, run.returncode, headline=run.stderr.strip()[-200:])
        why = call("why", "latest", "--config", config, "--json")
        said: dict[str, Any] = json.loads(why.stdout)
        causes = [(c["code"], c["score"]) for c in said["causes"]]
        first = said["causes"][0]["remedy"]["overrides"] if said["causes"] else []
        return Answer(case, run.returncode, causes, said["headline"], first)


def hash_of(text: str) -> int:
    """A number of a text that is the same in every process."""
    return int.from_bytes(text.encode()[-7:], "big")


def cases(words: argparse.Namespace) -> list[Case]:
    """All that was asked for."""
    chosen = [d for d in DATASETS if words.only in d.name]
    faulty = [
        Case(d, f, severity, words.seed)
        for d in chosen
        for f in FAULTS
        if words.fault in f.name and not (f.needs_category and not d.categorical)
        for severity in ("severe", "mild")
    ]
    return faulty + [Case(d, None, "clean", i + words.seed) for d in chosen for i in range(words.clean)]


def report(answers: list[Answer]) -> str:
    """Tables in Markdown: rates, the confusion matrix, and every case where the first cause was not the right one."""
    lines = [
        "| severity | cases | right first | among the first three | another one named |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for severity in ("severe", "mild"):
        these = [a for a in answers if a.case.severity == severity]
        first = sum(a.place() == 1 for a in these)
        three = sum((a.place() or 9) <= 3 for a in these)
        wrong = sum(a.named and a.place() != 1 for a in these)
        if these:
            lines.append(
                f"| {severity} | {len(these)} | {first} ({first / len(these):.0%}) | {three} ({three / len(these):.0%}) | {wrong} |"
            )
    clean = [a for a in answers if a.case.fault is None]
    if clean:
        lines.append(f"| clean | {len(clean)} | | | {sum(a.named for a in clean)} |")
    lines += ["", "| injected | right answers | first cause, cases |", "| --- | --- | --- |"]
    for fault in FAULTS:
        said = collections.Counter(
            (a.causes[0][0] if a.causes else "nothing") for a in answers if a.case.fault is fault
        )
        if said:
            told = ", ".join(f"{code} {n}" for code, n in said.most_common())
            lines.append(f"| {fault.name} | {', '.join(fault.right)} | {told} |")
    lines += ["", "| not right | exit code | said |", "| --- | ---: | --- |"]
    for a in answers:
        bad = a.named if a.case.fault is None else a.place() != 1
        if bad:
            named = ", ".join(f"{code} {score:.2f}" for code, score in a.causes[:3]) or "nothing"
            lines.append(f"| {a.case.name} | {a.exit_code} | {named} |")
    return "\n".join(lines)


def main() -> int:
    """Runs and writes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--only", default="", help="data sets whose name contains this")
    parser.add_argument("--fault", default="", help="faults whose name contains this")
    parser.add_argument("--seed", type=int, default=0, help="0: the strengths as listed; else drawn around them")
    parser.add_argument("--clean", type=int, default=0, help="clean retrains of each data set")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path)
    words = parser.parse_args()
    wanted = cases(words)
    with tempfile.TemporaryDirectory(prefix="diagnosis-") as name:
        projects = {d.name: prepare(d, Path(name)) for d in {c.dataset.name: c.dataset for c in wanted}.values()}
        answers = []
        with concurrent.futures.ThreadPoolExecutor(words.workers) as pool:
            for got in pool.map(lambda c: answer(c, projects[c.dataset.name]), wanted):
                answers.append(got)
                causes = ", ".join(f"{code} {score:.2f}" for code, score in got.causes[:3])
                print(
                    f"{got.case.name}: exit {got.exit_code}, place {got.place()}: {causes or got.headline}", flush=True
                )
    text = report(answers)
    print(text)
    if words.output:
        put(words.output, MARKS, text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Faults of the data through the data stages alone, in seconds each: what a run stops before training is answered as the run would be."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.diagnosis.cases import Answer, Case
from benchmarks.diagnosis.datasets import Dataset
from benchmarks.validation_harness import Outcome, observe
from pipeline.diagnosis.diagnose import diagnose
from schemas.findings import verdict
from schemas.run_record import Pushed, RunRecord, Status

#: What `Answer.outcome` says of a fault that nothing blocks: a model would be trained.
TRAINED = "would be trained"


def inspected(cases: Iterable[Case], folder: Path) -> Iterator[Answer]:
    """The answers for the faults of data among the cases, one data set after the other; their data are made in a folder."""
    faulty = [c for c in cases if c.fault is not None and c.fault.spoil is not None]
    for dataset in dict.fromkeys(c.dataset for c in faulty):
        project = folder / dataset.name
        if not (project / "data").exists():
            dataset.make(project / "data")
        before = _look(dataset, project, dataset.champion)
        for case in (c for c in faulty if c.dataset is dataset):
            yield _ask(case, project, before)


def _look(
    dataset: Dataset, project: Path, span: int, case: Case | None = None, before: Outcome | None = None
) -> Outcome:
    """What the checks find in a span, in a copy of the project that ends with it, with the fault of a case."""
    with tempfile.TemporaryDirectory(prefix="diagnosis-") as name:
        copy = Path(name) / dataset.name
        shutil.copytree(project, copy)
        for later in (copy / "data").glob("span-*"):
            if int(later.name.rpartition("-")[2]) > span:
                shutil.rmtree(later)
        if case is not None and case.fault is not None and case.fault.spoil is not None:
            random = np.random.default_rng([case.seed, case.number])
            strength, rows = case.fault.drawn(case.severity, case.seed, random), dataset.rows(copy / "data", span)
            dataset.put(copy / "data", span, case.fault.spoil(dataset, rows, random, strength))
        return observe({}, _config(dataset), before, folder=copy)


def _config(dataset: Dataset) -> dict[str, Any]:
    config: dict[str, Any] = yaml.safe_load(dataset.config.format(data="data"))
    return config


def _ask(case: Case, project: Path, before: Outcome) -> Answer:
    found = _look(case.dataset, project, case.dataset.retrain, case, before)
    right = list(case.fault.right) if case.fault else []
    if verdict(found.findings).ok:
        return Answer(case.name, right, 0, outcome=TRAINED)
    champion = _record(case.dataset, case.dataset.champion, before, Status.PUSHED)
    told = diagnose(_record(case.dataset, case.dataset.retrain, found, Status.BLOCKED), champion)
    causes = [(c.code, c.score) for c in told.causes]
    return Answer(case.name, right, 3, causes, told.headline, told.comparison.outcome.value)


def _record(dataset: Dataset, span: int, seen: Outcome, status: Status) -> RunRecord:
    """The record that a run would leave, as far as a diagnosis of the data looks at it."""
    pushed = status is Status.PUSHED
    return RunRecord(
        run_id=f"20260101-000000-s{span}-0000",
        name=dataset.name,
        status=status,
        exit_code=status.exit_code,
        started="",
        config_path="",
        config=_config(dataset),
        config_digest="",
        workspace="",
        span=span,
        data_digest=str(span),
        findings=seen.findings,
        data=seen.evidence,
        champion=None if pushed else "version 1",
        pushed=Pushed(version=1, path="") if pushed else None,
    )

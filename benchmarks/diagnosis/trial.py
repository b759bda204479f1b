"""One retrain with a fault, and the question why. Workers import TensorFlow while the case before them runs.

Copies are made in one and the same place, one after the other: what the product has cached of the data is then found again.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.diagnosis.cases import Answer, Case
from benchmarks.diagnosis.datasets import Dataset
from pipeline.commands.experiments import experiment
from pipeline.commands.run import run_once
from pipeline.diagnosis.diagnose import diagnose
from pipeline.diagnosis.lookup import diagnose_in, earlier_runs
from pipeline.diagnosis.proofs import FILE, clear, kept, revise
from pipeline.diagnosis.reference import reference_of
from pipeline.errors import UsageError
from pipeline.spare import Spare
from pipeline.supervise import environment
from pipeline.workspace import Workspace
from schemas.config import ConfigError
from schemas.diagnosis import Outcome
from schemas.run_record import RunRecord


@dataclass
class Workers:
    """Hands out a worker that has imported everything, and starts the next one."""

    log: Path
    _next: Spare | None = field(default=None)

    def run(self, config: Path, span: int, overrides: list[str], until: str | None = None) -> RunRecord:
        """As `retrain run`; what it prints goes to the log."""
        spare, self._next = self._next or Spare(environment(None)), Spare(environment(None))
        try:
            with self.log.open("a", encoding="utf-8") as file, contextlib.redirect_stderr(file):
                record, _ = run_once(config, span, overrides, until=until, spare=spare)
            return record
        finally:
            spare.close()

    def close(self) -> None:
        """Ends the worker that waits."""
        if self._next is not None:
            self._next.close()


def prepare(dataset: Dataset, folder: Path, workers: Workers) -> Path:
    """A project whose champion is pushed: data, configuration, workspace. One that is there is taken as it is.

    Raises:
        RuntimeError: when the champion was not pushed.
    """
    project = folder / (dataset.folder or dataset.name)
    if (project / "ready").exists():
        return project
    shutil.rmtree(project, ignore_errors=True)
    dataset.make(project / "data")
    config = project / "retrain.yaml"
    config.write_text(dataset.config.format(data="data"), encoding="utf-8")
    record = workers.run(config, dataset.champion, [])
    if record.exit_code:
        raise RuntimeError(f"{dataset.name}: the champion was not pushed: {record.explanation.headline}")
    (project / "ready").touch()
    return project


def warmed(dataset: Dataset, project: Path, work: Path, workers: Workers) -> Path:
    """The same project after the data stages of the retrain: a fault of the configuration leaves these as they are.

    Raises:
        RuntimeError: when the clean data do not pass the checks.
    """
    warm = project.parent / "warm" / project.name
    if warm.exists():
        return warm
    with _copy(project, work) as copy:
        record = workers.run(copy / "retrain.yaml", dataset.retrain, [], until="transform")
        if record.exit_code:
            raise RuntimeError(f"{dataset.name}: the clean data were blocked: {record.explanation.headline}")
        warm.parent.mkdir(exist_ok=True)
        copy.rename(warm)
    return warm


@contextlib.contextmanager
def _copy(project: Path, work: Path) -> Iterator[Path]:
    """A copy of a project, which goes away."""
    shutil.rmtree(work, ignore_errors=True)
    copy = work / project.name
    shutil.copytree(project, copy, symlinks=True)
    try:
        yield copy
    finally:
        shutil.rmtree(work, ignore_errors=True)


def ask(
    case: Case, project: Path, work: Path, records: Path, workers: Workers, mend: bool, experiments: int = 0
) -> Answer:
    """Copies the project, puts the fault in, retrains, and asks why.

    Args:
        work: a folder for the copy, always the same.
        records: a folder; the records of the copy are kept in one of it, for `ask_again`.
        mend: whether to run once more with the remedy, where a right cause of the configuration has one.
        experiments: how many to make, at most, where the answer is not clear without.
    """
    random = np.random.default_rng([case.seed, case.number])
    with _copy(project, work) as copy:
        config = copy / "retrain.yaml"
        _spoil(case, copy, config, random)
        right = list(case.fault.right) if case.fault else []
        try:
            record = workers.run(config, case.dataset.retrain, [])
        except (ConfigError, UsageError) as error:
            return Answer(case.name, right, 2, headline=" ".join(error.problems))
        place = Workspace.for_config(config)
        if experiments:
            _prove(place, record, experiments, workers.log)
        _keep(place, records / case.folder)
        said = _answer(case.name, right, place, record)
        if mend and said.overrides and said.place == 1 and record.exit_code != 3:
            with contextlib.suppress(ConfigError, UsageError):
                said.repaired = _metric(workers.run(config, case.dataset.retrain, said.overrides))
        return said


def ask_again(case: Case, records: Path, before: Answer) -> Answer:
    """The answer from the records of an earlier run of the suite."""
    place = Workspace(records / case.folder)
    if before.exit_code == 2 or not place.runs.exists():
        return before
    right = list(case.fault.right) if case.fault else []
    said = _answer(case.name, right, place, place.load_record(place.find("latest", case.dataset.name)))
    if said.place == 1 and said.overrides == before.overrides:
        said.repaired = before.repaired
    return said


def _answer(name: str, right: list[str], place: Workspace, record: RunRecord) -> Answer:
    earlier = earlier_runs(place, record)
    found = diagnose(record, reference_of(record, earlier), earlier)
    proved = revise(found, kept(place, found), record)
    return Answer(
        name=name,
        right=right,
        exit_code=record.exit_code,
        causes=[(c.code, c.score) for c in found.causes],
        headline=found.headline,
        outcome=found.comparison.outcome.value,
        metric=_metric(record),
        overrides=list(found.causes[0].remedy.overrides) if found.causes else [],
        seconds=record.seconds or 0.0,
        proved=[(c.code, c.score) for c in proved.causes] if proved.proofs else None,
        experiments=[(p.experiment, p.effect) for p in proved.proofs],
    )


def _prove(place: Workspace, record: RunRecord, most: int, log: Path) -> None:
    """Makes experiments where there is a model to compare and the answer is not clear; they are kept beside the record."""
    found = diagnose_in(place, record)
    if (
        found.comparison.outcome not in (Outcome.WORSE, Outcome.CANNOT_TELL)
        or found.comparison.change is None
        or clear(found)
    ):
        return
    reference = reference_of(record, earlier_runs(place, record))
    with log.open("a", encoding="utf-8") as file, contextlib.redirect_stderr(file):
        experiment(place, record, reference, found, most, None)


def _metric(record: RunRecord) -> float | None:
    """The first metric of the configuration."""
    if record.evaluation is None:
        return None
    value = record.evaluation.overall.candidate.get(record.config["evaluate"]["metrics"][0])
    return value.value if value is not None else None


def _keep(place: Workspace, folder: Path) -> None:
    """Copies the records of a workspace, with the experiments beside them, and nothing else."""
    for run in place.run_ids():
        target = folder / "runs" / run
        target.mkdir(parents=True, exist_ok=True)
        for name in (place.record_path(run).name, FILE):
            if (place.run_folder(run) / name).exists():
                shutil.copyfile(place.run_folder(run) / name, target / name)


def _spoil(case: Case, copy: Path, config: Path, random: np.random.Generator) -> None:
    """Puts the fault into the data files or the configuration."""
    if case.fault is None:
        _set(config, [f"train.seed={case.seed + 100}"])
        rows = case.dataset.rows(copy / "data", case.dataset.retrain)
        case.dataset.put(copy / "data", case.dataset.retrain, [rows[i] for i in random.permutation(len(rows))])
        return
    strength = case.fault.drawn(case.severity, case.seed, random)
    if case.fault.settings is not None:
        _set(config, case.fault.settings(case.dataset, strength))
    if case.fault.spoil is not None:
        data, span = copy / "data", case.dataset.retrain
        case.dataset.put(data, span, case.fault.spoil(case.dataset, case.dataset.rows(data, span), random, strength))


def _set(config: Path, settings: list[str]) -> None:
    """Writes settings, ``path=value`` each, into a configuration, as its owner would."""
    whole: dict[str, Any] = yaml.safe_load(config.read_text(encoding="utf-8"))
    for setting in settings:
        path, _, value = setting.partition("=")
        *parts, last = path.split(".")
        node = whole
        for part in parts:
            node = node.setdefault(part, {})
        node[last] = yaml.safe_load(value)
    config.write_text(yaml.safe_dump(whole, sort_keys=False), encoding="utf-8")

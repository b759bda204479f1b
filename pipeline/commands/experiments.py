"""The retrains of `retrain why --experiments`: each in a workspace of its own; nothing is pushed, registered or changed."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path

from components.served import link_or_copy, manifest, place, versions
from pipeline.commands.run import execute
from pipeline.console import RunDisplay
from pipeline.diagnosis.case import Case
from pipeline.diagnosis.experiments._interfaces import Swap
from pipeline.diagnosis.lookup import earlier_runs
from pipeline.diagnosis.planning import next_one, proof
from pipeline.diagnosis.proofs import clear, keep, revise
from pipeline.errors import UsageError
from pipeline.job import Job, stages_for
from pipeline.workspace import Workspace, new_run_id
from schemas.config import ConfigError, parse_config
from schemas.diagnosis import Diagnosis, Outcome, Proof
from schemas.evidence import MetricValue
from schemas.findings import Severity
from schemas.run_record import RunRecord

#: The last stage of an experiment: what comes after it pushes.
LAST = "judge_model"
#: So many rows of a finding are left out, at most.
ALL = 100_000


def experiment(
    workspace: Workspace,
    record: RunRecord,
    reference: RunRecord | None,
    found: Diagnosis,
    most: int,
    minutes: float | None,
) -> Diagnosis:
    """Retrains with one ingredient swapped, up to `most` times, until the answer is clear; once in any case, since that was asked for.

    Args:
        found: the diagnosis without experiments.
        minutes: no experiment begins after this time.

    Returns:
        The diagnosis with the scores revised; the proofs are kept beside the run's record.

    Raises:
        UsageError: when there is nothing that a retrain could be held against, or nothing was lost.
    """
    if reference is None or found.comparison.metric is None or found.comparison.change is None:
        raise UsageError(
            f"--experiments: run {record.run_id} has no model that was compared with a champion, so no retrain can be held against it."
        )
    if found.comparison.outcome in (Outcome.SAME, Outcome.BETTER):
        raise UsageError(
            f"--experiments: run {record.run_id} is {found.comparison.outcome.value}, held against {reference.run_id}: there is no loss "
            "that a retrain could undo."
        )
    case = Case(record, reference, found.comparison, tuple(earlier_runs(workspace, record)))
    began, proofs, now = time.monotonic(), tuple(found.proofs), found
    first = found.model_copy(update={"proofs": ()})
    with _scratch(workspace, record, reference) as scratch:
        for _ in range(most):
            late = minutes is not None and time.monotonic() - began > 60 * minutes
            chosen = None if late or (proofs and clear(now)) else next_one(case, now, [p.experiment for p in proofs])
            if chosen is None:
                break
            proofs = (*proofs, _made(case, *chosen, scratch))
            keep(workspace, found, proofs)
            now = revise(first, proofs, record)
    return now


@contextmanager
def _scratch(workspace: Workspace, record: RunRecord, reference: RunRecord) -> Iterator[Workspace]:
    """A workspace that serves the reference's model; what its experiments have in common is computed once."""
    root = workspace.root / "experiments" / f"{record.run_id}-{os.getpid()}"
    scratch = Workspace(root)
    try:
        directory = (record.config.get("push") or {}).get("directory") or "serving"
        served = versions(str(workspace.serving(record.name, directory)))
        number = reference.pushed.version if reference.pushed is not None else None
        if number not in served:
            raise UsageError(f"--experiments: the model of run {reference.run_id} is no longer there to compare with.")
        place(served[number], str(scratch.serving(record.name)), manifest(served[number]), link_or_copy)
        yield scratch
    finally:
        shutil.rmtree(root, ignore_errors=True)


def _made(case: Case, code: str, swap: Swap, scratch: Workspace) -> Proof:
    began, note, change = time.monotonic(), "", None
    print(f"Experiment: {swap.title}", file=sys.stderr)
    try:
        rows = _rows(case.run, swap, scratch) if swap.rows_of else ()
        if swap.rows_of and not rows:
            note = "No rows are named where the window is looked at by itself."
        else:
            again = _train(case.run, swap, scratch, left_out=rows)
            change = _change(again, case.comparison.metric)
            note = "" if change is not None else again.explanation.headline
    except (ConfigError, UsageError) as error:
        note = " ".join(error.problems)
    return proof(case, code, swap, change, time.monotonic() - began, note)


def _change(record: RunRecord, metric: str | None) -> MetricValue | None:
    if record.evaluation is None or metric is None:
        return None
    return (record.evaluation.overall.difference or {}).get(metric)


def _rows(record: RunRecord, swap: Swap, scratch: Workspace) -> tuple[str, ...]:
    """Places of all rows that findings of some codes are about. Records name but a few, so the data are looked at once more."""
    checks = {**swap.config.get("checks", {}), "rows_named": ALL}
    looked = dataclasses.replace(swap, config={**swap.config, "checks": checks})
    found = _train(record, looked, scratch, "inspect_data").findings
    return tuple(sorted({row for f in found if f.code in swap.rows_of for row in f.rows}))


def _train(
    record: RunRecord, swap: Swap, scratch: Workspace, last: str = LAST, left_out: tuple[str, ...] = ()
) -> RunRecord:
    """One retrain up to the verdict. What blocked the run is let through: the question is what it does to a model."""
    parsed = parse_config(swap.config)
    run_id = new_run_id(datetime.now(timezone.utc), swap.span, scratch.newest_id)
    folder = scratch.run_folder(run_id)
    folder.mkdir(parents=True)
    blocked = {f.code for f in record.findings if f.severity is Severity.BLOCK}
    job = Job(
        config=swap.config,
        base=Path(record.config_path).parent,
        root=scratch.root,
        folder=folder,
        serving=scratch.serving(parsed.name),
        run_id=run_id,
        span=swap.span,
        accept=dict.fromkeys(sorted(blocked), "an experiment"),
        cache=True,
        until=last,
        left_out=left_out,
    )
    stages = stages_for(swap.config)
    with scratch.lock(run_id) as lock, RunDisplay(stages[: stages.index(last) + 1]) as display:
        return execute(job, parsed, Path(record.config_path), scratch, lock, display)[0]

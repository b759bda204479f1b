"""`retrain run --apply`: the remedy of a diagnosis as overrides of the configuration."""

from __future__ import annotations

from pipeline.diagnosis.lookup import diagnose_in
from pipeline.errors import UsageError
from pipeline.workspace import Workspace


def overrides_of(workspace: Workspace, wanted: str, name: str) -> tuple[str, list[str], bool]:
    """The title and the overrides of a cause, and whether settings must be tuned again.

    Args:
        wanted: ``RUN`` for the most likely cause of a run, ``RUN:N`` for the N-th one, ``RUN:CODE`` for one by its code.
        name: the pipeline, for ``latest``.

    Raises:
        UsageError: when there is no such run or cause, or its remedy is not one of the configuration.
    """
    run, _, which = wanted.partition(":")
    record = workspace.load_record(workspace.find(run, name))
    causes = diagnose_in(workspace, record).causes
    if not causes:
        raise UsageError(
            f"--apply {wanted}: nothing was found that explains run {record.run_id}, so there is no remedy."
        )
    number = int(which or 1) if not which or which.isdigit() else None
    chosen = [c for i, c in enumerate(causes, 1) if (i == number if number is not None else c.code == which)]
    if not chosen:
        codes = ", ".join(f"{i} {c.code}" for i, c in enumerate(causes, 1))
        raise UsageError(f"--apply {wanted}: is no cause of run {record.run_id}. There are: {codes}.")
    cause = chosen[0]
    if not cause.remedy.overrides:
        raise UsageError(
            f"--apply {wanted}: {cause.title}: no setting mends this. {cause.remedy.text} See: retrain why {record.run_id}"
        )
    return cause.title, list(cause.remedy.overrides), cause.remedy.tune

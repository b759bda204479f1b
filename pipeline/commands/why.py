"""`retrain why RUN`: the ranked causes of what a run did, with evidence and remedies."""

from __future__ import annotations

from pathlib import Path

from pipeline.commands.output import emit_json, emit_view
from pipeline.diagnosis.lookup import diagnose_in, earlier_runs
from pipeline.diagnosis.reference import reference_of
from pipeline.errors import UsageError
from pipeline.locate import find_place
from pipeline.show.why import why
from schemas.run_record import Status


def why_command(
    *,
    run: str,
    against: str | None,
    config: Path | None,
    workspace: Path | None,
    as_json: bool,
    experiments: int = 0,
    minutes: float | None = None,
) -> int:
    """Says why a run did what it did.

    Args:
        experiments: retrains with one ingredient swapped, at most.
        minutes: no experiment begins after this time.

    Raises:
        UsageError: when there is no such run, it is still at work, or it is to be held against itself.
    """
    place = find_place(config, workspace)
    record = place.workspace.load_record(place.workspace.find(run, place.name))
    if record.status is Status.RUNNING:
        raise UsageError(f"run {record.run_id} is still at work. Ask again when it has ended.")
    other = None
    if against is not None:
        other = place.workspace.load_record(place.workspace.find(against, place.name))
        if other.run_id == record.run_id:
            raise UsageError(f"--against {against}: is the run itself. Name another one; retrain runs CONFIG has them.")
    found = diagnose_in(place.workspace, record, other)
    if minutes is not None and not experiments:
        raise UsageError("--minutes needs --experiments N: it bounds the time of experiments.")
    if experiments:
        from pipeline.commands.experiments import experiment

        held = other or reference_of(record, earlier_runs(place.workspace, record))
        found = experiment(place.workspace, record, held, found, experiments, minutes)
    if as_json:
        emit_json(found)
    else:
        emit_view(why(found))
    return 0

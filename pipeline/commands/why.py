"""`retrain why RUN`: the ranked causes of what a run did, with evidence and remedies."""

from __future__ import annotations

from pathlib import Path

from pipeline.commands.output import emit_json, emit_view
from pipeline.diagnosis.diagnose import diagnose
from pipeline.diagnosis.reference import reference_of
from pipeline.errors import UsageError
from pipeline.locate import Place, find_place
from pipeline.show.why import why
from schemas.diagnosis import Diagnosis
from schemas.run_record import RunRecord, Status

#: Runs before it that are read for the noise from run to run.
EARLIER = 50


def diagnosis_of(place: Place, run: str, against: str | None = None) -> Diagnosis:
    """The diagnosis of a run of a workspace.

    Args:
        run: id, unique prefix or ``latest``.
        against: likewise; None for the champion's run.

    Raises:
        UsageError: when there is no such run, it is still at work, or both are the same.
    """
    record = place.workspace.load_record(place.workspace.find(run, place.name))
    if record.status is Status.RUNNING:
        raise UsageError(f"run {record.run_id} is still at work. Ask again when it has ended.")
    earlier = earlier_runs(place, record)
    if against is None:
        return diagnose(record, reference_of(record, earlier), earlier)
    reference = place.workspace.load_record(place.workspace.find(against, place.name))
    if reference.run_id == record.run_id:
        raise UsageError(f"--against {against}: is the run itself. Name another one; retrain runs CONFIG lists them.")
    return diagnose(record, reference, earlier)


def earlier_runs(place: Place, record: RunRecord) -> list[RunRecord]:
    """Readable runs of the same pipeline that began before a run, newest first."""
    found: list[RunRecord] = []
    for other in place.workspace.iter_records(record.name):
        if isinstance(other, RunRecord) and other.run_id < record.run_id:
            found.append(other)
            if len(found) == EARLIER:
                break
    return found


def why_command(*, run: str, against: str | None, config: Path | None, workspace: Path | None, as_json: bool) -> int:
    """Says why a run did what it did."""
    place = find_place(config, workspace)
    found = diagnosis_of(place, run, against)
    if as_json:
        emit_json(found)
    else:
        emit_view(why(found))
    return 0

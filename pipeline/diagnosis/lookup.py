"""The diagnosis of a run of a workspace: finds the runs that it needs."""

from __future__ import annotations

from pipeline.diagnosis.diagnose import diagnose
from pipeline.diagnosis.proofs import kept, revise
from pipeline.diagnosis.reference import reference_of
from pipeline.workspace import Workspace
from schemas.diagnosis import Diagnosis
from schemas.run_record import RunRecord

#: Runs before it that are read for the noise from run to run.
EARLIER = 50


def diagnose_in(workspace: Workspace, record: RunRecord, against: RunRecord | None = None) -> Diagnosis:
    """Why a run did what it did.

    Args:
        against: the run to hold it against; None for that of its champion.
    """
    earlier = earlier_runs(workspace, record)
    found = diagnose(record, reference_of(record, earlier) if against is None else against, earlier)
    return revise(found, kept(workspace, found), record)


def earlier_runs(workspace: Workspace, record: RunRecord) -> list[RunRecord]:
    """Readable runs of the same pipeline that began before a run, newest first."""
    found: list[RunRecord] = []
    for other in workspace.iter_records(record.name, before=record.run_id):
        if isinstance(other, RunRecord):
            found.append(other)
            if len(found) == EARLIER:
                break
    return found

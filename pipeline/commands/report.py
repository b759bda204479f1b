"""`retrain report RUN [-o FILE]`: one run as one HTML page."""

from __future__ import annotations

from pathlib import Path

from pipeline.commands.output import emit
from pipeline.diagnosis.lookup import diagnose_in
from pipeline.errors import UsageError
from pipeline.locate import find_place
from pipeline.record_json import write_atomic
from pipeline.report import render
from schemas.run_record import Status

WITH_EXAMPLES = "report-with-examples.html"


def report_command(
    *, run: str, output: Path | None, config: Path | None, workspace: Path | None, with_examples: bool = False
) -> int:
    """Writes the page (``-``: to standard output) and says where it is. One with raw rows never takes the place of the one without."""
    place = find_place(config, workspace)
    record = place.workspace.load_record(place.workspace.find(run, place.name))
    examples = None
    if with_examples:
        from pipeline.report.examples import examples_of

        examples = examples_of(record)
    page = render(record, None if record.status is Status.RUNNING else diagnose_in(place.workspace, record), examples)
    if str(output) == "-":
        emit(page)
        return 0
    usual = place.workspace.report_path(record.run_id)
    path = output or (usual.with_name(WITH_EXAMPLES) if with_examples else usual)
    try:
        write_atomic(path, page)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}). Choose another place with -o FILE.") from None
    emit(f"{path}\n")
    return 0

"""`retrain export-run RUN`: a run for OpenLineage or MLflow."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from pathlib import Path

from components.served import CARD
from pipeline.commands.output import emit, emit_json
from pipeline.diagnosis.lookup import diagnose_in
from pipeline.errors import UsageError
from pipeline.locate import find_place
from pipeline.record_json import to_json, write_atomic
from pipeline.report import render
from pipeline.run_exports.mlflow import SECTIONS
from pipeline.run_exports.mlflow_client import Client
from pipeline.run_exports.openlineage import NAMESPACE, events
from pipeline.workspace import Workspace
from schemas.config import did_you_mean
from schemas.run_record import RunRecord, Status

TARGETS = ("mlflow", "openlineage")


@dataclass(frozen=True)
class Wanted:
    """What the command line says; None where it says nothing."""

    target: str
    output: Path | None = None
    namespace: str | None = None
    uri: str | None = None
    experiment: str | None = None


def export_run_command(run: str, wanted: Wanted, config: Path | None, workspace: Path | None, as_json: bool) -> int:
    """Exports the run.

    Raises:
        UsageError: when an option does not fit, the file cannot be written, or the server refuses.
    """
    _check(wanted, as_json)
    place = find_place(config, workspace)
    record = place.workspace.load_record(place.workspace.find(run, place.name))
    if wanted.target == "mlflow":
        return _mlflow(place.workspace, record, wanted, as_json)
    return _openlineage(record, wanted, as_json)


def _check(wanted: Wanted, as_json: bool) -> None:
    if wanted.target not in TARGETS:
        raise UsageError(f"--to {wanted.target}: unknown target.{did_you_mean(wanted.target, list(TARGETS))}")
    others = {"openlineage": ("uri", "experiment"), "mlflow": ("output", "namespace")}[wanted.target]
    unfit = [name for name in others if getattr(wanted, name) is not None]
    if unfit:
        raise UsageError(*(f"--{name}: is not for --to {wanted.target}. Leave it out." for name in unfit))
    if as_json and str(wanted.output) == "-":
        raise UsageError("--json: the events are on standard output already (-o -). Leave out one of them.")


def _openlineage(record: RunRecord, wanted: Wanted, as_json: bool) -> int:
    """One event a line, as OpenLineage's clients write and read files."""
    made = events(record, wanted.namespace or NAMESPACE)
    text = "".join(to_json(e, indent=None) for e in made)
    if str(wanted.output) == "-":
        emit(text)
        return 0
    path = wanted.output or Path(f"{record.run_id}.openlineage.jsonl")
    try:
        write_atomic(path, text)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror}). Choose another place with -o FILE.") from None
    if as_json:
        emit_json({"target": "openlineage", "file": str(path), "events": len(made)})
    else:
        emit(f"{path}: {len(made)} events\n")
    return 0


def _mlflow(workspace: Workspace, record: RunRecord, wanted: Wanted, as_json: bool) -> int:
    uri = wanted.uri or os.environ.get("MLFLOW_TRACKING_URI")
    if not uri:
        raise UsageError("--uri: which MLflow server? Give its address, or set MLFLOW_TRACKING_URI.")
    sent = Client(uri, os.environ).send(record, wanted.experiment or record.name, _files(workspace, record))
    if as_json:
        emit_json({"target": "mlflow", "uri": uri, **asdict(sent)})
        return 0
    done = "created" if sent.created else "brought up to date"
    lines = [
        f"Run {record.run_id}: {done} as {sent.run_id} in experiment {sent.experiment_id} of {uri}",
        f"{sent.points} new values of metrics; files: {', '.join(sent.artifacts) or 'none'}",
        *([sent.note] if sent.note else []),
    ]
    emit("\n".join(lines) + "\n")
    return 0


def _files(workspace: Workspace, record: RunRecord) -> dict[str, bytes]:
    """The report as it is made today, what shapes the model in the configuration, and the model card where a model was pushed."""
    page = render(record, None if record.status is Status.RUNNING else diagnose_in(workspace, record))
    files = {"report.html": page, "config.json": to_json({n: record.config[n] for n in SECTIONS if n in record.config})}
    card = Path(record.pushed.path, CARD) if record.pushed else None
    if card is not None and card.is_file():
        files[Path(CARD).name] = card.read_text(encoding="utf-8")
    return {name: text.encode() for name, text in files.items()}

"""`retrain schema show`, `diff` and `accept`: the schema in force, what a run's data would change in it, and taking that over."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Group
from tensorflow_metadata.proto.v0 import schema_pb2

from components import tfmd
from components.contract import make_contract
from pipeline import kept
from pipeline.commands.output import emit, emit_json, emit_view
from pipeline.errors import UsageError
from pipeline.locate import Place, place_of
from pipeline.planning import schema_source
from pipeline.schema_changes import SchemaChange, changes, domain, presence, taken_over
from pipeline.schema_log import change, log_path, read_log
from pipeline.schema_proposal import proposal
from pipeline.schema_seen import kind_text
from pipeline.schema_text import edited
from pipeline.show.tables import fields, note, table
from pipeline.wording import clean, moment, nearest_path
from schemas.config import PipelineConfig, did_you_mean, load_config
from schemas.run_record import RunRecord, Status


@dataclass(frozen=True)
class InForce:
    """The schema that the next run holds data against.

    Attributes:
        path: its file; None before the first accepted run.
        why: where it comes from, in words.
        text: the file's content.
    """

    config: PipelineConfig
    place: Place
    path: Path | None
    why: str
    text: str
    schema: schema_pb2.Schema


def in_force(config: Path, workspace: Path | None) -> InForce:
    """Finds and reads the schema in force.

    Raises:
        ConfigError: when the configuration or the schema cannot be used.
    """
    place, parsed, base = place_of(config, workspace), load_config(config), config.resolve().parent
    path = schema_source(parsed, base, place.workspace.root)
    if path is None:
        return InForce(parsed, place, None, "", "", schema_pb2.Schema())
    if parsed.data.schema_file:
        why = "named in data.schema_file"
    elif path == kept.proposal_path(parsed, base):
        why = "proposed by the first accepted run, kept beside the configuration"
    else:
        why = "proposed by the first accepted run, kept in the workspace"
    path = path.parent.resolve() / path.name
    text = tfmd.read_text(path)
    return InForce(parsed, place, path, why, text, tfmd.parse_schema(text, path))


def none_yet(found: InForce) -> str:
    """What to say when no schema is in force."""
    where = nearest_path(kept.proposal_path(found.config, (found.place.config_path or Path()).resolve().parent))
    return f"{found.config.name} has no schema yet: the first accepted run proposes one, and it is kept in {where}."


def show_command(*, config: Path, workspace: Path | None, as_json: bool) -> int:
    """Shows the schema in force, column by column, where it is, and its recorded changes. Needs no TensorFlow."""
    found = in_force(config, workspace)
    log = read_log(found.path) if found.path else []
    columns = columns_of(found)
    if as_json:
        file = str(found.path) if found.path else None
        emit_json({"file": file, "source": found.why or None, "columns": columns, "changes": log})
    elif found.path is None:
        emit(none_yet(found) + "\n")
    else:
        about = fields(f"Schema of {found.config.name}", [("file", nearest_path(found.path)), ("source", found.why)])
        rows = [[c["name"], c["type"], c["kind"], c["presence"], c["domain"]] for c in columns]
        views = [about, table("Columns", ["feature", "type", "kind", "presence", "domain"], rows)]
        if log:
            told = [[moment(e.get("when")), str(e.get("who", "–")), str(e.get("run", "–")), _what(e)] for e in log]
            views.append(table("Accepted changes", ["when", "who", "by run", "what, and why"], told))
        else:
            views.append(note("No change was accepted yet; changes by hand are in your version control."))
        emit_view(Group(*views))
    return 0


def _what(entry: dict[str, Any]) -> str:
    listed = entry.get("changes")
    said = "; ".join(map(str, listed)) if isinstance(listed, list) else "–"
    return f"{said}\n→ {entry.get('reason', '–')}"


def columns_of(found: InForce) -> list[dict[str, str]]:
    """Name, type, kind, presence and domain of every column of the schema in force, in words."""
    if found.path is None:
        return []
    known = tfmd.schema_columns(found.schema)
    contract = make_contract(found.config, {n: c.type for n, c in known.items()}, known)
    return [
        {
            "name": f.name,
            "type": tfmd.column_type(f).value,
            "kind": kind_text(f, contract),
            "presence": presence(f),
            "domain": domain(found.schema, f, f.name not in found.config.data.unnamed),
        }
        for f in found.schema.feature
    ]


def run_of(found: InForce, run: str | None) -> RunRecord:
    """The run that is asked for, else the newest one that got as far as looking at data.

    Raises:
        UsageError: when there is none.
    """
    workspace, name = found.place.workspace, found.config.name
    if run is not None:
        record = workspace.load_record(workspace.find(run, name))
        if record.name != name:
            raise UsageError(f"--run {run}: is a run of {record.name!r}, not of {name!r}.")
        return record
    for newest in workspace.iter_records(name):
        if isinstance(newest, RunRecord) and (newest.files or newest.status is Status.BLOCKED):
            return newest
    raise UsageError(
        f"there is no run of {name!r} in {workspace.root} that read data yet. Start one with: retrain run CONFIG"
    )


def proposed_by(found: InForce, run: str | None) -> tuple[RunRecord, schema_pb2.Schema]:
    """The run that is asked for, else the newest one, and the schema that lets its data pass.

    Raises:
        UsageError: when there is no such run, or its data are gone.
    """
    record = run_of(found, run)
    return record, proposal(found.schema, record)


def diff_command(*, config: Path, run: str | None, workspace: Path | None, as_json: bool) -> int:
    """Tells what would have to change in the schema for the data of a run to pass."""
    found = in_force(config, workspace)
    if found.path is None:
        _tell(as_json, {"file": None, "run": None, "changes": []}, none_yet(found))
        return 0
    record, proposed = proposed_by(found, run)
    listed = changes(found.schema, proposed, found.config.data.unnamed)
    document = _document(found, record, listed)
    where = nearest_path(found.path)
    if not listed:
        _tell(as_json, document, f"{where}: the data of run {record.run_id} fit it; nothing would change.")
        return 0
    head = f"{where} against the data of run {record.run_id}:"
    last = (
        f"Repair the data, or take changes over with: retrain schema accept {config} --reason TEXT [--feature NAME ...]"
    )
    _tell(as_json, document, "\n".join([head, *(f"  {clean(c.sentence)}" for c in listed), last]))
    return 0


def accept_command(
    *,
    config: Path,
    reason: str | None,
    features: list[str],
    run: str | None,
    workspace: Path | None,
    as_json: bool,
) -> int:
    """Takes changes over and says which."""
    document, said = accept(config=config, reason=reason, features=features, run=run, workspace=workspace)
    _tell(as_json, document, said)
    return 0


def accept(
    *, config: Path, reason: str | None, features: list[str], run: str | None, workspace: Path | None
) -> tuple[dict[str, Any], str]:
    """Takes changes over into the schema's file and records who did so, when, by which run and why.

    Returns:
        What was done, as a document and in words.

    Raises:
        UsageError: without a reason, or for a column without a change.
    """
    if not (reason or "").strip():
        raise UsageError("schema accept needs --reason TEXT: why may the data differ? It is kept beside the schema.")
    found = in_force(config, workspace)
    if found.path is None:
        return {"file": None, "run": None, "changes": []}, f"{none_yet(found)} Nothing to accept."
    record, proposed = proposed_by(found, run)
    there = list(dict.fromkeys(c.feature for c in changes(found.schema, proposed)))
    if not there:
        said = f"{nearest_path(found.path)}: the data of run {record.run_id} fit it; nothing to accept."
        return _document(found, record, []), said
    wrong = [f"--feature {n}: has no change to accept.{did_you_mean(n, there)}" for n in features if n not in there]
    if wrong:
        raise UsageError(*wrong)
    new = taken_over(found.schema, proposed, features or there)
    listed = changes(found.schema, new, found.config.data.unnamed)
    text = edited(found.text, new)
    entry = change(found.path, found.text, text, record.run_id, (reason or "").strip(), [c.sentence for c in listed])
    log = nearest_path(log_path(found.path))
    head = f"{nearest_path(found.path)}: {len(listed)} change{'s' * (len(listed) > 1)} accepted, recorded in {log}."
    lines = [head, *(f"  {clean(c.sentence)}" for c in listed)]
    return _document(found, record, listed) | {"recorded": entry}, "\n".join(lines)


def _document(found: InForce, record: RunRecord, listed: list[SchemaChange]) -> dict[str, Any]:
    return {
        "file": str(found.path),
        "run": record.run_id,
        "span": record.span,
        "changes": [asdict(c) for c in listed],
    }


def _tell(as_json: bool, document: dict[str, Any], text: str) -> None:
    if as_json:
        emit_json(document)
    else:
        emit(text + "\n")

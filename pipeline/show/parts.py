"""One run: its summary, or one part of it. `show` for people, `part_data` for scripts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from components.served import CARD
from pipeline.explain import explanation_of
from pipeline.show.augmentation import augmentation, augmentation_data
from pipeline.show.numbers import curves, metrics, nothing, stats
from pipeline.show.tables import SEVERITY_STYLES, fields, note, table
from pipeline.show.tuning import tuning
from pipeline.wording import (
    SEVERITY_GLYPHS,
    STAGE_GLYPHS,
    duration,
    moment,
    nearest_path,
    outcome,
    reused,
    size,
    span_text,
)
from schemas.findings import verdict
from schemas.run_record import RunRecord


def show(record: RunRecord, part: str | None = None) -> RenderableType:
    """A part of a run (one of `PARTS`), or its summary, as something that rich can print."""
    return _summary(record) if part is None else _VIEWS[part](record)


def part_data(record: RunRecord, part: str | None = None) -> Any:
    """The same as models and plain data (see `record_json.to_json`); None where the run did not get that far."""
    return record if part is None else _DATA[part](record)


def _summary(record: RunRecord) -> RenderableType:
    told, sums = explanation_of(record), verdict(record.findings)
    about = [
        ("run", f"{record.run_id}  ({record.name}{', ' + span_text(record) if span_text(record) else ''})"),
        ("outcome", f"{outcome(record)} (exit code {record.exit_code})"),
        ("started", f"{moment(record.started)}, took {duration(record.seconds)}"),
        ("findings", f"{sums.blocks} block, {sums.warnings} warn, {sums.passes} passed"),
        *((name, nearest_path(path)) for name, path in (("report", record.report), ("log", record.log)) if path),
    ]
    if record.pushed and (card := Path(record.pushed.path, CARD)).exists():
        about.append(("model card", nearest_path(card)))
    points = [("why", s) for s in told.why] + [("do", s) for s in told.remedies]
    stages = [(f"{STAGE_GLYPHS[s.state]} {s.name}", s.state.value, duration(s.seconds)) for s in record.stages]
    views = [Group(note(told.headline), Text()), fields("Run", about)]
    views += [fields("Why, and what to do", points)] if points else []
    views += [table("Stages", ["stage", "state", ">time"], stages)] if stages else []
    views += [note(f"Not computed again: {'; '.join(kept)}.")] if (kept := reused(record)) else []
    return Group(*views)


def _findings(record: RunRecord) -> RenderableType:
    if not record.findings:
        return nothing(record, "findings")
    ordered = sorted(record.findings, key=lambda f: -f.severity.rank)
    rows: list[list[Text | str]] = []
    for f in ordered:
        style = SEVERITY_STYLES[f.severity]
        mark = Text(f"{SEVERITY_GLYPHS[f.severity]} {f.severity.value}", style)
        rows.append([mark, f.code, f.subject, f.message + (f"\n→ {f.remedy}" if f.remedy else "")])
    return table("Findings, worst first", ["", "code", "about", "message"], rows)


def _schema(record: RunRecord) -> RenderableType:
    contract = record.contract
    if contract is None:
        return nothing(record, "schema")
    rows = [[f.name, f.type.value, f.kind.value, f.reason] for f in contract.features]
    rest = [
        ("label", f"{contract.label} ({contract.label_type.value})"),
        ("left out", ", ".join(contract.excluded) or "–"),
    ]
    views = [fields("Schema", rest), table("Inputs", ["feature", "type", "kind", "because"], rows)]
    seen = record.schema_seen
    if seen and seen.changes:
        changed = [[s] for s in seen.changes]
        views.append(
            table(f"Changed since run {seen.before}{'' if seen.accepted else ', by hand'}", ["change"], changed)
        )
        views += [note(f"Accepted by {e.who} for run {e.run}: {e.reason}") for e in seen.accepted]
    return Group(*views)


def _lineage(record: RunRecord) -> RenderableType:
    files = [[str(f.span), nearest_path(f.path), size(f.bytes), f.sha256[:12]] for f in record.files]
    made_from = [[f.name, size(f.bytes), f.sha256[:12]] for f in record.model_files]
    folders = [[s.name, output, nearest_path(path)] for s in record.stages for output, path in s.artifacts.items()]
    digests = [("data", record.data_digest or "–"), ("configuration", record.config_digest), *record.digests.items()]
    pairs = [*record.versions.items(), *((f"seed {k}", str(v)) for k, v in record.seeds.items())]
    return Group(
        table("Files", [">span", "path", ">size", "sha-256"], files),
        *([table("The model is made from", ["name", ">size", "sha-256"], made_from)] if made_from else []),
        fields("Digests (SHA-256)", digests),
        fields("Versions and seeds", pairs),
        table("Artifacts", ["stage", "output", "folder"], folders),
    )


def _lineage_data(record: RunRecord) -> Any:
    names = ("files", "model_files", "data_digest", "config_digest", "digests", "versions", "seeds", "window")
    return {**{n: getattr(record, n) for n in names}, "artifacts": {s.name: s.artifacts for s in record.stages}}


_VIEWS: dict[str, Callable[[RunRecord], RenderableType]] = {
    "findings": _findings,
    "metrics": metrics,
    "curves": curves,
    "schema": _schema,
    "stats": stats,
    "tuning": tuning,
    "augmentation": augmentation,
    "lineage": _lineage,
}
_DATA: dict[str, Callable[[RunRecord], Any]] = {
    "findings": lambda r: r.findings,
    "metrics": lambda r: r.evaluation,
    "curves": lambda r: r.training,
    "schema": lambda r: r.contract,
    "stats": lambda r: None if r.data is None else {"data": r.data, "learned": r.learned},
    "tuning": lambda r: r.tuning,
    "augmentation": augmentation_data,
    "lineage": _lineage_data,
}
PARTS = tuple(_VIEWS)

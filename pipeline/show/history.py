"""The list of runs, newest first."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from pipeline.explain import explanation_of, main_metric
from pipeline.rollbacks import told
from pipeline.show.tables import note, table
from pipeline.wording import STATUS_TONES, TONE_GLYPHS, duration, metric_name, metric_value, outcome
from pipeline.workspace import BadRecord
from schemas.run_record import RunRecord

TONE_STYLES = {"good": "green", "held": "yellow", "bad": "red", "idle": "dim"}


def runs_table(records: Iterable[RunRecord | BadRecord], rollbacks: Iterable[dict[str, Any]] = ()) -> RenderableType:
    """One line a run or rollback. The metric is the one that stands for the model (see `explain.main_metric`)."""
    listed = list(records)
    rows = {r.run_id: _row(r) for r in listed} | {r["id"]: _rollback_row(r) for r in rollbacks}
    columns = ["!run", "outcome", ">span", ">on test", ">version", ">time"]
    problems = [note(f"{r.run_id}: {r.problem}") for r in listed if isinstance(r, BadRecord)]
    return Group(table("Runs, newest first", columns, [rows[i] for i in sorted(rows, reverse=True)]), *problems)


def _row(record: RunRecord | BadRecord) -> list[Text | str]:
    if isinstance(record, BadRecord):
        return [record.run_id, Text("✗ unreadable", "red"), "–", "–", "–", "–"]
    tone = STATUS_TONES[record.status]
    status = Text(f"{TONE_GLYPHS[tone]} {outcome(record)}", TONE_STYLES[tone])
    metric = main_metric(record)
    value = record.evaluation.overall.candidate[metric] if record.evaluation and metric else None
    return [
        record.run_id,
        status,
        "–" if record.span is None else str(record.span),
        f"{metric_name(metric)} {metric_value(value)}" if metric else "–",
        str(record.pushed.version) if record.pushed else "–",
        duration(record.seconds),
    ]


def _rollback_row(rollback: dict[str, Any]) -> list[Text | str]:
    to = Text(f"↩ back to version {rollback['to']}", TONE_STYLES["held"])
    return [str(rollback["id"]), to, "–", "–", str(rollback["version"]), "–"]


def runs_data(
    records: Iterable[RunRecord | BadRecord], rollbacks: Iterable[dict[str, Any]] = ()
) -> list[dict[str, Any]]:
    """The same for scripts, newest first: one mapping a run; a run that cannot be read has only ``run_id`` and ``problem``.

    A rollback has ``status`` ``rolled_back``, and as ``rollback`` what was recorded.
    """
    rows = {r.run_id: _data(r) for r in records} | {r["id"]: _rollback_data(r) for r in rollbacks}
    return [rows[i] for i in sorted(rows, reverse=True)]


def _rollback_data(rollback: dict[str, Any]) -> dict[str, Any]:
    return {
        "run_id": None,
        "status": "rolled_back",
        "started": rollback["when"],
        "version": rollback["version"],
        "headline": told(rollback),
        "rollback": rollback,
    }


def _data(record: RunRecord | BadRecord) -> dict[str, Any]:
    if isinstance(record, BadRecord):
        return {"run_id": record.run_id, "problem": record.problem}
    metric = main_metric(record)
    value = record.evaluation.overall.candidate[metric] if record.evaluation and metric else None
    return {
        "run_id": record.run_id,
        "name": record.name,
        "status": record.status.value,
        "exit_code": record.exit_code,
        "started": record.started,
        "finished": record.finished,
        "seconds": record.seconds,
        "span": record.span,
        "window": record.window,
        "metric": None if metric is None or value is None else {"name": metric, **value.model_dump()},
        "version": record.pushed.version if record.pushed else None,
        "headline": explanation_of(record).headline,
    }

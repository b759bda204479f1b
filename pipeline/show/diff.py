"""Two runs side by side, in the terminal."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from rich.console import Group, RenderableType

from pipeline.show.tables import fields, note, table
from pipeline.wording import interval, metric_name, metric_value, moment, number, percent
from schemas.run_diff import Difference, RunDiff


def diff_view(found: RunDiff) -> RenderableType:
    """The comparison as something that rich can print: only what differs, and what is worth knowing to be the same."""
    sides = [
        (name, f"{s.run_id}  {s.outcome}, {s.spans or 'no data read'}, {moment(s.started)}")
        for name, s in (("before", found.before), ("after", found.after))
    ]
    views: list[RenderableType] = [fields("Runs", [*sides, ("result", found.comparison.sentence)])]
    parts = [("Data", found.data), ("Configuration", found.config), ("Training", found.training)]
    for title, part in [*parts, ("Environment", found.environment)]:
        rows = [[d.what, value_text(d.before, d.what), value_text(d.after, d.what)] for d in part if not d.same]
        views.append(table(title, ["", ">before", ">after"], rows) if rows else note(f"{title}: no difference."))
    if found.metrics:
        views.append(table("Metrics, each on the test rows of its run", METRIC_COLUMNS, list(metric_rows(found))))
    if found.findings:
        rows = [[f.code, f.subject, finding_text(f.before), finding_text(f.after), f.message] for f in found.findings]
        views.append(table("Findings", ["code", "about", "before", "after", "message"], rows))
    return Group(*views)


METRIC_COLUMNS = ["slice", "metric", ">before", ">95 %", ">after", ">95 %", ">change"]


def metric_rows(found: RunDiff) -> Iterable[list[str]]:
    """One row a slice and metric."""
    for m in found.metrics:
        change = "–" if m.change is None else f"{m.change:+.3f}"
        values = [metric_value(m.before), interval(m.before), metric_value(m.after), interval(m.after)]
        yield [m.slice, metric_name(m.metric), *values, change]


def finding_text(severity: Any) -> str:
    """A severity, or that there is none."""
    return "–" if severity is None else str(severity.value)


def value_text(value: Any, what: str = "") -> str:
    """A value of any kind on one line; shares in percent, digests cut."""
    if isinstance(value, float) and what.endswith("share"):
        return percent(value)
    if isinstance(value, str) and what.startswith("digest"):
        return value[:12]
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list | bool) else number(value)


def changed(part: Iterable[Difference]) -> list[Difference]:
    """Those that differ."""
    return [d for d in part if not d.same]

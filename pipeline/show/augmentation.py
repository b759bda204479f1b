"""What augmentation did to train: the policy, its draws, and every class and span before and after."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from pipeline import audit as audits
from pipeline.show.tables import SEVERITY_STYLES, fields, note, sparkline, table
from pipeline.wording import SEVERITY_GLYPHS, nearest_path
from schemas.findings import Severity
from schemas.run_record import RunRecord


def augmentation(record: RunRecord) -> RenderableType:
    """The audit as tables."""
    files = audits.audit_of(record)
    if files is None:
        configured = (record.config.get("transform") or {}).get("augment")
        reason = "it did not get that far" if configured else "transform.augment is not configured"
        return note(f"This run has no audit of augmentation: {reason}.")
    found = [
        Text(f"{SEVERITY_GLYPHS[f.severity]} {f.message}", SEVERITY_STYLES[f.severity])
        for f in audits.findings_of(record)
        if f.severity is not Severity.OK
    ]
    views: list[RenderableType] = [*found, Text()] if found else []
    if files.audit is None:
        return Group(*views, note(files.problem))
    about = [("policy", audits.policy_text(files.audit)), ("digest", files.audit.digest[:16])]
    views += [fields("Policy", about), table("Draws on train", *audits.drawn_table(files.audit))]
    for name, of in files.audit.inputs.items():
        views += _input(name, audits.sides(record, name, of))
    folder = nearest_path(files.folder / audits.SHEETS)
    pictures = f"Contact sheets, before and after ({len(files.sheets)} pictures): {folder}"
    return Group(*views, note(audits.SIDE_NOTE), *([note(pictures)] if files.sheets else []))


def _input(name: str, sides: Sequence[audits.Side]) -> list[RenderableType]:
    """The numbers of an input, and how far its pictures are turned."""
    columns, rows = audits.side_table(sides)
    views = [table(f"{name}: train after augmentation", columns, rows)]
    turns = {s.title: s.group.histograms["turn"] for s in sides if "turn" in s.group.histograms}
    if any(sum(h.after) for h in turns.values()):
        reach = audits.reach_of(list(turns.values()))
        shown = {title: audits.cropped(h, reach) for title, h in turns.items()}
        edge = next(iter(shown.values())).low
        lines = [
            [title, sparkline([float(n) for n in h.after], floor=0), str(sum(h.after))] for title, h in shown.items()
        ]
        heads = ["part", f"from {edge}° to {-edge}°, in steps of 10°", ">rows"]
        views.append(table(f"{name}: turned by (rows beyond are in the outermost bars)", heads, lines))
    return views


def augmentation_data(record: RunRecord) -> Any:
    """The same for scripts; None without an audit."""
    files = audits.audit_of(record)
    if files is None:
        return None
    sheets = [str(p) for p in files.sheets]
    return {
        "audit": files.audit,
        "problem": files.problem,
        "findings": audits.findings_of(record),
        "folder": str(files.folder),
        "sheets": sheets,
    }

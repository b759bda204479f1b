"""The search for better settings: what was tried, and what training took."""

from __future__ import annotations

from rich.console import Group, RenderableType

from pipeline.show.numbers import nothing
from pipeline.show.tables import fields, note, table
from pipeline.tuning_tables import as_yaml, summary, table_of
from schemas.run_record import RunRecord


def tuning(record: RunRecord) -> RenderableType:
    """All trials, best first."""
    found = record.tuning
    if found is None:
        configured = (record.config.get("train") or {}).get("tune")
        return nothing(record, "tuning") if configured else note("This run has no tuning: train.tune is off.")
    views = [fields("Tuning", summary(found)), table("Trials, best first", *table_of(found))]
    return Group(*views, note(f"Values that training took: {as_yaml(found)}"))

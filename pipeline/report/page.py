"""Fills the template: gives it the record, the explanation, the geometry of the charts and the spelling of numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline import audit, tuning_tables, wording
from pipeline.explain import explanation_of, main_metric
from pipeline.labels import labels_of
from pipeline.learned import learned_note, learned_tables
from pipeline.report import amounts, classes
from pipeline.report.charts import Forest, curves_chart, forest, rate_chart, trend
from pipeline.report.features import feature_rows
from pipeline.report.histograms import Strips, strips
from pipeline.report.prose import prose
from schemas import __version__
from schemas.diagnosis import Diagnosis, RankedCause
from schemas.evidence import OVERALL, SPLITS, SliceEvidence
from schemas.findings import Finding, Severity, verdict
from schemas.run_record import RunRecord, Status

if TYPE_CHECKING:
    from pipeline.report.examples import Examples

FOLDER = Path(__file__).parent
FILTERS = (
    "number",
    "metric_name",
    "metric_value",
    "interval",
    "percent",
    "duration",
    "moment",
    "size",
    "warm_start_told",
)
#: The cause of a model that was not blessed is in the verdict when it is at least so likely.
SURE = 0.5
#: Causes that are less likely than this are left to `retrain why`.
LIKELY = 0.1


@dataclass(frozen=True)
class AuditedInput:
    """One input in the audit: its table, and its histograms where it has any."""

    name: str
    columns: list[str]
    rows: list[list[str]]
    strips: Strips | None


@dataclass(frozen=True)
class Augmentation:
    """The section about augmentation."""

    files: audit.AuditFiles
    policy: str
    drawn: tuple[list[str], list[list[str]]]
    parts: tuple[AuditedInput, ...]
    note: str = audit.SIDE_NOTE


def render(record: RunRecord, diagnosis: Diagnosis | None = None, examples: Examples | None = None) -> str:
    """The page. Reads the audit of augmentation where it lies; all else is in the record.

    Shows no rows and no values of features, apart from labels, slices, bounds, what stands in for missing, and categories that a
    finding or the schema names; never those of `Data.unnamed` columns.

    Args:
        diagnosis: why the run did what it did; None leaves the section out.
        examples: rows to show all the same.
    """
    return environment().get_template("report.html.j2").render(context(record, diagnosis, examples))


def context(record: RunRecord, diagnosis: Diagnosis | None, examples: Examples | None = None) -> dict[str, Any]:
    """All that the template names."""
    metric = main_metric(record)
    training = record.training
    residuals = record.evaluation.residuals if record.evaluation else None
    plots = record.evaluation.plots if record.evaluation else None
    return {
        "record": record,
        "told": explanation_of(record),
        "tone": wording.STATUS_TONES[record.status],
        "word": wording.outcome(record),
        "why_title": "Worth a look" if record.status is Status.PUSHED else "Why",
        "pushed": record.status is Status.PUSHED,
        "where": wording.span_text(record),
        "reused": wording.reused(record),
        "sums": verdict(record.findings),
        "bad": sorted((f for f in record.findings if f.severity is not Severity.OK), key=lambda f: -f.severity.rank),
        "passed": wording.of_severity(record, Severity.OK),
        "metric": metric,
        "overall": _overall(record),
        "duel": _duel(record, metric),
        "curves": curves_chart(training) if training else None,
        "rate": rate_chart(training) if training else None,
        "against": amounts.against(residuals) if residuals else None,
        "errors": amounts.histogram(residuals) if residuals else None,
        "drawn": classes.charts(plots) if plots else (),
        "matrix": classes.matrix(plots) if plots else None,
        "beside": bool(plots and plots.champion),
        "features": feature_rows(record.data, record.findings) if record.data else [],
        "labels": labels_of(record.data, record.findings) if record.data else None,
        "trend": trend,
        "schema_findings": _schema_findings(record),
        "suspected": _suspected(diagnosis),
        "lead": _lead(record, diagnosis),
        "diagnosis": diagnosis,
        "examples": examples,
        "learned": learned_tables(record.learned),
        "learned_note": learned_note(record.learned),
        "augmentation": _augmentation(record),
        "tuning": record.tuning,
        "tuning_summary": tuning_tables.summary,
        "tuning_table": tuning_tables.table_of,
        "stopped_there": wording.by_augmentation(record),
        "recall_table": wording.recall_table,
        "cross_table": wording.cross_table,
        "model_notes": wording.model_notes,
        "overall_name": OVERALL,
        "splits": SPLITS,
        "css": Markup((FOLDER / "report.css").read_text(encoding="utf-8")),
        "made_by": f"Retrain {__version__}",
    }


def _suspected(diagnosis: Diagnosis | None) -> list[RankedCause]:
    """The causes that are worth a look: likely ones, and the first few that may be."""
    return [c for c in diagnosis.causes if c.score >= LIKELY][:3] if diagnosis is not None else []


def _lead(record: RunRecord, diagnosis: Diagnosis | None) -> RankedCause | None:
    """What to mend first when the gates held a model back: they say that it is worse, not why."""
    first = next(iter(_suspected(diagnosis)), None)
    return first if first and record.status is Status.NOT_BLESSED and first.score >= SURE else None


def _schema_findings(record: RunRecord) -> list[Finding]:
    """How the data differ from the schema, also where that is only noted."""
    found = [f for f in record.findings if f.code.startswith("schema_") or f.code == "lost_column"]
    return sorted(found, key=lambda f: -f.severity.rank)


def _augmentation(record: RunRecord) -> Augmentation | None:
    files = audit.audit_of(record)
    if files is None:
        return None
    found = files.audit
    if found is None:
        return Augmentation(files, "", ([], []), ())
    parts = []
    for name, of in found.inputs.items():
        groups = audit.sides(record, name, of)
        parts.append(AuditedInput(name, *audit.side_table(groups), strips(groups)))
    return Augmentation(files, audit.policy_text(found), audit.drawn_table(found), tuple(parts))


def _overall(record: RunRecord) -> SliceEvidence | None:
    slices = record.evaluation.slices if record.evaluation else []
    return next((s for s in slices if s.slice == OVERALL), None)


def _duel(record: RunRecord, metric: str | None) -> Forest | None:
    """Candidate and champion on one axis; None when there is nothing to compare."""
    overall = _overall(record)
    if overall is None or metric is None or overall.champion is None or metric not in overall.champion:
        return None
    return forest([("this run", overall.candidate[metric]), ("champion", overall.champion[metric])])


@lru_cache
def environment(*folders: Path) -> Environment:
    """What renders the templates of this folder; those of `folders` may extend them."""
    made = Environment(
        loader=FileSystemLoader([*folders, FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update({name: getattr(wording, name) for name in FILTERS})
    made.filters["prose"] = prose
    made.globals.update(
        severity_glyphs={s.value: g for s, g in wording.SEVERITY_GLYPHS.items()},
        stage_glyphs={s.value: g for s, g in wording.STAGE_GLYPHS.items()},
        tone_glyphs=wording.TONE_GLYPHS,
    )
    return made


def _finalize(value: Any) -> Any:
    """Everything that is written passes here: characters that steer or turn text are spelt out, then it is escaped."""
    return wording.clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value

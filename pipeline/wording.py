"""How numbers, names, times, paths and tables are written: the same in the terminal, in sentences and on the page."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from schemas.config import DEFAULT_THRESHOLD
from schemas.evidence import CrossScores, MetricValue, ModelEvidence, SliceEvidence
from schemas.features import NO_CLASS
from schemas.findings import Finding, Severity
from schemas.run_record import RunRecord, StageState, Status, WarmStart

METRIC_NAMES = {
    "auc": "AUC",
    "pr_auc": "PR AUC",
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "log_loss": "log loss",
    "kappa": "quadratic weighted kappa",
    "f1": "macro F1",
    "brier": "Brier score",
    "calibration_error": "calibration error",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R²",
}
STATUS_WORDS = {
    Status.RUNNING: "running",
    Status.PUSHED: "pushed",
    Status.CHECKED: "data checked",
    Status.NOTHING_NEW: "nothing new",
    Status.BLOCKED: "blocked by data",
    Status.NOT_BLESSED: "not blessed",
    Status.INVALID: "invalid",
    Status.FAILED: "failed",
    Status.INTERRUPTED: "interrupted",
}
#: Status -> good, held, bad or idle: what a colour stands for. Never shown without the word.
STATUS_TONES = {
    Status.RUNNING: "idle",
    Status.PUSHED: "good",
    Status.CHECKED: "good",
    Status.NOTHING_NEW: "idle",
    Status.BLOCKED: "held",
    Status.NOT_BLESSED: "held",
    Status.INVALID: "bad",
    Status.FAILED: "bad",
    Status.INTERRUPTED: "bad",
}
#: The stage whose block is the doing of the augmentation, and not of the data.
AUGMENTATION_GATE = "augmentation_ok"
TONE_GLYPHS = {"good": "✓", "held": "■", "bad": "✗", "idle": "–"}
STAGE_GLYPHS = {
    StageState.PENDING: "·",
    StageState.RUNNING: "▸",
    StageState.DONE: "✓",
    StageState.CACHED: "=",
    StageState.BLOCKED: "■",
    StageState.FAILED: "✗",
}
#: What a stage computes span by span.
OF_SPANS = {"inspect_data": "counts"}
SEVERITY_GLYPHS = {Severity.OK: "✓", Severity.WARN: "!", Severity.BLOCK: "■"}


def clean(text: object) -> str:
    """Text with control and direction characters spelt out: no name can steer a terminal or mislead a reader."""
    plain = str(text)
    return plain if plain.isprintable() else "".join(c if _harmless(c) else f"\\u{ord(c):04x}" for c in plain)


def _harmless(char: str) -> bool:
    return char == "\n" or char.isprintable() or unicodedata.category(char) == "Zs"


def outcome(record: RunRecord) -> str:
    """How the run ended, in two or three words."""
    if by_tuning(record):
        return "blocked by tuning"
    return "blocked by augmentation" if by_augmentation(record) else STATUS_WORDS[record.status]


def by_augmentation(record: RunRecord) -> bool:
    """Whether the augmentation is what stopped the run."""
    return any(s.name == AUGMENTATION_GATE and s.state is StageState.BLOCKED for s in record.stages)


def by_tuning(record: RunRecord) -> bool:
    """Whether the search for settings is what stopped the run."""
    return any(s.name == "tuner" and s.state is StageState.BLOCKED for s in record.stages)


def metric_name(metric: str) -> str:
    """The name of a metric as people write it; unknown ones as they are."""
    return METRIC_NAMES.get(metric, metric)


def class_name(label: str) -> str:
    """A label value; what counts rows by class counts those of amounts all together."""
    return "all" if label == NO_CLASS else label


def number(value: object, digits: int = 4) -> str:
    """A number short enough to read: ``digits`` significant ones; a dash for None; texts as they are."""
    if value is None:
        return "–"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return clean(value)
    if isinstance(value, int):
        return f"{value:,}"
    if not math.isfinite(value):
        return str(value)
    return f"{value:,.0f}" if abs(value) >= 10**digits else f"{value:.{digits}g}"


def metric_value(value: MetricValue | None, signed: bool = False) -> str:
    """A metric with three decimals, or ``undefined``; a dash where there is none."""
    if value is None:
        return "–"
    if value.value is None or not math.isfinite(value.value):
        return "undefined"
    places = 3 if abs(value.value) < 1000 else 1
    return f"{value.value:+,.{places}f}" if signed else f"{value.value:,.{places}f}"


def interval(value: MetricValue | None, signed: bool = False) -> str:
    """``0.92 to 0.96``, or a dash where no interval is known. Three decimals where the ends are close."""
    if value is None or value.low is None or value.high is None:
        return "–"
    places = 2 if value.high - value.low >= 0.02 else 3
    sign = "+" if signed else ""
    return f"{value.low:{sign}.{places}f} to {value.high:{sign}.{places}f}"


def percent(share: float) -> str:
    """A share (0 to 1) in percent; never rounds something to nothing, nor almost all to all."""
    if 0 < share < 0.0005:
        return "< 0.1 %"
    if 0.9995 < share < 1:
        return "> 99.9 %"
    return f"{share:.1%}".replace("%", " %").replace(".0 %", " %")


def duration(seconds: float | None) -> str:
    """``0.4 s``, ``12 s``, ``3 min 05 s`` or ``2 h 07 min``; a dash for None."""
    if seconds is None:
        return "–"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def moment(iso: str | None) -> str:
    """An ISO 8601 time as ``2026-11-24 04:31 UTC``; what is not a time stays as it is."""
    if iso is None:
        return "–"
    try:
        at = datetime.fromisoformat(iso.replace("Z", "+00:00"))
    except ValueError:
        return clean(iso)
    return f"{at.astimezone(timezone.utc):%Y-%m-%d %H:%M} UTC"


def size(count: int) -> str:
    """Bytes as ``812 B``, ``1.4 MB``; powers of 1,000."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"


def nearest_path(path: str | Path) -> str:
    """A path as seen from the current folder when that is shorter, otherwise as it is."""
    given = str(path)
    try:
        relative = str(Path(given).relative_to(Path.cwd()))
    except (ValueError, OSError):
        return given
    return relative if len(relative) < len(given) else given


def of_severity(record: RunRecord, severity: Severity) -> list[Finding]:
    """The findings of one severity, in their order."""
    return [f for f in record.findings if f.severity is severity]


def span_text(record: RunRecord) -> str:
    """``span 8``, or ``spans 5 to 8`` for a window; empty when no span was read."""
    window = sorted(record.window) or ([] if record.span is None else [record.span])
    if not window:
        return ""
    return f"span {window[0]}" if len(window) == 1 else f"spans {window[0]} to {window[-1]}"


def reused(record: RunRecord) -> list[str]:
    """What a run did not compute again: stages, and spans of stages."""
    told = []
    for stage in record.stages:
        name = stage.name.replace("_", " ")
        if stage.state is StageState.CACHED:
            told.append(name)
        elif stage.spans_reused:
            told.append(f"{OF_SPANS.get(stage.name, name)} of {spans_told(stage.spans_reused)}")
    return told


def spans_told(spans: Sequence[int]) -> str:
    """``span 4``, ``spans 4 to 6`` or ``spans 4, 6``."""
    if len(spans) == 1:
        return f"span {spans[0]}"
    whole = list(spans) == list(range(spans[0], spans[-1] + 1))
    return f"spans {spans[0]} to {spans[-1]}" if whole else f"spans {', '.join(map(str, spans))}"


def without_empty(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> tuple[list[str], list[list[str]]]:
    """The columns of a table in which any row says something; a dash says nothing."""
    kept = [i for i in range(len(columns)) if any(row[i] not in ("", "–") for row in rows)]
    return [columns[i] for i in kept], [[row[i] for i in kept] for row in rows]


def model_notes(evidence: ModelEvidence) -> list[str]:
    """What else is known of the candidate: its threshold, if it is not the likelier class, and how it can be served."""
    notes = []
    of_champion = evidence.champion_threshold
    if any(t not in (None, DEFAULT_THRESHOLD) for t in (evidence.threshold, of_champion)):
        theirs = "" if of_champion is None else f", the champion's {of_champion:.4g}"
        notes.append(
            f"A row is taken for the second class beyond a probability of {evidence.threshold:.4g}{theirs} (evaluate.threshold)."
        )
    served = evidence.serving
    if served and served.error is None and served.difference is not None:
        notes.append(
            f"In a fresh process: {served.rows} test rows scored as in the evaluation to {served.difference:.1g}, "
            f"{served.latency_ms:.2g} ms a row (95 %: {served.latency_ms_p95:.2g} ms), loaded in {served.load_seconds:.1f} s, "
            f"{served.size_mb:.3g} MB."
        )
    return notes


def recall_table(of: SliceEvidence) -> tuple[list[str], list[list[str]]]:
    """Recall, precision and F1 of each class, and the champion's recall; columns only where something is known."""
    columns = ["class", ">rows", ">recall", ">95 %", ">champion", ">95 %", ">precision", ">95 %", ">F1"]
    rows = []
    for label, new in of.recalls.items():
        old = (of.champion_recalls or {}).get(label)
        counted = f"{of.labels.get(label, 0):,}"
        recall = [metric_value(new), interval(new), metric_value(old), interval(old)]
        precision = of.precisions.get(label)
        f1 = metric_value(of.f1.get(label))
        rows.append([label, counted, *recall, metric_value(precision), interval(precision), f1])
    return without_empty(columns, rows)


#: A scaling that moved by less is not worth a sentence: a hundredth of a deviation changes no prediction that is looked at.
NOTABLE_MOVE = 0.01


def warm_start_told(start: WarmStart | None) -> list[str]:
    """What training with `train.warm_start` began with, in sentences; none without it."""
    if start is None:
        return []
    if not start.warm:
        return [clean(start.why)]
    told = [
        f"From {clean(start.champion)}: {percent(start.share)} of the weights; eval loss {number(start.val_loss)} before the first "
        f"epoch, {number(start.cold_val_loss)} with fresh weights."
    ]
    told += [f"Fresh: {clean('; '.join(start.fresh))}."] if start.fresh else []
    told += [f"Gone: {clean('; '.join(start.gone))}."] if start.gone else []
    distance = {n: max(abs(s.shift), abs(math.log(s.ratio))) for n, s in start.moved.items()}
    far = max(distance, key=lambda n: distance[n], default=None)
    if far is not None and distance[far] >= NOTABLE_MOVE:
        scale = start.moved[far]
        told.append(
            f"Of all scalings, that of {clean(far)} moved furthest: its centre by {number(scale.shift)} widths, its width by a factor "
            f"of {number(scale.ratio)}."
        )
    return told


def cross_table(cross: CrossScores) -> tuple[list[str], list[list[str]]]:
    """Champion and candidate on previous and new test rows: one line for each metric and set."""
    columns = ["metric", "test rows", ">rows", ">champion", ">95 %", ">candidate", ">95 %", ">difference", ">95 %"]
    sets = [(name, cells) for name, cells in (("previous", cross.previous), ("new", cross.new)) if cells]
    rows = []
    for metric in dict.fromkeys(m for _, cells in sets for m in cells.candidate):
        for name, cells in sets:
            old, new, change = (values.get(metric) for values in (cells.champion, cells.candidate, cells.difference))
            both = [metric_value(old), interval(old), metric_value(new), interval(new)]
            change_cells = [metric_value(change, signed=True), interval(change, signed=True)]
            rows.append([metric_name(metric), name, f"{cells.rows:,}", *both, *change_cells])
        if (gap := cross.harder.get(metric)) is not None:
            told = [metric_value(gap, signed=True), interval(gap, signed=True)]
            rows.append([metric_name(metric), "change", "–", *told, *["–"] * 4])
    return columns, rows

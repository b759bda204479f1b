"""The model card of a version, as Markdown: what it learned from, how good it is, and what its limits are. Pure: reads a record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pipeline.learned import learned_note, learned_tables
from pipeline.tuning_tables import tuned_text
from pipeline.wording import (
    SEVERITY_GLYPHS,
    class_name,
    clean,
    interval,
    metric_name,
    metric_value,
    model_notes,
    moment,
    number,
    of_severity,
    percent,
    recall_table,
    span_text,
    warm_start_told,
    without_empty,
)
from schemas.evidence import SPLITS, SliceEvidence
from schemas.findings import Severity
from schemas.run_record import RunRecord

#: What would be read as Markdown. An underscore inside a word is none.
SPECIAL = re.compile(r"([\\`*\[\]<>|#~&]|(?<!\w)_|_(?!\w))")
GATES = ("judge_model", "pusher")


def model_card(record: RunRecord, version: int, pushed_by: str) -> str:
    """The card of the model that a run trained and evaluated.

    Args:
        version: number that the model was pushed as.
        pushed_by: id of the run that pushed it; `record` is of this run, or of a later one that found its model pushed.
    """
    parts = [
        f"# Model card: {_text(record.name)}, version {version}",
        _about(record, pushed_by),
        _data(record),
        _inputs(record),
        _training(record),
        _metrics(record),
        _slices(record),
        _gates(record),
        _limits(record),
        _origin(record),
    ]
    return "\n\n".join(p for p in parts if p) + "\n"


def copy_card(card: str, version: int, noted: dict[str, Any]) -> str:
    """The card of a version by the card of the one that it is a copy of: the same, after a remark; unchanged for one that is no copy.

    Args:
        noted: what was noted with the version.
    """
    rollback = noted.get("rollback")
    if not rollback:
        return card
    reason = f" Reason: {_text(rollback['reason'])}" if rollback["reason"] else ""
    remark = (
        f"> Version {version} is a copy of version {rollback['to']}, put in the place of version {rollback['from']} by"
    )
    return f"{remark} `retrain rollback` on {moment(rollback['when'])}.{reason}\n\n{card}"


def _text(value: object) -> str:
    """A text in which nothing is Markdown, on one line."""
    return SPECIAL.sub(r"\\\1", clean(value).replace("\n", " "))


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; ``>`` before a column's name aligns right."""
    heads = [_text(c.removeprefix(">")) for c in columns]
    rule = ["---:" if c.startswith(">") else "---" for c in columns]
    lines = [heads, rule, *([_text(c) for c in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _list(items: Iterable[str]) -> str:
    return "\n".join(f"- {item}" for item in items)


def _about(record: RunRecord, pushed_by: str) -> str:
    training, contract = record.training, record.contract
    what = f"a model of type {training.model}" if training and training.model else "a model"
    classes = f", with the classes {', '.join(training.labels)}" if training and training.labels else ""
    label = (
        f" It predicts {'the amount' if contract.amounts else 'the label'} {contract.label}{classes}."
        if contract
        else ""
    )
    described = "" if pushed_by in ("", record.run_id) else f", described by run {record.run_id}"
    return _text(
        f"This is {what}, trained on {span_text(record) or 'unknown spans'} and pushed by run {pushed_by or record.run_id}"
        f"{described}, {moment(record.started)}.{label}"
    )


def _data(record: RunRecord) -> str:
    if record.data is None:
        return ""
    labels = record.data.labels
    values = sorted({v for counts in labels.values() for v in counts})
    rows = []
    for split in (s for s in SPLITS if s in labels):
        total = sum(labels[split].values())
        counts = [labels[split].get(v, 0) for v in values]
        rows.append([split, f"{total:,}", *(f"{n:,} ({percent(n / total)})" if total else "0" for n in counts)])
    missing = {s.span: s.unlabelled for s in record.data.spans if s.unlabelled}
    left_out = "; ".join(f"span {s}: {n:,}" for s, n in missing.items())
    files = [
        [str(f.span), f"{Path(f.path).parent.name}/{Path(f.path).name}", number(f.bytes), f.sha256]
        for f in record.files
    ]
    return "\n\n".join(
        [
            "## Data",
            f"Rows per split and value of the label {_text(record.data.label)}, over all spans of the window:",
            _table(["split", ">rows", *(f">{class_name(v)}" for v in values)], rows),
            *([f"Rows without a label, left out: {left_out}."] if missing else []),
            _table([">span", "file", ">bytes", "SHA-256"], files),
            f"Digest of all files: `{record.data_digest or 'unknown'}`.",
        ]
    )


def _inputs(record: RunRecord) -> str:
    if record.contract is None:
        return ""
    features = [[f.name, f.type.value, f.kind.value] for f in record.contract.features]
    parts = ["## Inputs", _table(["feature", "type", "kind"], features)]
    if record.contract.excluded:
        parts.append(f"Left out: {_text(', '.join(record.contract.excluded))}.")
    for kind in learned_tables(record.learned):
        parts += [f"### Learned about {kind.kind} features", _table(kind.columns, kind.rows)]
    return "\n\n".join([*parts, *([_text(learned_note(record.learned))] if record.learned else [])])


def _training(record: RunRecord) -> str:
    training = record.training
    if training is None:
        return ""
    weights = ", ".join(f"{k}: {number(v)}" for k, v in training.class_weights.items()) or "none"
    rows = [
        ["model", training.model or "–"],
        ["because", training.model_reason or "–"],
        ["trainable weights", number(training.parameters)],
        ["epochs", f"{len(training.epochs)}, weights of epoch {training.best_epoch} kept, ended by {training.stopped}"],
        *([["class weights", weights]] if training.labels else []),
        *([["tuned", tuned_text(record.tuning)]] if record.tuning else []),
        *(["warm start", told] for told in warm_start_told(training.warm_start)),
    ]
    return "## Training\n\n" + _table(["what", "value"], rows)


def _metrics(record: RunRecord) -> str:
    if record.evaluation is None:
        return ""
    overall, champion = record.evaluation.overall, record.evaluation.champion
    columns = ["metric", ">value", ">95 %", ">champion", ">difference", ">95 % of the difference"]
    rows = [_metric_row(overall, m) for m in overall.candidate]
    compared = (
        f"Compared with the champion, {_text(champion)}, on the same rows." if champion else "There was no champion."
    )
    parts = [
        "## Metrics",
        f"On the test split, {overall.rows:,} rows. {compared}",
        _table(*without_empty(columns, rows)),
    ]
    parts += [_text(line) for line in model_notes(record.evaluation)]
    if overall.recalls:
        parts += ["### Recall by class", _table(*recall_table(overall))]
    return "\n\n".join(parts)


def _metric_row(of: SliceEvidence, metric: str) -> list[str]:
    new, old, change = of.candidate[metric], (of.champion or {}).get(metric), (of.difference or {}).get(metric)
    compared = [metric_value(old), metric_value(change, signed=True), interval(change, signed=True)]
    return [metric_name(metric), metric_value(new), interval(new), *compared]


def _slices(record: RunRecord) -> str:
    evidence = record.evaluation
    slices = [s for s in evidence.slices if s is not evidence.overall] if evidence else []
    if evidence is None or not slices:
        return ""
    metrics = list(evidence.overall.candidate)
    columns = ["slice", ">rows", *(f">{metric_name(m)}" for m in metrics)]
    rows = [[s.slice, f"{s.rows:,}", *(_with_interval(s, m) for m in metrics)] for s in slices]
    return "## Slices of the test split\n\n" + _table(columns, rows)


def _with_interval(of: SliceEvidence, metric: str) -> str:
    value = of.candidate.get(metric)
    ends = interval(value)
    return metric_value(value) + ("" if ends == "–" else f" ({ends})")


def _gates(record: RunRecord) -> str:
    found = [f for f in record.findings if f.stage in GATES]
    if not found:
        return ""
    return "## Gates\n\n" + _list(f"{SEVERITY_GLYPHS[f.severity]} {_text(f.code)}: {_text(f.message)}" for f in found)


def _limits(record: RunRecord) -> str:
    scope = span_text(record) or "the spans of the window"
    general = f"All numbers are of test rows of {scope}; nothing is known of later data until a run has checked them."
    return "## Limits\n\n" + _list([general, *(_text(f.message) for f in of_severity(record, Severity.WARN))])


def _origin(record: RunRecord) -> str:
    rows = [
        ["run", record.run_id],
        ["configuration (SHA-256)", record.config_digest],
        *([f"{name} (SHA-256)", value] for name, value in record.digests.items()),
        *([f"seed of {name}", str(value)] for name, value in record.seeds.items()),
        *([name, value] for name, value in record.versions.items()),
    ]
    return "## Where it comes from\n\n" + _table(["what", "value"], rows)

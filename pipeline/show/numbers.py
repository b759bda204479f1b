"""The parts of a run that are numbers: metrics, training curves, statistics of the data."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from pipeline.explain import explanation_of
from pipeline.learned import learned_note, learned_tables
from pipeline.show.tables import fields, note, sparkline, table
from pipeline.wording import (
    duration,
    interval,
    metric_name,
    metric_value,
    model_notes,
    number,
    percent,
    recall_table,
    span_text,
)
from schemas.evidence import SPLITS, MetricValue, SliceEvidence
from schemas.run_record import RunRecord


def nothing(record: RunRecord, what: str) -> RenderableType:
    """Says that a run did not get far enough to have something."""
    return note(f"This run has no {what}: it did not get that far. {explanation_of(record).headline}")


def metrics(record: RunRecord) -> RenderableType:
    """Metrics of candidate and champion, overall and per slice."""
    evidence = record.evaluation
    if evidence is None:
        return nothing(record, "metrics")
    columns = ["metric", ">candidate", ">95 %", ">champion", ">difference", ">95 %"]
    views = []
    for s in evidence.slices:
        title = f"{s.slice}: {s.rows:,} test rows ({_counts(s.labels)})"
        views.append(table(title, columns, [_metric_row(s, m) for m in s.candidate]))
        if s.recalls:
            views.append(table(f"{s.slice}: by class", *recall_table(s)))
    against = f"Champion: {evidence.champion}." if evidence.champion else "There was no champion to compare with."
    against += " Difference: candidate minus champion on the same rows."
    return Group(*views, *(note(line) for line in [against, *model_notes(evidence)]))


def _metric_row(of: SliceEvidence, metric: str) -> list[str]:
    def get(values: dict[str, MetricValue] | None) -> MetricValue | None:
        return None if values is None else values.get(metric)

    new, old, change = get(of.candidate), get(of.champion), get(of.difference)
    compared = [metric_value(old), metric_value(change, signed=True), interval(change, signed=True)]
    return [metric_name(metric), metric_value(new), interval(new), *compared]


def curves(record: RunRecord) -> RenderableType:
    """How the training went, epoch by epoch."""
    training = record.training
    if training is None:
        return nothing(record, "training curves")
    columns = [">epoch", ">train loss", ">eval loss", ">eval accuracy", ">learning rate", ">time", ""]
    rows = [
        [
            str(e.epoch),
            number(e.train_loss if e.train_loss is not None else e.loss),
            number(e.val_loss),
            number(e.val_accuracy),
            number(e.learning_rate),
            duration(e.seconds),
            Text("best", "green") if e.epoch == training.best_epoch else "",
        ]
        for e in training.epochs
    ]
    lines = [
        *([("model", training.model)] if training.model else []),
        *([("because", training.model_reason)] if training.model_reason else []),
        *([("rows per epoch", number(training.rows))] if training.rows else []),
        ("train loss", sparkline([e.train_loss if e.train_loss is not None else e.loss for e in training.epochs])),
        ("eval loss", sparkline([e.val_loss for e in training.epochs])),
        ("stopped by", training.stopped),
        ("weights kept", f"epoch {training.best_epoch} of {len(training.epochs)}"),
        ("parameters", number(training.parameters)),
        ("class weights", ", ".join(f"{k}: {number(v)}" for k, v in training.class_weights.items()) or "none"),
        *([("sampling", training.sampling)] if training.sampling else []),
    ]
    return Group(fields("Training", lines), table("Epochs", columns, rows))


def stats(record: RunRecord) -> RenderableType:
    """Label counts, missing values, and what Transform learned."""
    if record.data is None:
        return nothing(record, "statistics")
    newest, window = record.data.newest, record.data.spans
    labels = [[split, _counts(record.data.labels[split])] for split in SPLITS if split in record.data.labels]
    missing = [
        [
            name,
            feature.kind,
            f"{feature.missing:,} of {feature.rows:,}",
            percent(feature.missing_share),
            sparkline([s.features[name].missing_share if name in s.features else None for s in window], floor=0),
        ]
        for name, feature in sorted(newest.features.items())
    ]
    trend = f"spans {window[0].span} to {newest.span}"
    views = [
        table(
            f"Labels ({record.data.label}) in {span_text(record) or 'the window'}", ["split", "rows per label"], labels
        ),
        table(f"Missing values in span {newest.span}", ["feature", "kind", ">missing", ">share", trend], missing),
    ]
    if record.learned:
        views += [table(f"What Transform learned: {t.kind}", t.columns, t.rows) for t in learned_tables(record.learned)]
        views.append(note(learned_note(record.learned)))
    return Group(*views)


def _counts(labels: dict[str, int]) -> str:
    total = sum(labels.values())
    return ", ".join(f"{label}: {n:,} ({percent(n / total)})" for label, n in labels.items() if total) or "no rows"

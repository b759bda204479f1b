"""The parts of a run that are numbers: metrics, training curves, statistics of the data."""

from __future__ import annotations

from rich.console import Group, RenderableType
from rich.text import Text

from pipeline.explain import explanation_of
from pipeline.labels import labels_of
from pipeline.learned import learned_note, learned_tables
from pipeline.show.tables import fields, note, sparkline, table
from pipeline.wording import (
    class_name,
    clean,
    cross_table,
    duration,
    interval,
    metric_name,
    metric_value,
    model_notes,
    number,
    percent,
    recall_table,
    span_text,
    warm_start_told,
)
from schemas.evidence import CrossScores, MetricValue, SliceEvidence
from schemas.run_record import RunRecord, Training


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
        title = f"{s.slice}: {s.rows:,} test rows" + (f" ({_counts(s.labels)})" if s.labels else "")
        views.append(table(title, columns, [_metric_row(s, m) for m in s.candidate]))
        if s.recalls:
            views.append(table(f"{s.slice}: by class", *recall_table(s)))
    against = f"Champion: {evidence.champion}." if evidence.champion else "There was no champion to compare with."
    against += " Difference: candidate minus champion on the same rows."
    views += [note(line) for line in [against, *model_notes(evidence)]]
    return Group(*views, *_cross(evidence.cross))


def _cross(cross: CrossScores | None) -> list[RenderableType]:
    """Both models on previous and new test rows; nothing for records that have it not."""
    if cross is None:
        return []
    said = dict.fromkeys(s for s in (cross.data, cross.model, cross.reason, cross.note) if s)
    tables = [table("Previous and new test rows", *cross_table(cross))] if cross.previous or cross.new else []
    return [*tables, *(note(clean(s)) for s in said)]


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
    also = [">accuracy: train", ">eval", ">AUC: train", ">eval"]
    names = ["train_accuracy", "val_accuracy", "train_auc", "val_auc"]
    if training.amounts is not None:
        also, names = [">R²: train", ">eval"], ["train_skill", "val_skill"]
    columns = [">epoch", ">loss: train", ">eval", *also, ">time", ""]
    rows = [
        [
            str(e.epoch),
            number(e.train_loss if e.train_loss is not None else e.loss),
            *(number(getattr(e, v)) for v in ("val_loss", *names)),
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
        *([("first, last layer", ", ".join(training.watched))] if training.watched else []),
        *(
            [("resumed", f"after epoch {training.resumed}, where an earlier run was killed")]
            if training.resumed
            else []
        ),
        ("class weights", ", ".join(f"{k}: {number(v)}" for k, v in training.class_weights.items()) or "none"),
        *([("sampling", training.sampling)] if training.sampling else []),
        *(("warm start", told) for told in warm_start_told(training.warm_start)),
    ]
    return Group(fields("Training", lines), table("Epochs", columns, rows), _pace(training))


def _pace(training: Training) -> RenderableType:
    """How fast it learned, and whether gradients and units are alive."""
    columns = [
        ">epoch",
        ">learning rate",
        ">gradient",
        ">first layer",
        ">last layer",
        ">dead units",
        ">weights changed by",
    ]
    rows = [
        [
            str(e.epoch),
            *(number(v) for v in (e.learning_rate, e.gradient_norm, e.gradient_first, e.gradient_last)),
            *("–" if v is None else percent(v) for v in (e.dead_units, e.update_ratio)),
        ]
        for e in training.epochs
    ]
    return table("How it learned", columns, rows)


def stats(record: RunRecord) -> RenderableType:
    """Label counts, missing values, and what Transform learned."""
    if record.data is None:
        return nothing(record, "statistics")
    newest, window = record.data.newest, record.data.spans
    missing = [
        [
            name,
            feature.kind,
            f"{feature.missing:,} of {feature.rows:,}",
            percent(feature.missing_share),
            sparkline(
                [s.features[name].missing_share if name in s.features else None for s in window], floor=0, least=0.1
            ),
        ]
        for name, feature in sorted(newest.features.items())
    ]
    trend = f"spans {window[0].span} to {newest.span}"
    views = [
        *_labels(record),
        table(f"Missing values in span {newest.span}", ["feature", "kind", ">missing", ">share", trend], missing),
    ]
    if record.learned:
        views += [table(f"What Transform learned: {t.kind}", t.columns, t.rows) for t in learned_tables(record.learned)]
        views.append(note(learned_note(record.learned)))
    return Group(*views)


def _labels(record: RunRecord) -> list[RenderableType]:
    """A line for each class, and what is to be said about them."""
    data = record.data
    if data is None:
        return []
    found, before = labels_of(data, record.findings), data.spans[-2] if len(data.spans) > 1 else None
    columns = ["class", *(f">{s}" for s in found.splits), f">span {data.newest.span}"]
    columns += [">points", "course"] if before else []
    rows = []
    for r in found.lines:
        course = [r.change, sparkline(r.shares, floor=0, least=0.1)] if before else []
        rows.append([r.name, *r.splits, r.now, *course])
    title = f"Label {data.label}, per split of {span_text(record) or 'the window'}, and span by span"
    notes = [note(s) for s in (found.left_out, found.skew, *found.told) if s]
    return [table(title, columns, rows), *notes, *([Text()] if notes else [])]


def _counts(labels: dict[str, int]) -> str:
    total = sum(labels.values())
    return (
        ", ".join(f"{class_name(label)}: {n:,} ({percent(n / total)})" for label, n in labels.items() if total)
        or "no rows"
    )

"""Records to diagnose: a champion's run, and a retrain that did worse."""

from __future__ import annotations

import copy

from pipeline.diagnosis.diagnose import diagnose
from schemas.diagnosis import NAMED
from schemas.evidence import CrossCells, CrossScores, DataEvidence, FeatureEvidence, MetricValue, SpanEvidence
from schemas.findings import Finding, Severity
from schemas.run_record import Epoch, Pushed, Training
from tests import factories

QUANTILES = [1.0 + 0.5 * i + 0.03 * i * i for i in range(17)]


def span(number, quantiles=QUANTILES, labels=None, missing=0):
    """A span with one numeric feature `fare` and two classes."""
    counts = labels or {"0": 780, "1": 220}
    rows = sum(counts.values())
    fare = FeatureEvidence(kind="numeric", present=rows - missing, missing=missing, quantiles=list(quantiles))
    return SpanEvidence(span=number, rows=rows, labels={"train": counts}, features={"fare": fare})


def training(train=(0.5, 0.4, 0.3, 0.25, 0.24, 0.24), val=(0.5, 0.42, 0.33, 0.28, 0.28, 0.28), **changes):
    """Curves; the kept epoch is that of the lowest loss on eval."""
    epochs = [
        Epoch(epoch=i, loss=t, train_loss=t, val_loss=v, learning_rate=0.001)
        for i, (t, v) in enumerate(zip(train, val, strict=True), 1)
    ]
    values = {
        "epochs": epochs,
        "best_epoch": 1 + min(range(len(val)), key=lambda i: val[i]),
        "stopped": "early_stopping",
        "class_weights": {},
        "parameters": 5000,
        "labels": ["0", "1"],
        "rows": 700,
    }
    return Training(**{**values, **changes})


def champion(**changes):
    """The run that pushed version 3."""
    values = {
        "run_id": "20261101-030000-s8-aaaa",
        "data": DataEvidence(label="y", spans=[span(7), span(8)]),
        "data_digest": "old",
        "training": training(),
        "findings": factories.passes(),
        "pushed": Pushed(version=3, path="serving/taxi/3"),
    }
    return factories.pushed(**{**values, **changes})


def retrain(auc=0.90, before=0.95, **changes):
    """A retrain on the next span that did worse on the same test rows, and was not pushed."""
    seen = factories.evaluation(auc=auc, champion=before)
    change = {"auc": MetricValue(value=auc - before, low=auc - before - 0.01, high=auc - before + 0.01)}
    slices = [s.model_copy(update={"difference": change}) if s.slice == "overall" else s for s in seen.slices]
    values = {
        "run_id": "20261102-030000-s9-bbbb",
        "champion": "version 3",
        "data": DataEvidence(label="y", spans=[span(8), span(9)]),
        "data_digest": "new",
        "training": training(),
        "evaluation": seen.model_copy(update={"slices": slices, "champion": "version 3"}),
        "findings": factories.passes(),
        "pushed": None,
    }
    return factories.not_blessed(**{**values, **changes})


def with_settings(record, **settings):
    """The record with values of its configuration replaced; ``train__epochs`` is the path ``train.epochs``."""
    config = copy.deepcopy(record.config)
    for path, value in settings.items():
        *sections, key = path.split("__")
        node = config
        for part in sections:
            node = node.setdefault(part, {})
        node[key] = value
    return record.model_copy(update={"config": config})


def found(code, severity="block", subject="fare", **changes):
    """A finding of a check."""
    values = {"message": f"{subject}: seen by {code}.", "remedy": f"Mend {subject}.", "span": 9, **changes}
    return Finding(code=code, severity=Severity(severity), subject=subject, **values)


def best(run, reference=None, earlier=()):
    """Code of the first cause if it is named; None else."""
    causes = diagnose(run, champion() if reference is None else reference, earlier).causes
    return causes[0].code if causes and causes[0].score >= NAMED else None


def on_rows(run, *spans):
    """The run with other spans in its window."""
    return run.model_copy(update={"data": run.data.model_copy(update={"spans": list(spans)})})


def in_categories(number, counts):
    """A span with one categorical feature `way`."""
    rows = sum(counts.values())
    way = FeatureEvidence(kind="categorical", present=rows, missing=0, values=counts)
    return SpanEvidence(
        span=number, rows=rows, labels={"train": {"0": rows // 2, "1": rows // 2}}, features={"way": way}
    )


def crossed(verdict):
    """Scores of the champion and the candidate on previous and new test rows."""
    gap = MetricValue(value=-0.08, low=-0.11, high=-0.05)
    said = "The champion scores 0.08 lower on the new rows."
    return CrossScores(metric="auc", verdict=verdict, data=said, harder={"auc": gap})


def cells(low, high):
    """Both models on a set of rows, with the interval of candidate minus champion."""
    change = MetricValue(value=(low + high) / 2, low=low, high=high)
    return CrossCells(rows=300, spans=[9], labels={}, candidate={}, champion={}, difference={"auc": change})

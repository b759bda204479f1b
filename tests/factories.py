"""Realistic run records, one function per ending, as the taxi example leaves them behind."""

from __future__ import annotations

from typing import Any

from schemas.evidence import (
    CrossCells,
    CrossScores,
    DataEvidence,
    FeatureEvidence,
    MetricValue,
    ModelEvidence,
    SliceEvidence,
    SpanEvidence,
)
from schemas.features import ColumnType, Feature, FeatureContract, Kind
from schemas.findings import Finding, Severity
from schemas.run_record import (
    DataFile,
    Epoch,
    LearnedFeature,
    Pushed,
    RunRecord,
    Stage,
    StageState,
    Status,
    Training,
)

STAGES = (
    *("ingest", "statistics", "schema", "example_validator", "inspect_data", "require_ok"),
    *("transform", "trainer", "evaluator", "judge_model", "pusher"),
)
SECONDS = (2.1, 4.4, 0.3, 0.2, 0.4, 0.1, 8.7, 12.4, 9.8, 0.6, 0.3)
NUMERIC = ("fare", "trip_miles", "trip_seconds", "pickup_latitude", "pickup_longitude", "trip_start_hour")
CATEGORICAL = ("company", "payment_type", "pickup_census_tract")


def finding(severity: str = "ok", **changes: Any) -> Finding:
    """A finding about missing values of `company`; change what matters."""
    values: dict[str, Any] = {
        "code": "missing_shift",
        "severity": Severity(severity),
        "subject": "company",
        "observed": {"before": 0.338, "after": 0.341, "points": 0.3},
        "allowed": {"points": 5},
        "message": "company: the share of missing values may rise by at most 5 points, got 33.8 % to 34.1 %.",
        "stage": "inspect_data",
        "span": 8,
        **changes,
    }
    return Finding(**values)


FARE_BLOCK = finding(
    "block",
    subject="fare",
    observed={"before": 0.0, "after": 0.4, "points": 40.0},
    message="fare in span 8: the share of missing values may rise by at most 5 points, got 0.0 % to 40.0 %.",
    remedy="Look for a broken export of `fare` in span 8; if the change is right, run again with "
    "--accept missing_shift --reason TEXT.",
)
HOUR_WARN = finding(
    "warn",
    code="row_count",
    subject="rows",
    observed={"before": 1010, "after": 840},
    allowed={"change": 0.1},
    message="rows in span 8: the number of rows may change by at most 10 %, got 1,010 to 840 (-17 %).",
    remedy="Check that all files of span 8 have arrived.",
)
REGRESSION = finding(
    "block",
    code="no_regression",
    subject="auc, overall",
    observed={"candidate": 0.512, "champion": 0.941, "difference": -0.429, "low": -0.48, "high": -0.38},
    allowed={"difference": -0.005},
    message="auc on test, overall: may be at most 0.005 below the champion's 0.941, got 0.512 "
    "(difference -0.429, 95 % -0.48 to -0.38).",
    remedy="Compare the labels of span 8 with earlier spans; the features have not changed.",
    stage="judge_model",
)


def passes() -> list[Finding]:
    """The findings of a run in which all is well."""
    checks = [finding(subject=name, message=f"{name}: 0.3 points more missing.") for name in (*NUMERIC, *CATEGORICAL)]
    floor = finding(
        code="metric_floor",
        subject="auc, overall",
        observed={"auc": 0.941},
        allowed={"at_least": 0.75},
        message="auc on test, overall: must be at least 0.75, got 0.941.",
        stage="judge_model",
    )
    return [*checks, HOUR_WARN, floor]


def stages(ended: int = len(STAGES), state: StageState = StageState.DONE, cached: int = 0) -> list[Stage]:
    """The first `ended` stages ended, the last of them in `state`, the first `cached` ones from the cache."""
    result = []
    for index, (name, seconds) in enumerate(zip(STAGES, SECONDS, strict=True)):
        if index >= ended:
            result.append(Stage(name=name))
            continue
        this = state if index == ended - 1 else StageState.CACHED if index < cached else StageState.DONE
        took = None if this is StageState.RUNNING else 0.1 if this is StageState.CACHED else seconds
        result.append(Stage(name=name, state=this, seconds=took, artifacts={"out": f"/w/artifacts/{name}/out/{index}"}))
    return result


def contract() -> FeatureContract:
    """The columns of the taxi data."""
    numeric = [Feature(name=n, type=ColumnType.FLOAT, kind=Kind.NUMERIC, reason="type float") for n in NUMERIC]
    names = [Feature(name=n, type=ColumnType.STRING, kind=Kind.CATEGORICAL, reason="type string") for n in CATEGORICAL]
    features = tuple(sorted(numeric + names, key=lambda f: f.name))
    return FeatureContract(label="big_tipper", label_type=ColumnType.INT, features=features, excluded=("tips",))


def data(spans: int = 4, fare_missing: float = 0.0) -> DataEvidence:
    """A window of spans up to span 8; `fare_missing` is the share of the newest span without a fare."""
    result = []
    for span in range(9 - spans, 9):
        rows = 960 - 15 * (8 - span)
        share = {"pickup_census_tract": 1.0, "company": 0.30 + 0.005 * span, "trip_seconds": 0.01}
        if span == 8:
            share["fare"] = fare_missing
        features = {}
        for name in (*NUMERIC, *CATEGORICAL):
            missing = round(rows * share.get(name, 0.0))
            values = {"a": rows - missing} if name in CATEGORICAL else None
            kind = "categorical" if name in CATEGORICAL else "numeric"
            features[name] = FeatureEvidence(kind=kind, present=rows - missing, missing=missing, values=values)
        labels = {s: {"0": round(rows * p * 0.77), "1": round(rows * p * 0.23)} for s, p in _SHARES.items()}
        result.append(SpanEvidence(span=span, rows=rows, unlabelled=3, labels=labels, features=features))
    return DataEvidence(label="big_tipper", spans=result)


_SHARES = {"train": 0.7, "eval": 0.15, "test": 0.15}


def learned() -> list[LearnedFeature]:
    """What Transform learned."""
    numbers = [
        LearnedFeature(
            name=n, kind="numeric", imputer="median", fill=7.85, present=2600, missing=12, mean=11.42, deviation=9.8
        )
        for n in NUMERIC
    ]
    names = [
        LearnedFeature(
            name=n,
            kind="categorical",
            imputer="most_frequent",
            fill=None if n == "pickup_census_tract" else "Cash",
            present=0 if n == "pickup_census_tract" else 2000,
            missing=2612 if n == "pickup_census_tract" else 612,
            vocabulary=0 if n == "pickup_census_tract" else 42,
        )
        for n in CATEGORICAL
    ]
    return sorted(numbers + names, key=lambda f: f.name)


def training(epochs: int = 14, best: int = 9) -> Training:
    """Curves that fall, turn at `best` and stop."""
    curve = [
        Epoch(
            epoch=e,
            loss=0.62 * 0.86**e + 0.2,
            train_loss=0.55 * 0.85**e + 0.18,
            val_loss=0.55 * 0.86 ** min(e, best) + 0.21 + 0.004 * max(0, e - best),
            train_skill=1 - 0.85**e,
            val_skill=1 - 0.86 ** min(e, best),
            val_skill_error=0.02,
            train_accuracy=0.81 + 0.01 * e,
            val_accuracy=0.8 + 0.01 * min(e, best),
            train_auc=0.9 + 0.005 * e,
            val_auc=0.9 + 0.004 * min(e, best),
            gradient_norm=0.9 * 0.9**e,
            gradient_first=0.3 * 0.9**e,
            gradient_last=0.6 * 0.9**e,
            dead_units=0.031,
            update_ratio=0.08 * 0.8**e,
            learning_rate=0.001 if e <= best + 2 else 0.0001,
            seconds=0.8,
        )
        for e in range(1, epochs + 1)
    ]
    return Training(
        epochs=curve,
        best_epoch=best,
        stopped="early_stopping",
        class_weights={"0": 0.65, "1": 2.2},
        parameters=18_433,
        labels=["0", "1"],
    )


def _value(value: float, half: float = 0.02) -> MetricValue:
    return MetricValue(value=value, low=value - half, high=value + half)


def slice_(name: str, rows: int, auc: float, champion: float | None = 0.941) -> SliceEvidence:
    """One slice with two metrics; without `champion` it is a first run."""
    candidate = {"auc": _value(auc), "log_loss": _value(0.31)}
    old = None if champion is None else {"auc": _value(champion), "log_loss": _value(0.315)}
    change = None if champion is None else {"auc": _value(auc - champion, 0.006), "log_loss": _value(-0.005, 0.002)}
    labels = {"0": round(rows * 0.77), "1": rows - round(rows * 0.77)}
    return SliceEvidence(slice=name, rows=rows, labels=labels, candidate=candidate, champion=old, difference=change)


def cross(verdict: str = "harder") -> CrossScores:
    """Both models on 310 previous and 120 new rows; the champion is 0.03 lower on the new ones."""

    def cells(rows: int, span: int, auc: float) -> CrossCells:
        values = {"candidate": {"auc": _value(auc + 0.002)}, "champion": {"auc": _value(auc)}}
        labels = {"0": rows - rows // 4, "1": rows // 4}
        return CrossCells(rows=rows, spans=[span], labels=labels, difference={"auc": _value(0.002, 0.006)}, **values)

    return CrossScores(
        metric="auc",
        previous=cells(310, 7, 0.945),
        new=cells(120, 8, 0.915),
        harder={"auc": _value(-0.03, 0.01)},
        verdict=verdict,
        data="The champion's auc is 0.030 lower on the 120 new test rows than on the 310 previous ones: the data got harder.",
        model="Candidate minus champion, auc: +0.002, no clear difference on the 310 previous rows.",
        note="Previous test rows: 310 are in the window.",
        run="20261117-043140-s7-0001",
    )


def evaluation(auc: float = 0.941, champion: float | None = 0.939) -> ModelEvidence:
    """Metrics overall and for two slices."""
    slices = [slice_("overall", 430, auc, champion), slice_("payment_type=Cash", 270, auc - 0.01, champion)]
    empty = MetricValue(value=None)
    rare = SliceEvidence(slice="payment_type=Dispute", rows=3, labels={"0": 3}, candidate={"auc": empty})
    return ModelEvidence(
        slices=[*slices, rare],
        champion=None if champion is None else "version 2",
        higher_is_better={"auc": True, "log_loss": False},
    )


def config() -> dict[str, Any]:
    """A configuration as a record holds it."""
    return {
        "name": "taxi",
        "data": {"source": {"csv": "taxi/span-{SPAN}/*.csv"}, "label": "big_tipper", "exclude": ["tips"]},
        "evaluate": {
            "metrics": ["auc", "log_loss"],
            "gates": [{"name": "no_regression", "params": {"metric": "auc"}}],
        },
        "train": {"early_stopping": {"patience": 5}},
    }


def record(**changes: Any) -> RunRecord:
    """A pushed retrain with a champion; change what matters."""
    values: dict[str, Any] = {
        "run_id": "20261124-043140-s8-3fa2",
        "name": "taxi",
        "status": Status.PUSHED,
        "started": "2026-11-24T04:31:40+00:00",
        "finished": "2026-11-24T04:32:36+00:00",
        "seconds": 56.2,
        "config_path": "/home/ada/taxi/taxi.yaml",
        "config": config(),
        "config_digest": "5d41402abc4b2a76b9719d911017c592" * 2,
        "workspace": "/home/ada/taxi/.retrain",
        "span": 8,
        "window": [5, 6, 7, 8],
        "files": [
            DataFile(span=s, path=f"/home/ada/taxi/data/taxi/span-{s}/trips.csv", bytes=91_204 + s, sha256="ab12" * 16)
            for s in (5, 6, 7, 8)
        ],
        "data_digest": "7d793037a0760186574b0282f2f435e7" * 2,
        "stages": stages(cached=3),
        "findings": passes(),
        "contract": contract(),
        "data": data(),
        "learned": learned(),
        "training": training(),
        "evaluation": evaluation(),
        "champion": "version 2",
        "pushed": Pushed(version=3, path="/home/ada/taxi/.retrain/serving/taxi/3"),
        "digests": dict.fromkeys(("examples", "transform", "weights", "metrics"), "e3b0c44298fc1c14" * 4),
        "versions": {"python": "3.10.13", "tfx": "1.16.0", "tensorflow": "2.16.2", "retrain": "0.1.0"},
        "seeds": {"split": 0, "train": 7},
        "log": "/home/ada/taxi/.retrain/runs/20261124-043140-s8-3fa2/log.txt",
        "report": "/home/ada/taxi/.retrain/runs/20261124-043140-s8-3fa2/report.html",
        **changes,
    }
    values.setdefault("exit_code", Status(values["status"]).exit_code)
    return RunRecord(**values)


SERVED = Pushed(version=2, path="/home/ada/taxi/.retrain/serving/taxi/2")
_UNTRAINED: dict[str, Any] = {"learned": [], "training": None, "evaluation": None, "pushed": None, "digests": {}}


def pushed(**changes: Any) -> RunRecord:
    """Pushed, compared with a champion."""
    return record(**changes)


def first_run(**changes: Any) -> RunRecord:
    """Pushed without a champion."""
    version = Pushed(version=1, path="/home/ada/taxi/.retrain/serving/taxi/1")
    return record(**{"evaluation": evaluation(champion=None), "champion": None, "pushed": version, **changes})


def blocked(**changes: Any) -> RunRecord:
    """Stopped by the data: 40 % of `fare` are empty."""
    values = {
        **_UNTRAINED,
        "status": Status.BLOCKED,
        "stages": stages(6, StageState.BLOCKED),
        "findings": [*passes()[1:-1], FARE_BLOCK],
        "data": data(fare_missing=0.4),
        "served": SERVED,
        "seconds": 9.1,
    }
    return record(**{**values, **changes})


def not_blessed(**changes: Any) -> RunRecord:
    """Trained, worse than the champion, not pushed."""
    values = {
        "status": Status.NOT_BLESSED,
        "stages": stages(10, StageState.BLOCKED),
        "findings": [*passes()[:-1], REGRESSION],
        "evaluation": evaluation(0.512, 0.941),
        "pushed": None,
        "served": SERVED,
    }
    return record(**{**values, **changes})


def failed(**changes: Any) -> RunRecord:
    """The trainer ran out of memory."""
    values = {
        **_UNTRAINED,
        "status": Status.FAILED,
        "stages": stages(8, StageState.FAILED),
        "failed_stage": "trainer",
        "error": "ResourceExhaustedError: out of memory while allocating a tensor of shape [4096, 65536].",
        "served": SERVED,
    }
    return record(**{**values, **changes})


def interrupted(**changes: Any) -> RunRecord:
    """Killed in the transform stage, on a first run."""
    values = {**_UNTRAINED, "status": Status.INTERRUPTED, "stages": stages(7, StageState.RUNNING), "seconds": 12.0}
    return record(**{**values, **changes})


def invalid(**changes: Any) -> RunRecord:
    """The data path matches no file."""
    values = {
        **_UNTRAINED,
        "status": Status.INVALID,
        "stages": [],
        "findings": [],
        "data": None,
        "contract": None,
        "error": "data.source.csv: taxi/span-8/*.csv matches no file. Correct the path.",
    }
    return record(**{**values, **changes})


def nothing_new(**changes: Any) -> RunRecord:
    """Same data and configuration as before."""
    values = {**_UNTRAINED, "status": Status.NOTHING_NEW, "stages": [], "findings": [], "data": None, "served": SERVED}
    return record(**{**values, **changes})


ENDINGS = {
    Status.PUSHED: pushed,
    Status.NOTHING_NEW: nothing_new,
    Status.BLOCKED: blocked,
    Status.NOT_BLESSED: not_blessed,
    Status.INVALID: invalid,
    Status.FAILED: failed,
    Status.INTERRUPTED: interrupted,
}

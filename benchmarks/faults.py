"""Faults that spoil a retrain, injected into rows as they would be in life: in the data files, at a clear and at a just noticeable severity.

Shares no code and no threshold with the checks.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Rows = list[dict[str, str]]
LABEL = "big_tipper"


@dataclass(frozen=True)
class Fault:
    """One kind of fault.

    Attributes:
        codes: any of these findings names it.
        subject: what the finding must be about (a prefix; ``*``: anything).
        clear, slight: the strength of the two severities, in the unit of `apply`.
        apply: (rows, strength, random) -> rows.
        config: changes of the configuration, by path.
        serving: whether `apply` makes serving data rather than the span.
        before: rows of the reference are used instead of the span's own, with some strength.
    """

    name: str
    codes: tuple[str, ...]
    subject: str
    clear: float
    slight: float
    apply: Callable[[Rows, float, random.Random], Rows]
    config: Mapping[str, Any] = field(default_factory=dict)
    serving: bool = False
    before: str = ""


def _some(rows: Rows, share: float, rng: random.Random) -> set[int]:
    return set(rng.sample(range(len(rows)), round(share * len(rows))))


def put(
    column: str, make: Callable[[str, random.Random], str], where: Callable[[dict[str, str]], bool] = lambda r: True
) -> Any:
    """Replaces values of a share of the rows that have one."""

    def apply(rows: Rows, share: float, rng: random.Random) -> Rows:
        able = [i for i, r in enumerate(rows) if where(r)]
        chosen = set(rng.sample(able, min(len(able), round(share * len(able)))))
        return [{**r, column: make(r[column], rng)} if i in chosen else r for i, r in enumerate(rows)]

    return apply


def fixed(value: str) -> Callable[[str, random.Random], str]:
    """Always the same value."""
    return lambda old, rng: value


def times(factor: float) -> Callable[[str, random.Random], str]:
    """The value times a factor; missing values stay missing."""
    return lambda old, rng: f"{float(old) * factor:.6g}" if old else old


def rescale(column: str) -> Any:
    """All values of a column times the strength."""
    return lambda rows, factor, rng: [{**r, column: times(factor)(r[column], rng)} for r in rows]


def mean_fill(column: str) -> Any:
    """A share of the values becomes the column's mean."""

    def apply(rows: Rows, share: float, rng: random.Random) -> Rows:
        there = [float(r[column]) for r in rows if r[column]]
        return list(put(column, fixed(f"{sum(there) / len(there):.4f}"))(rows, share, rng))

    return apply


def noise(column: str) -> Any:
    """Adds the strength in standard deviations."""

    def apply(rows: Rows, strength: float, rng: random.Random) -> Rows:
        there = [float(r[column]) for r in rows if r[column]]
        mean = sum(there) / len(there)
        deviation = (sum((v - mean) ** 2 for v in there) / len(there)) ** 0.5
        return [{**r, column: f"{float(r[column]) + strength * deviation:.4f}" if r[column] else ""} for r in rows]

    return apply


def shuffle(column: str) -> Any:
    """The values of a share of the rows change places: every single column stays as it was."""

    def apply(rows: Rows, share: float, rng: random.Random) -> Rows:
        chosen = sorted(_some(rows, share, rng))
        values = [rows[i][column] for i in chosen]
        rng.shuffle(values)
        new = dict(zip(chosen, values, strict=True))
        return [{**r, column: new.get(i, r[column])} for i, r in enumerate(rows)]

    return apply


def label_share(rows: Rows, share: float, rng: random.Random) -> Rows:
    """Drops positives until they have this share."""
    positive, negative = ([r for r in rows if r[LABEL] == v] for v in "10")
    wanted = round(share / (1 - share) * len(negative))
    kept = rng.sample(positive, min(len(positive), wanted)) + negative
    rng.shuffle(kept)
    return kept


def flip(rows: Rows, share: float, rng: random.Random) -> Rows:
    """As many positives become negatives as negatives positives: the label's shares stay."""
    n = round(share * len(rows) / 2)
    chosen: set[int] = set()
    for value in "10":
        able = [i for i, r in enumerate(rows) if r[LABEL] == value]
        chosen |= set(rng.sample(able, min(n, len(able))))
    return [{**r, LABEL: "10"[int(r[LABEL])]} if i in chosen else r for i, r in enumerate(rows)]


def repeat(rows: Rows, share: float, rng: random.Random) -> Rows:
    """Some rows come twice."""
    return rows + [rows[i] for i in sorted(_some(rows, share, rng))]


def contradict(rows: Rows, share: float, rng: random.Random) -> Rows:
    """Some rows come again with the other label."""
    return rows + [{**rows[i], LABEL: "10"[int(rows[i][LABEL])]} for i in sorted(_some(rows, share, rng))]


def keep_share(rows: Rows, share: float, rng: random.Random) -> Rows:
    """Only a share of the rows arrived."""
    return [rows[i] for i in sorted(_some(rows, share, rng))]


def older(rows: Rows, share: float, rng: random.Random) -> Rows:
    """A share of the rows is a year older."""
    return list(put("trip_start_timestamp", lambda old, r: str(int(old) - 365 * 86400))(rows, share, rng))


def with_column(name: str, make: Callable[[int, dict[str, str]], str], spoil: Any = None) -> Any:
    """A further column, of which a share is then spoilt."""

    def apply(rows: Rows, share: float, rng: random.Random) -> Rows:
        made = [{**r, name: make(i, r)} for i, r in enumerate(rows)]
        return spoil(made, share, rng) if spoil else made

    return apply


def same_ids(rows: Rows, share: float, rng: random.Random) -> Rows:
    """A share of the rows has the id of another row."""
    return [
        {**r, "trip_id": rows[(i * 7 + 1) % len(rows)]["trip_id"]} if i in chosen else r
        for chosen in [_some(rows, share, rng)]
        for i, r in enumerate(rows)
    ]


def leak(rows: Rows, share: float, rng: random.Random) -> Rows:
    """A column that says the label, wrong in `share` of the rows."""
    chosen = _some(rows, share, rng)
    return [{**r, "settled": "10"[int(r[LABEL])] if i in chosen else r[LABEL]} for i, r in enumerate(rows)]


def renamed(column: str) -> Any:
    """Values of a share of the rows are spelt in another way."""
    return put(column, lambda old, rng: old.upper() + " (NEW)", where=lambda r: bool(r[column]))


def last_rows(rows: Rows, share: float, rng: random.Random) -> Rows:
    """The newest rows have this share of positives more: a split by time then has other labels in test."""
    ordered = sorted(range(len(rows)), key=lambda i: int(rows[i]["trip_start_timestamp"]))
    newest = set(ordered[int(0.85 * len(rows)) :])
    return [{**r, LABEL: "1" if i in newest and rng.random() < share else r[LABEL]} for i, r in enumerate(rows)]


def serve_without(column: str) -> Any:
    """Serving data lack a column."""
    return lambda rows, share, rng: [{k: v for k, v in r.items() if k not in (column, LABEL)} for r in rows]


FARE = "fare"
FAULTS = (
    Fault("values missing at random", ("missing_shift",), FARE, 0.4, 0.06, put(FARE, fixed(""))),
    Fault(
        "values missing in one class",
        ("missing_by_label", "missing_shift"),
        FARE,
        0.6,
        0.12,
        put(FARE, fixed(""), lambda r: r[LABEL] == "1"),
    ),
    Fault(
        "a column without values",
        ("all_missing", "missing_shift"),
        "trip_miles",
        1.0,
        0.95,
        put("trip_miles", fixed("")),
    ),
    Fault("labels missing", ("missing_label",), LABEL, 0.2, 0.02, put(LABEL, fixed(""))),
    Fault("filled with the mean", ("constant_fill",), "trip_miles", 0.2, 0.05, mean_fill("trip_miles")),
    Fault("filled with 0", ("constant_fill", "sentinel"), FARE, 0.2, 0.05, put(FARE, fixed("0"))),
    Fault(
        "filled with -999",
        ("constant_fill", "sentinel"),
        "trip_seconds",
        0.2,
        0.02,
        put("trip_seconds", fixed("-999")),
    ),
    Fault(
        "filled with 'unknown'",
        ("constant_fill", "sentinel"),
        "payment_type",
        0.2,
        0.05,
        put("payment_type", fixed("unknown")),
    ),
    Fault("gross outliers", ("outliers",), FARE, 0.02, 0.005, put(FARE, times(100))),
    Fault(
        "outliers of a narrow column",
        ("outliers",),
        "pickup_longitude",
        0.03,
        0.008,
        put("pickup_longitude", fixed("0.0"), lambda r: bool(r["pickup_longitude"])),
    ),
    Fault("cents for dollars", ("numeric_drift", "outliers"), FARE, 100, 3, rescale(FARE)),
    Fault("miles for kilometres", ("numeric_drift", "outliers"), "trip_miles", 1.609, 1.35, rescale("trip_miles")),
    Fault("a numeric shift", ("numeric_drift",), "dropoff_latitude", 1.0, 0.4, noise("dropoff_latitude")),
    Fault(
        "impossible values",
        ("schema_",),
        FARE,
        0.05,
        0.003,
        put(FARE, lambda old, rng: f"-{old}"),
        {"data.schema_file": "taxi.pbtxt"},
    ),
    Fault("label share moved", ("label_shift",), LABEL, 0.08, 0.155, label_share),
    Fault("a class almost gone", ("label_shift", "class_balance"), LABEL, 0.0, 0.01, label_share),
    Fault("a class of its own", ("label_shift", "class_balance"), LABEL, 0.2, 0.02, put(LABEL, fixed("2"))),
    Fault(
        "imbalance without weights",
        ("class_balance",),
        LABEL,
        0.03,
        0.12,
        label_share,
        {"train.class_weights": None, "data.window.last_spans": 1},
    ),
    Fault("a category moved", ("category_drift",), "payment_type", 0.5, 0.3, put("payment_type", fixed("Cash"))),
    Fault("another spelling", ("unseen_category",), "payment_type", 0.3, 0.03, renamed("payment_type")),
    Fault("columns out of step", ("domain_drift",), "*", 1.0, 0.6, shuffle("trip_miles")),
    Fault("rows twice", ("duplicates",), "*", 0.2, 0.025, repeat),
    Fault("rows again with another label", ("conflicting_labels",), "*", 0.1, 0.012, contradict),
    Fault("files that did not come", ("row_count",), "rows", 0.3, 0.8, keep_share),
    Fault("the old span again", ("repeated_rows",), "*", 1.0, 0.05, lambda rows, share, rng: rows, before="repeat"),
    Fault("time runs backwards", ("time_order",), "*", 1.0, 0.03, older, {"data.time": "trip_start_timestamp"}),
    Fault("a late span", ("span_order",), "*", 1.0, 1.0, lambda rows, share, rng: rows, before="late"),
    Fault(
        "an id in two splits",
        ("split_leakage",),
        "*",
        0.1,
        0.005,
        with_column("trip_id", lambda i, r: f"{r['trip_start_timestamp']}-{r['fare']}-{i}", same_ids),
        {"data.id": "trip_id"},
    ),
    Fault(
        "an entity in two splits",
        ("split_leakage",),
        "*",
        1.0,
        1.0,
        with_column("taxi", lambda i, r: f"taxi-{i % 300}"),
        {"data.entity": "taxi"},
    ),
    Fault(
        "another split of the same rows",
        ("trained_test_rows",),
        "*",
        3,
        3,
        lambda rows, share, rng: rows,
        {"data.split.seed": 3},
    ),
    Fault("a column that says the label", ("label_leak",), "settled", 0.0, 0.02, leak),
    Fault(
        "tips among the inputs",
        ("label_leak",),
        "tips",
        1.0,
        1.0,
        lambda rows, share, rng: rows,
        {"data.exclude": ["pickup_census_tract", "trip_start_month", "trip_start_timestamp"]},
    ),
    Fault("wrong labels", ("label_noise",), "*", 0.3, 0.12, flip),
    Fault(
        "labels that depend on time",
        ("split_skew",),
        "*",
        0.8,
        0.35,
        last_rows,
        {"data.split.by_time": "trip_start_timestamp", "data.split.stratify": False},
    ),
    Fault("serving in other units", ("serving_skew",), FARE, 100, 1.4, rescale(FARE), serving=True),
    Fault("serving without a column", ("serving_skew",), FARE, 1, 1, serve_without(FARE), serving=True),
    Fault("text among numbers", ("column_type", "schema_"), "*", 1.0, 0.002, put(FARE, fixed("n/a $"))),
)

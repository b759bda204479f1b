"""What checks see of booleans, times, texts and pictures by path: no false alarm on what is new by nature, and real faults named."""

import csv

import numpy as np
import pytest

from benchmarks.validation_harness import observe
from components.inspect_data import watched
from schemas.config import parse_config
from schemas.features import ColumnType, Feature, FeatureContract, Kind
from schemas.findings import Severity
from tests.components.kinds.images import picture

CONFIG = {"name": "x", "data": {"source": {"csv": "span-{SPAN}/*.csv"}, "label": "y", "window": {"last_spans": 1}}}
WORDS = [
    "good",
    "bad",
    "room",
    "staff",
    "late",
    "early",
    "clean",
    "cold",
    "warm",
    "breakfast",
    "noise",
    "again",
    "never",
]
ROWS = 600


def rows(span, yes=0.5, said=0.0):
    """Rows of one span: half of them `yes`, and a share without a text."""
    rng = np.random.default_rng(span)
    start = np.datetime64("2026-01-01T00:00:00") + np.timedelta64(30 * span, "D")
    at = start + rng.integers(0, 30 * 86_400, ROWS).astype("timedelta64[s]")
    return [
        {
            "amount": f"{rng.normal(5, 2):.3f}",
            "paid": "yes" if rng.random() < yes else "no",
            "when": f"{at[i]}Z",
            "start_time": str(at[i].astype(int)),
            "note": "" if rng.random() < said else f"{' '.join(rng.choice(WORDS, 8))} {rng.integers(10**9)}",
            "y": str(rng.integers(0, 2)),
        }
        for i in range(ROWS)
    ]


@pytest.fixture(scope="module")
def before():
    return observe({1: rows(1)}, CONFIG)


def flagged(outcome):
    return {(f.code, f.subject) for f in outcome.findings if f.severity is not Severity.OK}


def test_times_and_texts_that_are_new_are_no_news(before):
    assert flagged(before) == set()
    assert flagged(observe({2: rows(2)}, CONFIG, before)) == set()


def test_a_boolean_that_shifts_and_a_text_that_gets_lost_are_named(before):
    found = flagged(observe({2: rows(2, yes=0.9, said=0.4)}, CONFIG, before))
    assert ("category_drift", "paid") in found
    assert ("missing_shift", "note") in found
    assert not [s for _, s in found if s in ("when", "start_time", "amount")]


def test_pictures_that_are_broken_or_not_there_are_named_by_row(tmp_path):
    (tmp_path / "span-1").mkdir()
    for i in range(100):
        (tmp_path / "span-1" / f"{i}.png").write_bytes(picture(seed=i))
    (tmp_path / "span-1" / "7.png").write_bytes(picture()[:-99])
    (tmp_path / "span-1" / "8.png").unlink()
    with (tmp_path / "span-1" / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["eye", "age", "y"], *([f"{i}.png", i, i // 2 % 2] for i in range(100))])
    found = [f for f in observe({}, CONFIG, folder=tmp_path).findings if f.code == "image_files" and f.subject == "eye"]
    assert [(f.severity, f.observed["unreadable"]) for f in found] == [(Severity.BLOCK, 2)]
    assert set(found[0].rows) == {"span-1/rows.csv row 8", "span-1/rows.csv row 9"}


def test_what_checks_look_at():
    features = tuple(Feature(name=k.value, type=ColumnType.STRING, kind=k, reason="") for k in Kind)
    contract = FeatureContract(label="y", label_type=ColumnType.INT, features=features, excluded=("empty",))
    assert watched(contract, parse_config(CONFIG)) == {
        "numeric": "numeric",
        "categorical": "categorical",
        "boolean": "categorical",
        "timestamp": "timestamp",
        "text": "text",
        "image": "image",
        "empty": "numeric",
    }

"""Kinds from values: each rule with its reason, in any order of rows, and kinds that are set wrongly."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest

from components.kinds import inference
from components.kinds.facts import KEPT, ColumnFacts
from schemas.features import ColumnType, Kind
from tests.components.kinds.images import plain

WORDS = ["alpha", "beta", "gamma", "delta", "omega", "sigma"]


def facts(*batches):
    found = ColumnFacts()
    for batch in batches:
        found.add(batch if isinstance(batch, pa.Array) else pa.array(batch))
    return found


def csv(values):
    """As a CSV column is read: bytes, nulls for empty texts."""
    return pa.array([None if v == "" else str(v).encode() for v in values], pa.binary())


def sentences(n, words=6):
    rng = np.random.default_rng(0)
    return [f"{' '.join(rng.choice(WORDS, words - 1))} {i}" for i in range(n)]


KINDS = [
    (csv(["yes", "No", "", "no"]), "x", Kind.BOOLEAN, "all 3 values are words for yes or no"),
    (csv([1, 0, 1, ""]), "x", Kind.BOOLEAN, "all 3 values are 0 or 1"),
    (csv(["1.0", "NA", "0.0"]), "x", Kind.BOOLEAN, "all 2 values are 0 or 1"),
    (pa.array([True, None, False]), "x", Kind.BOOLEAN, "all 2 values are 0 or 1"),
    (csv([1, 1]), "x", Kind.NUMERIC, "int values"),
    (csv([0, 1, 2]), "x", Kind.NUMERIC, "int values"),
    (csv(["0.5", 1, "nan"]), "x", Kind.NUMERIC, "float values"),
    (csv(["yes", "yes"]), "x", Kind.CATEGORICAL, "string values"),
    (csv(["yes", "no", "NA"]), "x", Kind.CATEGORICAL, "string values"),
    (csv(["2024-01-01", "2024-01-01T10:00:00.5+01:00", ""]), "x", Kind.TIMESTAMP, "all 2 values are ISO 8601 times"),
    (csv(["2024-01-01", "later"]), "x", Kind.CATEGORICAL, "string values"),
    (csv([631_152_000, 4_102_444_800]), "startTime", Kind.TIMESTAMP, "its name says time or date"),
    (csv([631_151_999, 1_700_000_000]), "startTime", Kind.NUMERIC, "int values"),
    (csv([1_700_000_000, 4_102_444_801]), "update", Kind.NUMERIC, "int values"),
    (csv([1_700_000_000]), "balance", Kind.NUMERIC, "int values"),
    (pa.array([dt.datetime(1950, 1, 1)]), "x", Kind.TIMESTAMP, "all 1 values are stored as times"),
    (pa.array([dt.date(2020, 1, 1)]), "x", Kind.TIMESTAMP, "stored as times"),
    (csv(sentences(50)), "x", Kind.TEXT, "6.0 words a value on average, 100 % of the values distinct"),
    (csv(sentences(50, 4)), "x", Kind.CATEGORICAL, "string values"),
    (csv(sentences(10) * 3), "x", Kind.CATEGORICAL, "string values"),
    (csv(["a/1.png", "2.JPG", "", "3.jpeg"]), "x", Kind.IMAGE, "all 3 values are names of PNG or JPEG files"),
    (csv(["a/1.png", "none"]), "x", Kind.CATEGORICAL, "string values"),
    (pa.array([plain(1), plain(2), None]), "x", Kind.IMAGE, "all 2 values are PNG, JPEG or GIF files"),
    (pa.array(["clay", "sand"]).dictionary_encode(), "x", Kind.CATEGORICAL, "string values"),
    (
        csv([f"id-{i}" for i in range(101)]),
        "x",
        Kind.CATEGORICAL,
        "all 101 values differ, as those of an identifier do",
    ),
]


@pytest.mark.parametrize(("column", "name", "kind", "reason"), KINDS)
def test_kinds(column, name, kind, reason):
    found, why = inference.infer_kind(name, facts(column))
    assert found is kind
    assert reason in why


def test_a_hundred_different_names_are_no_identifier():
    assert inference.infer_kind("x", facts(csv([f"id-{i}" for i in range(100)])))[1] == "string values"


def test_order_and_batches_do_not_matter():
    """More distinct values than are kept, so that they are sampled."""
    values = [f"name {i % 30_000}" for i in range(36_000)]
    shuffled = np.random.default_rng(0).permutation(values).tolist()
    one, other = facts(csv(values)), facts(*(csv(shuffled[i : i + 997]) for i in range(0, 36_000, 997)))
    assert one.level == other.level > 0
    assert len(one.hashes) <= KEPT
    assert (one.hashes == other.hashes).all()
    assert (one.counts == other.counts).all()
    assert one.distinct == pytest.approx(30_000 / 36_000, abs=0.01)
    assert (one.values, one.words) == (other.values, other.words) == (36_000, 72_000)


def test_types_widen_over_batches():
    assert facts(csv([1]), csv(["1.5"]), csv(["x", 1])).type is ColumnType.STRING
    assert facts(csv([""]), pa.nulls(3)).type is None
    assert facts(csv(["NA"]), csv([1, 0])).values == 2


WRONG = [
    (Kind.NUMERIC, ["a", "b"], "data.features.x: numeric needs numbers, but the column holds text"),
    (
        Kind.TIMESTAMP,
        ["2024-01-01", "soon"],
        "2026-01-31T08:30:00Z, or whole seconds since 1970, but 1 of 2 values are none",
    ),
    (Kind.TIMESTAMP, [1.5, 2.5], "column holds float values"),
    (Kind.BOOLEAN, ["yes", "no", "perhaps"], "but 1 of 3 values are none"),
    (Kind.BOOLEAN, [0, 1, 2], "but 1 of 3 values are none"),
    (Kind.TEXT, [1, 2], "text needs texts, but the column holds int values"),
    (Kind.IMAGE, [1, 2], "image needs paths or bytes of pictures"),
]


@pytest.mark.parametrize(("kind", "values", "said"), WRONG)
def test_kinds_that_cannot_be(kind, values, said):
    found = facts(csv(values))
    sentence = inference.contradiction("x", kind, found.type, found)
    assert said in sentence
    assert sentence.startswith(f"data.features.x: {kind.value} needs ")
    assert "Set it to " in sentence


RIGHT = [
    (Kind.NUMERIC, [0, 1]),
    (Kind.CATEGORICAL, sentences(9)),
    (Kind.BOOLEAN, ["yes", "yes"]),
    (Kind.TIMESTAMP, [-5, 0]),
    (Kind.TEXT, ["a", "b"]),
    (Kind.IMAGE, ["pictures/1"]),
    (Kind.NUMERIC, [1_700_000_000]),
]


@pytest.mark.parametrize(("kind", "values"), RIGHT)
def test_kinds_that_can_be(kind, values):
    found = facts(csv(values))
    assert inference.contradiction("x", kind, found.type, found) is None


def test_without_facts_types_alone_contradict():
    assert inference.contradiction("x", Kind.BOOLEAN, ColumnType.STRING, None) is None
    assert inference.contradiction("x", Kind.TIMESTAMP, ColumnType.FLOAT, None)

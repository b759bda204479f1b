"""A table with columns of every kind but pictures, end to end: kinds, what stands in for missing values, the model of texts."""

import random

import pytest

from data.reviews import review
from tests.e2e.conftest import is_identical, retrain, write_rows

pytestmark = pytest.mark.e2e

CONFIG = """
name: reviews
data:
  source: {csv: "reviews/span-{SPAN}/*.csv"}
  window: {last_spans: 1}
  label: sentiment
transform:
  impute: {grams: {constant: 0}}
  log: [price]
train: {class_weights: none, epochs: 8, batch_size: 32, learning_rate: 0.01}
evaluate:
  metrics: [accuracy]
  bootstrap: 100
  gates: {metric_floor: {accuracy: 0.5}}
"""
KINDS = {
    "category": "categorical",
    "date": "timestamp",
    "delivery_time": "timestamp",
    "gift": "boolean",
    "grams": "numeric",
    "price": "numeric",
    "text": "text",
    "verified": "boolean",
}


def rows(span):
    """600 generated reviews, and columns of the kinds that these lack."""
    rng = random.Random(span)
    for number in range(600):
        grams = f"{max(rng.gauss(300, 60), 150):.0f}" if rng.random() > 0.1 else ""
        yield {
            **review(0, span, number),
            "verified": rng.choice(["yes", "no"]),
            "gift": rng.randrange(2),
            "delivery_time": 1_700_000_000 + 86_400 * 30 * span + rng.randrange(86_400 * 27),
            "grams": grams,
        }


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """Two spans of reviews, and the run of the first: without a schema, kinds or a model."""
    folder = tmp_path_factory.mktemp("reviews")
    for span in (1, 2):
        write_rows(folder / "reviews" / f"span-{span}" / "rows.csv", list(rows(span)))
    (folder / "retrain.yaml").write_text(CONFIG)
    result = retrain("run", "retrain.yaml", "--json", "--span", 1, cwd=folder)
    assert result.code == 0, result.err
    return folder, result


@pytest.fixture(scope="module")
def identical(project):
    """Whether the replay of that run was, before there were others."""
    return is_identical(project[0])


def kinds(result):
    return {f["name"]: f["kind"] for f in result.json["contract"]["features"]}


def reasons(result):
    return {f["name"]: f["reason"] for f in result.json["contract"]["features"]}


def test_kinds_are_inferred_from_the_values_with_reasons(project):
    first = project[1]
    assert kinds(first) == KINDS
    said = reasons(first)
    assert "600 values are ISO 8601" in said["date"]
    assert "seconds" in said["delivery_time"]
    assert "yes or no" in said["verified"]
    assert "0 or 1" in said["gift"]
    assert "words a value" in said["text"]


def test_texts_choose_their_model_and_it_is_pushed(project):
    first = project[1]
    assert first.json["status"] == "pushed"
    assert first.json["training"]["model"] == "text"
    assert "text" in first.json["training"]["model_reason"]
    # Words that the grammar of the reviews has, and their pairs.
    assert first.learned("text")["tokens"] > 500
    assert first.learned("price")["log"] is True


def test_a_constant_far_from_all_values_is_warned_of_and_a_better_one_named(project):
    first = project[1]
    # Nothing else is doubtful, and the run went on.
    assert first.flagged == [("misleading_fill", "grams", "warn")]
    (found,) = [f for f in first.json["findings"] if f["code"] == "misleading_fill"]
    assert found["observed"]["near"] == 0
    assert "become 0" in found["message"]
    assert "median" in found["remedy"]
    assert "conditional_mean" in found["remedy"]
    learned = first.learned("grams")
    assert (learned["imputer"], learned["fill"]) == ("constant", 0)
    assert learned["missing"] > 0
    assert "grams: missing values become 0" in first.err


def test_replay_with_texts_is_identical(identical):
    assert identical


def test_the_next_span_keeps_the_kinds_of_the_schema(project, identical):
    folder, _ = project
    second = retrain("run", "retrain.yaml", "--json", "--span", 2, "--until", "require_ok", cwd=folder)
    assert second.code == 0, second.err
    assert kinds(second) == KINDS
    # Numbers need no word in the schema beside their type.
    told = {n for n, r in reasons(second).items() if "in the schema" in r}
    assert told == {n for n, k in KINDS.items() if k != "numeric"}

"""Cross scores: the numbers are those of a computation by hand, intervals hold what they should, and the sentences say it."""

import math

import numpy as np
import pytest

from components.cross import Scored, about_data, about_model, cross_scores, join, main_metric
from schemas.config import parse_config
from schemas.evidence import CrossScores


def config(metrics=("accuracy", "log_loss"), gates=None, bootstrap=300):
    gates = {"metric_floor": {metrics[0]: 0.5}} if gates is None else gates
    return parse_config(
        {
            "name": "x",
            "data": {"source": {"csv": "x-{SPAN}.csv"}, "label": "y"},
            "evaluate": {"metrics": list(metrics), "gates": gates, "bootstrap": bootstrap},
        }
    )


def scored(n, right, seed=0, span=1, champion_right=None):
    """`right` of the n rows are recognised by the candidate, as many by the champion unless it says otherwise."""
    labels = np.random.default_rng(seed).integers(0, 2, n)

    def model(hits):
        sure = np.where(np.arange(n) < hits, 0.9, 0.1)
        return np.where(labels[:, None] == np.arange(2), sure[:, None], 1 - sure[:, None])

    return Scored(labels, model(right), model(right if champion_right is None else champion_right), np.full(n, span))


def test_four_cells_and_the_differences_by_hand():
    found = cross_scores(
        scored(400, 360, champion_right=352), scored(200, 150, 1, 2, champion_right=140), config(), ["a", "b"]
    )
    old, new = found.previous, found.new
    assert [old.candidate["accuracy"].value, old.champion["accuracy"].value] == pytest.approx([0.9, 0.88])
    assert [new.candidate["accuracy"].value, new.champion["accuracy"].value] == pytest.approx([0.75, 0.70])
    assert [old.difference["accuracy"].value, new.difference["accuracy"].value] == pytest.approx([0.02, 0.05])
    assert found.harder["accuracy"].value == pytest.approx(0.70 - 0.88)
    losses = [-(h * math.log(0.9) + (1 - h) * math.log(0.1)) for h in (0.88, 0.70)]
    assert found.harder["log_loss"].value == pytest.approx(losses[1] - losses[0], abs=1e-6)
    assert (old.rows, new.rows, old.spans, new.spans) == (400, 200, [1], [2])
    assert sum(old.labels.values()) == 400
    assert set(old.candidate) == set(new.champion) == set(found.harder) == {"accuracy", "log_loss"}


def test_the_interval_of_two_independent_shares_is_the_textbook_one():
    found = cross_scores(scored(1000, 900), scored(500, 400, 1), config(bootstrap=2000), ["a", "b"]).harder["accuracy"]
    half = 1.96 * math.sqrt(0.9 * 0.1 / 1000 + 0.8 * 0.2 / 500)
    assert found.low == pytest.approx(-0.1 - half, abs=0.005)
    assert found.high == pytest.approx(-0.1 + half, abs=0.005)


def test_equally_hard_rows_are_called_harder_or_easier_in_one_case_of_twenty():
    rng, called = np.random.default_rng(5), 0
    for _ in range(200):
        hits = rng.binomial([300, 150], 0.8)
        found = cross_scores(scored(300, hits[0]), scored(150, hits[1], 1), config(("accuracy",)), ["a", "b"])
        called += found.verdict != "same"
    assert 2 <= called <= 20


@pytest.mark.parametrize(
    ("new", "verdict", "says"),
    [
        (140, "harder", "0.200 lower on the 200 new test rows than on the 400 previous ones (95 % -0."),
        (198, "easier", "0.090 higher on the 200 new test rows"),
        (179, "same", "no clear sign that the data got harder or easier."),
    ],
)
def test_sentences_about_the_data(new, verdict, says):
    found = cross_scores(scored(400, 360), scored(200, new, 1), config(), ["a", "b"])
    assert found.verdict == verdict
    assert found.data.startswith("The champion's accuracy is ")
    assert says in found.data
    if verdict != "same":
        assert found.data.endswith(f": the data got {verdict}.")


def test_a_higher_loss_is_harder():
    found = cross_scores(scored(400, 360), scored(200, 140, 1), config(("log_loss", "accuracy")), ["a", "b"])
    assert (found.metric, found.verdict) == ("log_loss", "harder")
    assert "higher on the 200 new test rows" in found.data


def test_sentence_about_the_model():
    found = cross_scores(
        scored(400, 360, champion_right=320), scored(200, 150, 1, champion_right=151), config(), ["a", "b"]
    )
    assert found.model.startswith("Candidate minus champion, accuracy: +0.100 (95 % +0.0")
    assert ", better on the 400 previous rows; -0.005 (95 % " in found.model
    assert found.model.endswith(", no clear difference on the 200 new rows.")


def test_a_set_without_rows():
    none = scored(0, 0)
    for old, new, says in (
        (scored(50, 40), none, "none of the test rows came since the champion's run"),
        (none, scored(50, 40), "none of the test rows that the champion's run had is left"),
    ):
        found = cross_scores(old, new, config(), ["a", "b"])
        assert says in found.reason
        assert found.data == found.reason
        assert (found.harder, found.verdict) == ({}, "")
        assert (found.previous is None) == (old is none)
        assert (found.new is None) == (new is none)
        assert "on the 50 " in found.model


def test_an_undefined_metric_is_said():
    one_class = Scored(
        *(getattr(scored(60, 60), f)[scored(60, 60).labels == 0] for f in ("labels", "candidate", "champion", "spans"))
    )
    found = cross_scores(scored(400, 360), one_class, config(("auc",)), ["a", "b"])
    assert found.harder["auc"].value is None
    assert found.verdict == "same"
    assert (
        found.data
        == "Whether the data got harder cannot be told: auc is undefined on one of the two sets of test rows."
    )
    assert "undefined on the" in found.model


def test_the_metric_that_is_guarded_is_spoken_of():
    gates = {"metric_floor": {"accuracy": 0.5}, "no_regression": {"metric": "log_loss"}}
    assert main_metric(config(gates=gates)) == "log_loss"
    assert main_metric(config()) == "accuracy"


def test_same_rows_same_numbers_and_joined_parts():
    old, new = scored(80, 60), scored(40, 30, 1)
    one, two = (cross_scores(old, new, config(), ["a", "b"]) for _ in range(2))
    assert one == two
    halves = join([old.take(np.arange(80) < 30), old.take(np.arange(80) >= 30)])
    assert cross_scores(halves, new, config(), ["a", "b"]) == one


def test_nothing_known_says_nothing():
    empty = CrossScores(reason="why")
    assert about_data(empty) == about_model(empty) == "why"

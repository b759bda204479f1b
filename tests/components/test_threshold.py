"""The threshold: against trying every one, and what it does to metrics."""

import numpy as np
import pytest

from components import metrics, threshold
from components.metric_definitions import METRICS
from schemas.config import ConfigError, parse_config

DATA = {"source": {"csv": "x-{SPAN}.csv"}, "label": "y"}


def rule(value):
    return parse_config({"name": "t", "data": DATA, "evaluate": {"threshold": value}}).evaluate.threshold


def rows(seed=0, n=200):
    rng = np.random.default_rng(seed)
    positive = rng.random(n) < 0.2
    scores = np.round(1 / (1 + np.exp(-(rng.normal(size=n) + 2 * positive - 2))), 2)
    return positive, scores


def value_at(metric, positive, scores, at):
    both = np.stack([1 - scores, scores], axis=1)
    return METRICS[metric](positive.astype(int), threshold.decided(both, at))


@pytest.mark.parametrize("metric", ["f1", "balanced_accuracy", "accuracy"])
@pytest.mark.parametrize("seed", range(4))
def test_no_threshold_is_better(metric, seed):
    positive, scores = rows(seed)
    chosen = threshold.choose(positive, scores, rule({"maximize": metric}))
    best = max(value_at(metric, positive, scores, at) for at in np.linspace(0.0025, 0.9975, 200))
    assert value_at(metric, positive, scores, chosen) == pytest.approx(best, abs=1e-12)
    assert not np.isin(chosen, scores), "between two scores"


def test_costs_are_weighed():
    positive, scores = rows()
    for cheap, dear in ((1, 5), (5, 1)):
        cost = lambda at: cheap * (~positive & (scores > at)).sum() + dear * (positive & (scores <= at)).sum()  # noqa: E731, B023
        chosen = threshold.choose(positive, scores, rule({"cost": {"false_positive": cheap, "false_negative": dear}}))
        assert cost(chosen) == min(cost(at) for at in np.linspace(0.0025, 0.9975, 200))


def test_of_equally_good_ones_the_nearest_to_a_half():
    positive, scores = np.array([False, True]), np.array([0.1, 0.8])
    assert threshold.choose(positive, scores, rule("auto")) == pytest.approx(0.45)


@pytest.mark.parametrize(("positive", "scores"), [([1, 1], [0.2, 0.3]), ([0, 0], [0.2, 0.3]), ([0, 1], [np.nan, 0.3])])
def test_there_must_be_something_to_choose_by(positive, scores):
    with pytest.raises(ValueError, match="rows of both classes and finite scores"):
        threshold.choose(np.array(positive, bool), np.array(scores), rule("auto"))


def test_a_half_changes_nothing_and_others_only_the_decision():
    p = np.array([[0.4, 0.6], [0.5, 0.5], [np.nan, 0.9]])
    assert threshold.decided(p, 0.5) is p
    assert threshold.decided(p, None) is p
    np.testing.assert_array_equal(threshold.decided(p, 0.6), [[1, 0], [1, 0], [np.nan, np.nan]])
    np.testing.assert_array_equal(threshold.decided(p, 0.59), [[0, 1], [1, 0], [np.nan, np.nan]])


def test_metrics_of_decisions_follow_it_with_their_intervals_and_others_do_not():
    positive, scores = rows()
    labels, both = positive.astype(int), np.stack([1 - scores, scores], axis=1)
    names = ["auc", "log_loss", "accuracy", "balanced_accuracy", "f1", "kappa"]
    at_half, at_low = (
        metrics.evaluate(labels, both, both, {}, names, ["0", "1"], 200, 7, thresholds=(t, None)).overall
        for t in (None, 0.25)
    )
    taken = scores > 0.25
    assert at_low.candidate["accuracy"].value == (taken == positive).mean()
    assert at_low.recalls["1"].value == taken[positive].mean()
    assert at_low.precisions["1"].value == positive[taken].mean()
    assert at_low.difference["f1"].value == pytest.approx(
        at_low.candidate["f1"].value - at_half.candidate["f1"].value, abs=1e-12
    )
    for m in ("accuracy", "balanced_accuracy", "f1", "kappa"):
        assert at_low.candidate[m].low < at_low.candidate[m].value < at_low.candidate[m].high
        assert at_low.champion[m] == at_half.champion[m], "each model has its own"
    for m in ("auc", "log_loss"):
        assert at_low.candidate[m] == at_half.candidate[m]


def test_it_is_for_two_classes():
    nothing = np.array([], object)
    assert threshold.settle(0.5, ["a", "b", "c"], nothing, list) is None
    assert threshold.settle(0.3, ["a", "b"], nothing, list) == 0.3
    with pytest.raises(ConfigError, match="is for two classes, and there are 3"):
        threshold.settle(rule("auto"), ["a", "b", "c"], nothing, list)
    with pytest.raises(ConfigError, match="rows of both classes"):
        threshold.settle(rule("auto"), ["a", "b"], np.array(["a"], object), lambda: np.array([0.3]))
    chosen = threshold.settle(rule("auto"), ["a", "b"], np.array(["b", "a"], object), lambda: np.array([0.4, 0.1]))
    assert chosen == pytest.approx(0.25)


@pytest.mark.parametrize(
    "value", [0, 1, "best", True, {"maximize": "auc"}, {"cost": {"false_positive": 1}}, {"at": 0.4}]
)
def test_other_forms_are_refused(value):
    with pytest.raises(ConfigError, match=r"evaluate\.threshold"):
        rule(value)


@pytest.mark.parametrize("value", [[["a", "a"]], [["a", "b", "c"]], [[]], [3]])
def test_slices_are_columns_or_pairs(value):
    with pytest.raises(ConfigError, match=r"evaluate\.slices"):
        parse_config({"name": "t", "data": DATA, "evaluate": {"slices": value}})

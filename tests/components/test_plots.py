"""Curves, confusion matrix and reliability of a classifier: true to the metrics, few points, no row by itself."""

import numpy as np
import pytest

from components import metric_definitions
from components.plots import GROUPS, LEAST, MOST, POINTS, plots, reliability


def made(rows=2000, classes=2, seed=0):
    """Calibrated answers: labels are drawn from the probabilities."""
    random = np.random.default_rng(seed)
    logits = random.normal(size=(rows, classes)) * 2
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = (random.random(rows)[:, None] > probabilities.cumsum(axis=1)).sum(axis=1)
    return np.minimum(labels, classes - 1), probabilities


def names(classes):
    return [f"class-{i}" for i in range(classes)]


def area(curve):
    return float(np.trapezoid(curve.y, curve.x) if hasattr(np, "trapezoid") else np.trapz(curve.y, curve.x))


@pytest.mark.parametrize("classes", [2, 5])
def test_the_areas_under_the_drawn_curves_are_the_metrics(classes):
    labels, scores = made(classes=classes)
    drawn = plots(labels, scores, None, names(classes)).candidate
    assert area(drawn.roc) == pytest.approx(metric_definitions.auc(labels, scores), abs=0.005)
    assert area(drawn.pr) == pytest.approx(metric_definitions.pr_auc(labels, scores), abs=0.01)


@pytest.mark.parametrize("classes", [2, 5])
def test_there_are_few_points_from_corner_to_corner(classes):
    drawn = plots(*made(100_000, classes), None, names(classes)).candidate
    for curve in (drawn.roc, drawn.pr):
        assert len(curve.x) == len(curve.y) <= POINTS
        assert curve.x == sorted(curve.x)
    assert (drawn.roc.x[0], drawn.roc.y[0], drawn.roc.x[-1], drawn.roc.y[-1]) == (0, 0, 1, 1)
    assert drawn.roc.y == sorted(drawn.roc.y)


def test_a_perfect_and_a_blind_model():
    labels = np.arange(200) % 2
    perfect = np.stack([1 - labels, labels], axis=1).astype(float)
    drawn = plots(labels, perfect, np.full((200, 2), 0.5), names(2))
    assert area(drawn.candidate.roc) == pytest.approx(1.0)
    assert set(drawn.candidate.pr.y) == {1.0}
    assert drawn.candidate.confusion == [[100, 0], [0, 100]]
    assert area(drawn.champion.roc) == pytest.approx(0.5)
    assert set(drawn.champion.pr.y) == {0.5}
    assert drawn.champion.reliability.model_dump() == {"probability": [0.5], "share": [0.5], "rows": [200]}


def test_the_confusion_matrix_is_by_class_then_by_answer_and_heeds_the_threshold():
    labels = np.array([0, 0, 0, 1])
    scores = np.array([[0.9, 0.1], [0.7, 0.3], [0.2, 0.8], [0.6, 0.4]])
    assert plots(labels, scores, None, names(2)).candidate.confusion == [[2, 1], [1, 0]]
    assert plots(labels, scores, None, names(2), (0.2, None)).candidate.confusion == [[1, 2], [0, 1]]


def test_its_diagonal_is_the_recalls_and_many_classes_have_none():
    labels, scores = made(classes=4)
    matrix = np.array(plots(labels, scores, None, names(4)).candidate.confusion)
    assert [(int(matrix[i, i]), int(matrix[i].sum())) for i in range(4)] == metric_definitions.recalls(labels, scores)
    assert plots(*made(classes=MOST + 1), None, names(MOST + 1)).candidate.confusion == []


@pytest.mark.parametrize("classes", [2, 5])
def test_calibrated_answers_lie_on_the_diagonal(classes):
    found = plots(*made(20_000, classes), None, names(classes)).candidate.reliability
    assert len(found.rows) == GROUPS
    assert sum(found.rows) == 20_000
    assert found.probability == sorted(found.probability)
    assert found.share == pytest.approx(found.probability, abs=0.05)


def test_overconfident_answers_do_not():
    labels, scores = made(5000)
    sharp = scores**3 / (scores**3).sum(axis=1, keepdims=True)
    found = plots(labels, sharp, None, names(2)).candidate.reliability
    assert found.share[2] > found.probability[2] + 0.05
    assert found.share[-3] < found.probability[-3] - 0.05


def test_no_group_has_few_rows_and_equal_answers_stay_together():
    answers = np.r_[np.full(95, 0.1), np.linspace(0.2, 0.9, 105)]
    found = reliability(answers, np.arange(200) % 2 == 0)
    assert found.rows[0] == 95
    assert min(found.rows) >= LEAST
    assert sum(found.rows) == 200
    assert reliability(answers[: 2 * LEAST - 1], np.ones(2 * LEAST - 1, bool)) is None


def test_the_order_of_rows_changes_nothing():
    labels, scores = made(500, 3)
    scores = scores.round(1)
    order = np.random.default_rng(1).permutation(500)
    one, other = plots(labels, scores, None, names(3)), plots(labels[order], scores[order], None, names(3))
    assert one == other


def test_where_there_is_nothing_to_draw():
    labels, scores = made(100)
    broken = np.where(np.arange(100)[:, None] == 3, np.nan, scores)
    assert plots(labels, broken, scores, names(2)) is None
    assert plots(labels, scores, broken, names(2)).champion is None
    assert plots(labels[:0], scores[:0], None, names(2)) is None
    one_class = plots(np.zeros(100, int), scores, None, names(2)).candidate
    assert one_class.roc is None
    assert one_class.pr is None
    assert one_class.reliability is not None

"""The charts of classes in the report: where things are, what is said of them, and that a record without them has none."""

import numpy as np
import pytest

from components.plots import plots
from pipeline.report import classes, render
from tests import factories


def drawn(count=2, champion=True):
    """Plots of a good candidate and of a blind champion."""
    random = np.random.default_rng(0)
    labels = random.integers(0, count, 600)
    logits = random.normal(size=(600, count)) + 2.5 * np.eye(count)[labels]
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    names = [f"kind-{i}" for i in range(count)]
    return plots(labels, scores, np.full((600, count), 1 / count) if champion else None, names)


def page_of(found):
    evaluation = factories.evaluation().model_copy(update={"plots": found})
    return render(factories.pushed(evaluation=evaluation))


def ends(line):
    points = [tuple(map(float, p.split(","))) for p in line.parts[0].split()]
    return points[0], points[-1]


def test_a_roc_goes_from_corner_to_corner_and_is_above_chance():
    roc = classes.charts(drawn())[0]
    ideal, new, old = roc.chart.lines
    assert ends(ideal) == ends(new) == ends(old)
    (left, low), (right, high) = ends(new)
    assert left < right
    assert low > high  # SVG counts from the top
    first = roc.chart.told.split(";")[0]
    assert first.startswith("This run: true positive rate")
    assert "Champion: true positive rate 5 % at false positive rate 5 %" in roc.chart.told


@pytest.mark.parametrize("count", [2, 4])
def test_three_charts_each_with_words_and_both_models(count):
    found = classes.charts(drawn(count))
    assert [d.id for d in found] == ["roc", "pr", "reliability"]
    assert all("This run" in d.chart.told and "Champion" in d.chart.told for d in found)
    alone = classes.charts(drawn(count, champion=False))
    assert [len(d.chart.lines) for d in alone] == [2, 1, 2]
    assert not any("Champion" in d.chart.told for d in alone)
    assert "kind-1" in found[0].title if count == 2 else "mean" in found[0].title


def test_reliability_has_a_dot_for_each_group_and_says_them():
    plot = drawn()
    chart = classes.charts(plot)[2].chart
    assert len(chart.lines[1].dots) == len(plot.candidate.reliability.rows)
    assert chart.told.count(" is ") == len(plot.candidate.reliability.rows) + 1  # the blind champion has one group


def test_the_matrix_has_shares_of_the_line_and_the_champions():
    plot = drawn()
    cells = classes.matrix(plot).lines[1][1]
    counts = plot.candidate.confusion[1]
    assert [c.rows for c in cells] == [str(n) for n in counts]
    assert cells[1].share == f"{100 * counts[1] / sum(counts):.1f} %"
    assert cells[1].shade > cells[0].shade
    assert [c.champion for c in cells] == ["100 %", "0 %"]
    assert {c.champion for c in classes.matrix(drawn(champion=False)).lines[0][1]} == {""}


def test_with_many_classes_cells_are_brief():
    lines = classes.matrix(drawn(6)).lines
    for index, (_, cells) in enumerate(lines):
        assert [at for at, c in enumerate(cells) if c.champion] == [index]
        assert [at for at, c in enumerate(cells) if c.share] == [index]


def test_the_report_draws_them_and_a_record_without_them_has_none():
    page = page_of(drawn())
    for text in ("ROC, class kind-1", "Precision and recall", "Reliability", "Which class is taken for which"):
        assert text in page
    plain = render(factories.pushed())
    assert "Reliability" not in plain
    assert "taken for" not in plain


def test_a_class_without_rows_leaves_reliability_and_the_matrix():
    scores = np.full((50, 2), 0.5)
    found = plots(np.zeros(50, int), scores, None, ["no", "yes"])
    assert [d.id for d in classes.charts(found)] == ["reliability"]
    assert [c.share for c in classes.matrix(found).lines[1][1]] == ["–", "–"]
    assert "ROC" not in page_of(found)


def test_hostile_labels_are_text():
    evil = "<b onclick=x>"
    assert evil not in page_of(drawn().model_copy(update={"classes": ["a", evil]}))

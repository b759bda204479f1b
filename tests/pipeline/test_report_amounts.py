"""The charts of amounts in the report: where things are, and that classes have none."""

import pytest

from pipeline.report import amounts, render
from schemas.evidence import Residuals
from tests import factories

OFF = Residuals(
    true=[10.0, 20.0, 40.0],
    predicted=[10.0, 25.0, 30.0],
    low=[9.0, 22.0, 28.0],
    high=[11.0, 28.0, 33.0],
    edges=[-2.0, -1.0, 0.0, 1.0, 2.0],
    counts=[1, 4, 8, 0],
)


def test_predicted_against_true_has_higher_amounts_higher_and_to_the_right():
    chart = amounts.against(OFF)
    assert [g.x for g in chart.groups] == sorted(g.x for g in chart.groups)
    assert [g.y for g in chart.groups] == sorted((g.y for g in chart.groups), reverse=True)
    assert all(g.high < g.y < g.low for g in chart.groups)
    assert "20 is given as 25" in chart.told


def test_the_bars_are_as_high_as_their_rows():
    chart = amounts.histogram(OFF)
    heights = [h for *_, h in chart.bars]
    assert heights[2] == 2 * heights[1] == max(heights)
    assert heights[3] == 0
    assert chart.zero == pytest.approx(chart.bars[2][0])


def test_the_report_shows_them_for_amounts_only():
    plain = factories.pushed()
    assert "Predicted against true" not in render(plain)
    evaluation = plain.evaluation.model_copy(update={"residuals": OFF})
    page = render(plain.model_copy(update={"evaluation": evaluation}))
    assert "Predicted against true amounts" in page
    assert page.count("<rect x=") - render(plain).count("<rect x=") == 4

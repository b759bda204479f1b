"""A model of amounts in the terminal, on the page, and to the diagnosis: no word of classes, and R² where accuracy would be."""

from pipeline.diagnosis.causes import _curves
from pipeline.report.page import render
from pipeline.show.numbers import curves
from schemas.run_record import Amounts
from tests import factories
from tests.pipeline.printed import printed


def of_amounts():
    record = factories.pushed()
    training = record.training.model_copy(update={"labels": [], "amounts": Amounts(centre=12.0, width=9.0)})
    epochs = [e.model_copy(update={"val_skill": 0.5 + e.epoch / 100, "train_skill": 0.6}) for e in training.epochs]
    return record.model_copy(update={"training": training.model_copy(update={"epochs": epochs})})


def test_curves_have_r2_and_no_accuracy():
    shown = printed(curves(of_amounts()), 120)
    assert "R²" in shown
    assert "0.51" in shown
    assert "accuracy" not in shown
    assert "accuracy" in printed(curves(factories.pushed()), 120)


def test_the_page_has_the_same():
    made = render(of_amounts())
    assert "eval R²" in made
    assert "eval accuracy" not in made


def test_knowing_nothing_costs_one_squared_width():
    assert _curves.course(of_amounts()).prior == 1.0

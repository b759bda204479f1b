"""How a tuning is told: in the terminal, on the page, in the model card, and to a diagnosis."""

import io

import pytest
from rich.console import Console

from pipeline.model_card import model_card
from pipeline.report import render
from pipeline.show.parts import part_data, show
from pipeline.tuned import in_force
from pipeline.tuning_tables import as_yaml, summary, table_of, tuned_text
from schemas.config import parse_config
from schemas.run_record import StageState, Trial, Tuning
from tests import factories

VALUES = {"learning_rate": 0.00861386, "width": 16}
TRIALS = [
    Trial(number=1, values={}, loss=0.5305, epochs=4, best_epoch=4, parameters=10_002, seconds=5.7),
    Trial(number=2, values={"learning_rate": 9.0, "width": 16}, loss=None, epochs=1, failed="It broke."),
    Trial(number=3, values=VALUES, loss=0.2838, epochs=4, best_epoch=3, parameters=4146, seconds=2.5),
]
SEARCH = {"learning_rate": {"low": 1e-4, "high": 0.01, "log": True}, "width": {"choices": [16, 32]}}


def tuning(**changes):
    rest = {"model": "wide_deep", "search": SEARCH, "method": "random", "seed": 0, "stopped": "trials"}
    return Tuning(trials=TRIALS, best=3, values=VALUES, **rest).model_copy(update=changes)


@pytest.fixture
def record():
    data = {"source": {"csv": "x"}, "label": "big_tipper"}
    config = parse_config({"name": "taxi", "data": data, "train": {"tune": True}}).model_dump(mode="json")
    return factories.pushed().model_copy(update={"tuning": tuning(), "config": config})


def shown(record, part="tuning"):
    console = Console(file=io.StringIO(), width=160)
    console.print(show(record, part))
    return console.file.getvalue()


def test_trials_come_best_first_and_failed_ones_last():
    columns, rows = table_of(tuning())
    assert columns[:3] == [">trial", ">eval loss", "values"]
    assert [r[0] for r in rows] == ["3", "1", "2"]
    assert rows[0] == ["3", "0.2838", "learning_rate 0.00861, width 16", "4", "4,146", "2.5 s", "best"]
    assert rows[1][2] == "as configured"
    assert (rows[2][1], rows[2][-1]) == ("failed", "It broke.")


def test_the_summary_says_what_was_searched_and_whose_the_values_are():
    told = dict(summary(tuning()))
    assert told["learning_rate"] == "0.0001 to 0.01 (logarithmic)"
    assert told["width"] == "16, 32"
    assert told["best"] == "learning_rate 0.00861, width 16 (trial 3)"
    again = tuning(reused=True, run="r1", span=4)
    assert tuned_text(again).endswith("(trial 3), found by run r1 (span 4)")
    assert tuned_text(tuning(best=None, values={})) == "as configured: no trial was finished in time"


def test_the_values_are_given_to_copy_with_all_digits():
    assert as_yaml(tuning()) == "{learning_rate: 0.00861386, width: 16}"


def test_the_terminal_the_page_and_the_card_show_it(record):
    assert "It broke." in shown(record)
    page = render(record)
    assert 'id="tuning"' in page
    assert "learning_rate 0.00861, width 16" in page
    assert "| tuned | learning_rate 0.00861, width 16 (trial 3) |" in model_card(record, 1, record.run_id)
    assert part_data(record, "tuning").best == 3


def test_without_tuning_it_says_why(record):
    assert "train.tune is off" in shown(factories.pushed())
    assert "did not get that far" in shown(record.model_copy(update={"tuning": None}))
    assert 'id="tuning"' not in render(factories.pushed())


def test_a_search_in_which_all_failed_is_no_fault_of_the_data(record):
    found = factories.finding("block", code="tuning_failed", subject="tuning", message="All failed.", stage="tuner")
    stages = [s.model_copy(update={"state": StageState.BLOCKED, "name": "tuner"}) for s in record.stages[:1]]
    blocked = factories.blocked().model_copy(
        update={"stages": stages, "findings": [found], "explanation": record.explanation}
    )
    from pipeline.explain import explain
    from pipeline.wording import outcome

    assert outcome(blocked) == "blocked by tuning"
    assert explain(blocked).headline.startswith("Blocked by tuning: no trial could be trained; no model was made, ")


def test_a_diagnosis_sees_the_values_that_were_trained_with(record):
    train = in_force(record)["train"]
    assert train["learning_rate"] == 0.00861386
    assert train["model"]["params"]["hidden"] == [16, 8]
    assert in_force(record.model_copy(update={"tuning": tuning(values={})})) == record.config

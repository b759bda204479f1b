"""Explanations: the sentences that people read, word for word where they are the product."""

from __future__ import annotations

import pytest

from pipeline.explain import MOST, explain, explanation_of, main_metric
from pipeline.wording import outcome
from schemas.evidence import MetricValue
from schemas.run_record import Explanation, Pushed, Stage, StageState, Status
from tests import factories


def test_every_status_has_an_explanation() -> None:
    for status in Status:
        assert explain(factories.record(status=status)).headline


def test_pushed_compares_with_the_champion() -> None:
    told = explain(factories.pushed())
    assert told.headline == (
        "Pushed version 3: AUC on test 0.941 (95 % 0.92 to 0.96, 430 rows); "
        "no clear difference from the champion, version 2 (0.939)."
    )
    assert told.why == [factories.HOUR_WARN.message]
    assert told.remedies == [factories.HOUR_WARN.remedy]


def test_first_run_says_that_there_was_no_champion() -> None:
    assert explain(factories.first_run()).headline == (
        "Pushed version 1: AUC on test 0.941 (95 % 0.92 to 0.96, 430 rows); there was no champion to compare with."
    )


@pytest.mark.parametrize(
    ("auc", "word"),
    [(0.95, "0.011 better than the champion"), (0.92, "0.019 worse than the champion"), (0.94, "no clear difference")],
)
def test_better_and_worse_only_where_the_interval_leaves_out_zero(auc: float, word: str) -> None:
    record = factories.pushed(evaluation=factories.evaluation(auc, 0.939))
    assert word in explain(record).headline


def test_lower_is_better_for_losses() -> None:
    config = {"evaluate": {"metrics": ["log_loss"], "gates": []}}
    assert "log loss on test 0.310" in explain(factories.pushed(config=config)).headline
    assert "0.005 better" in explain(factories.pushed(config=config)).headline


def test_an_undefined_metric_is_called_undefined() -> None:
    evaluation = factories.evaluation(champion=None)
    evaluation.overall.candidate["auc"] = MetricValue(value=None)
    assert "AUC on test undefined (430 rows)" in explain(factories.first_run(evaluation=evaluation)).headline


def test_a_model_that_was_there_already() -> None:
    told = explain(factories.pushed(pushed=Pushed(version=3, path="/s/3", already_there=True)))
    assert "was there already" in told.headline


def test_blocked_names_what_blocked_and_what_stays() -> None:
    told = explain(factories.blocked())
    assert told.headline == (
        "Blocked by data in span 8: 1 check (fare) failed; nothing was trained, version 2 stays served."
    )
    assert told.why == [factories.FARE_BLOCK.message]
    assert told.remedies == [factories.FARE_BLOCK.remedy]


def test_blocked_without_a_reason_says_so_and_names_the_log() -> None:
    (why,) = explain(factories.blocked(findings=[])).why
    assert "no finding" in why
    assert "log.txt" in why


def test_many_findings_are_counted_not_listed() -> None:
    blocks = [factories.finding("block", subject=f"f{i}", message=f"f{i} is bad.") for i in range(MOST + 3)]
    told = explain(factories.blocked(findings=blocks))
    assert told.headline.startswith("Blocked by data in span 8: 8 checks (f0, f1, f2, ...) failed")
    assert len(told.why) == MOST + 1
    assert told.why[-1] == "And 3 more; see the findings."


def test_not_blessed_gives_metric_slice_value_and_bound() -> None:
    told = explain(factories.not_blessed())
    assert told.headline == (
        "Not pushed: the new model failed 1 gate (auc, overall): AUC on test 0.512, 0.429 worse than the champion, version 2 (0.941); "
        "version 2 stays served."
    )
    assert all(word in told.why[0] for word in ("auc", "overall", "0.512", "0.005 below", "0.941"))


def test_a_model_that_was_rolled_back_is_no_failure_of_a_gate() -> None:
    withheld = factories.finding(
        "block", code="rolled_back", subject="version 3", message="Rolled back.", stage="pusher"
    )
    told = explain(factories.not_blessed(findings=[*factories.passes(), withheld]))
    assert told.headline == "Not pushed: this model was rolled back before; version 2 stays served."
    assert told.why == ["Rolled back."]


def test_nothing_is_served_yet_on_a_first_run() -> None:
    assert explain(factories.not_blessed(served=None)).headline.endswith("nothing is served yet.")


def test_failed_names_stage_cause_and_log() -> None:
    told = explain(factories.failed())
    assert told.headline == "Failed in stage trainer; version 2 stays served."
    assert told.why[0].startswith("ResourceExhaustedError")
    assert told.why[1].endswith("log.txt")


def test_failed_after_the_push_does_not_hide_the_push() -> None:
    told = explain(factories.failed(pushed=Pushed(version=3, path="/s/3")))
    assert "version 3 had been pushed" in told.headline


def test_interrupted_names_the_stage_and_that_work_is_kept() -> None:
    told = explain(factories.interrupted())
    assert told.headline == "Interrupted in stage transform after 12 s; nothing is served yet."
    assert told.remedies == ["Run again: stages that were done are not repeated."]


def test_invalid_lists_every_problem() -> None:
    told = explain(factories.invalid(error="a: is wrong.\nb: is missing."))
    assert told.why == ["a: is wrong.", "b: is missing."]


def test_nothing_new() -> None:
    assert explain(factories.nothing_new()).headline == (
        "Nothing to do: span 8 was trained on before with this configuration; version 2 stays served."
    )


def test_the_recorded_explanation_wins() -> None:
    told = Explanation(headline="As it was.")
    assert explanation_of(factories.pushed(explanation=told)) == told
    assert explanation_of(factories.pushed()).headline.startswith("Pushed version 3")


def test_the_guarded_metric_stands_for_the_model() -> None:
    config = factories.config()
    assert main_metric(factories.pushed()) == "auc"
    config["evaluate"]["gates"][0]["params"] = {"metric": "log_loss"}
    assert main_metric(factories.pushed(config=config)) == "log_loss"
    # A configuration of another shape, or one that names an unknown metric, falls back to what was measured.
    assert main_metric(factories.pushed(config={})) == "auc"
    assert main_metric(factories.blocked()) is None


def test_no_control_character_gets_into_a_sentence() -> None:
    evil = factories.finding("block", subject="a\x1b[31m", message="a\x1b[31m\u202e is bad.", remedy="")
    told = explain(factories.blocked(findings=[evil]))
    assert "\x1b" not in told.headline + told.why[0]
    assert "\u202e" not in told.why[0]


def test_the_outcome_in_lists_tells_augmentation_from_data() -> None:
    stopped = [Stage(name="augment", state=StageState.DONE), Stage(name="augmentation_ok", state=StageState.BLOCKED)]
    assert outcome(factories.blocked(stages=stopped)) == "blocked by augmentation"
    assert outcome(factories.blocked()) == "blocked by data"
    assert outcome(factories.pushed()) == "pushed"


def test_kappa_goes_by_its_full_name() -> None:
    evaluation = factories.evaluation(champion=None)
    evaluation.overall.candidate["kappa"] = MetricValue(value=0.9074, low=0.88, high=0.93)
    config = {"evaluate": {"metrics": ["kappa"], "gates": []}}
    told = explain(factories.first_run(evaluation=evaluation, config=config))
    assert told.headline.startswith(
        "Pushed version 1: quadratic weighted kappa on test 0.907 (95 % 0.88 to 0.93, 430 rows)"
    )


def test_harder_data_is_told_whether_the_model_was_pushed_or_not() -> None:
    for make, auc in ((factories.pushed, 0.941), (factories.not_blessed, 0.512)):
        evaluation = factories.evaluation(auc, 0.941).model_copy(update={"cross": factories.cross()})
        assert factories.cross().data in explain(make(evaluation=evaluation)).why
        same = evaluation.model_copy(update={"cross": factories.cross("same")})
        assert factories.cross().data not in explain(make(evaluation=same)).why

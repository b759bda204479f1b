"""The whole diagnosis: the comparison, what is named, and when nothing is."""

import inspect
import re
from pathlib import Path

import pytest

from pipeline.diagnosis.diagnose import all_causes, diagnose
from pipeline.diagnosis.interfaces import Cause
from pipeline.diagnosis.reference import reference_of
from schemas.diagnosis import Outcome
from schemas.evidence import MetricValue
from schemas.run_record import Pushed, Stage, StageState, Status
from tests import factories
from tests.pipeline.diagnosis.cases import (
    best,
    champion,
    found,
    retrain,
    training,
)


@pytest.mark.parametrize("name", all_causes())
def test_every_cause_says_what_it_is_and_explains_only_causes_that_exist(name):
    cause = all_causes()[name]
    assert isinstance(cause, Cause)
    assert inspect.getdoc(type(cause))
    unknown = {e.removesuffix("*") for e in cause.explains} - all_causes().keys()
    assert not unknown


@pytest.mark.parametrize("name", all_causes())
@pytest.mark.parametrize(
    "run",
    [factories.blocked(), factories.failed(), factories.interrupted(), factories.invalid(), factories.first_run()],
)
def test_no_cause_stumbles_over_a_run_that_did_not_get_far(name, run):
    told = diagnose(run, None)
    assert told.headline
    assert name in told.looked_for


def test_a_retrain_without_any_sign_names_nothing():
    told = diagnose(retrain(), champion())
    assert told.comparison.outcome is Outcome.WORSE
    assert told.causes == ()
    assert "none of the causes looked for shows" in told.headline
    assert "cannot tell why" in told.headline
    pushed = champion(run_id="20261102-030000-s9-cccc", evaluation=retrain(auc=0.951).evaluation, champion="version 3")
    told = diagnose(pushed, champion())
    assert told.comparison.outcome is Outcome.CANNOT_TELL
    assert (told.nothing, told.causes) == (1.0, ())
    assert told.headline.endswith("Nothing wrong found.")


def test_a_first_run_that_passed_all_gates_has_lost_nothing():
    alone = factories.evaluation(auc=0.95, champion=None)
    fits_train = training(train=(0.5, 0.3, 0.2, 0.15, 0.12, 0.1), val=(0.5, 0.42, 0.33, 0.28, 0.28, 0.28))
    told = diagnose(champion(evaluation=alone, training=fits_train, champion=None), None)
    assert told.causes[0].code == "overfitting"
    assert told.nothing > 0.5
    assert told.headline == "There is nothing to compare the new model with. Nothing wrong found."
    held_back = diagnose(factories.not_blessed(evaluation=alone, training=fits_train), None)
    assert held_back.causes[0].score > 0.5


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        ("missing_shift", "missing_values"),
        ("sentinel", "constant_fill"),
        ("outliers", "outliers"),
        ("label_noise", "label_noise"),
        ("missing_by_label", "missing_by_label"),
        ("numeric_drift", "covariate_drift"),
        ("image_orientation", "turned_images"),
        ("split_leakage", "leakage"),
        ("augmentation_one_sided", "augmentation_inconsistent"),
    ],
)
def test_what_a_check_blocked_is_the_cause(code, cause):
    run = retrain(findings=[*factories.passes(), found(code)])
    assert best(run) == cause
    told = diagnose(run, champion()).causes[0]
    assert told.evidence[0].text == f"fare: seen by {code}."
    assert told.remedy.text


def test_what_stopped_the_run_is_said_as_everywhere_else():
    one_sided = [found("augmentation_one_sided", subject="image of class '3'")]
    stopped = [Stage(name="augmentation_ok", state=StageState.BLOCKED)]
    told = diagnose(factories.blocked(findings=one_sided, stages=stopped), champion())
    assert told.headline.startswith("Blocked by augmentation: augmentation treats image of class '3'")
    assert diagnose(factories.blocked(), champion()).headline.startswith("Blocked by data")


def blocking_codes():
    """Codes of everything that can stop a run because of its data, by its documentation; but what says how data are, not what changed."""
    text = (Path(__file__).parents[3] / "docs" / "checks-and-gates.md").read_text(encoding="utf-8")
    part = text[: text.index("## Filling")]
    rows = [line.split("|")[1] for line in part.splitlines() if line.startswith("| `")]
    named = {code for row in rows for code in re.findall("`([a-z_.]+)`", row)} - {"class_balance", "split_skew"}
    return sorted(code.replace("...", "feature_type_not_present") for code in named)


@pytest.mark.parametrize("code", blocking_codes())
def test_whatever_blocks_the_data_has_a_cause(code):
    assert best(factories.blocked(findings=[found(code)], champion="version 3", data_digest="new")) is not None


def test_a_block_that_was_let_through_is_one_all_the_same():
    passed = found("outliers", "warn", message="fare: 4 % lie far out. Let through once: try")
    scores = [diagnose(retrain(findings=[f]), champion()).causes[0].score for f in (passed, found("outliers"))]
    assert scores[0] == scores[1]


def test_what_the_champion_had_as_well_explains_nothing():
    known = found("outliers", statistic=0.1)
    run = retrain(findings=[known.model_copy(update={"statistic": 0.11})])
    assert best(run, champion(findings=[known])) is None
    assert (
        best(retrain(findings=[known.model_copy(update={"statistic": 0.3})]), champion(findings=[known])) == "outliers"
    )


def test_a_change_within_the_noise_from_run_to_run_is_not_called_worse():
    values = (0.95, 0.91, 0.96, 0.90, 0.94, 0.97)
    history = [
        champion(run_id=f"r{i}", evaluation=factories.evaluation(auc=v), pushed=Pushed(version=i, path="p"))
        for i, v in enumerate(values, 1)
    ]
    assert diagnose(retrain(auc=0.92), champion()).comparison.outcome is Outcome.WORSE
    calm = diagnose(retrain(auc=0.92), champion(), history).comparison
    assert calm.outcome is not Outcome.WORSE
    assert 0.02 < calm.noise < 0.06


@pytest.mark.parametrize(("rows", "expected"), [(200, "small_test"), (700, None)])
def test_a_test_set_is_named_as_too_small_where_it_became_so(rows, expected):
    def measured(record, n, low=-0.04, high=0.05):
        change = {"auc": MetricValue(value=0.0, low=low, high=high)}
        slices = [s.model_copy(update={"rows": n, "difference": change}) for s in record.evaluation.slices]
        return record.model_copy(update={"evaluation": record.evaluation.model_copy(update={"slices": slices})})

    old = measured(champion(), 772)
    run = measured(retrain(auc=0.95), rows).model_copy(update={"status": Status.PUSHED, "exit_code": 0})
    assert diagnose(run, old).comparison.outcome is Outcome.CANNOT_TELL
    assert best(run, old) == expected


def test_the_reference_is_the_run_that_pushed_the_champion():
    third = champion()
    fourth = champion(run_id="20261101-040000-s8-cccc", pushed=Pushed(version=4, path="serving/taxi/4"))
    assert reference_of(retrain(), [fourth, third]) is third
    assert reference_of(retrain(champion=None), [fourth, third]) is fourth
    assert reference_of(retrain(), [factories.blocked()]) is None


def test_a_cause_that_stumbles_is_said_and_costs_nothing_else(monkeypatch):
    def stumble(self, case):
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr(type(all_causes()["outliers"]), "look", stumble)
    told = diagnose(retrain(findings=[found("missing_shift")]), champion())
    assert told.causes[0].code == "missing_values"
    assert "outliers could not be looked for (ZeroDivisionError: by zero)" in told.limits[-1]

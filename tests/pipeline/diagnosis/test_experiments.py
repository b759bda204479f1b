"""Which experiment is made, what its result says, and how the scores move."""

import pytest

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.comparison import compare
from pipeline.diagnosis.diagnose import all_causes, diagnose
from pipeline.diagnosis.planning import all_experiments, effect, next_one, proof
from pipeline.diagnosis.proofs import FILE, NOISE, clear, keep, kept, revise
from pipeline.workspace import Workspace
from schemas.diagnosis import Outcome
from schemas.evidence import MetricValue
from tests.pipeline.diagnosis.cases import champion, found, retrain, with_settings


def case_of(run, reference=None):
    old = reference or champion()
    return Case(run, old, compare(run, old))


def slow():
    """A retrain on new data with a lower learning rate, and a warning about the data."""
    run = retrain(findings=[found("numeric_drift")])
    config = {**run.config, "train": {**run.config.get("train", {}), "learning_rate": 0.001, "epochs": 20}}
    old = champion().model_copy(update={"config": config})
    return with_settings(run.model_copy(update={"config": config}), train__learning_rate=0.0001), old


def value(change):
    return MetricValue(value=change, low=change - 0.005, high=change + 0.005)


@pytest.mark.parametrize("name", all_experiments())
def test_every_experiment_supports_causes_that_exist_and_changes_something(name):
    run, old = slow()
    case = case_of(run, old)
    swap = all_experiments()[name].swap(case, diagnose(run, old).causes)
    if swap is not None:
        assert set(swap.supports) <= {*all_causes(), NOISE}
        assert swap.config != run.config or swap.span != run.span
    assert run == slow()[0]


def test_the_first_experiment_tells_apart_what_is_open():
    run, old = slow()
    code, swap = next_one(case_of(run, old), diagnose(run, old), [])
    assert code in ("settings_of_before", "data_of_before", "without_feature")
    assert swap.refutes
    every = [c for c, e in all_experiments().items() for _ in range(e.times)]
    assert next_one(case_of(run, old), diagnose(run, old), every) is None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (0.0, "restored"),
        (-0.025, "restored"),
        (-0.03, "unclear"),
        (-0.0375, "unchanged"),
        (-0.05, "unchanged"),
        (-0.09, "unchanged"),
    ],
)
def test_what_a_result_says(change, expected):
    run = retrain(auc=0.90, before=0.95)
    assert effect(case_of(run), value(change)) == expected


def test_without_a_loss_or_a_model_nothing_is_said():
    assert effect(case_of(retrain(auc=0.95, before=0.95)), value(0.0)) == "unclear"
    assert effect(case_of(retrain()), None) == "unclear"


def test_a_restored_metric_raises_its_causes_and_an_unchanged_one_lowers_them():
    run, old = slow()
    plain = diagnose(run, old)
    case = case_of(run, old)
    swap = all_experiments()["settings_of_before"].swap(case, plain.causes)
    scores = {}
    for change in (0.0, -0.05):
        told = revise(plain, (proof(case, "settings_of_before", swap, value(change), 1.0, ""),), run)
        scores[change] = {c.code: c.score for c in told.causes}["learning_rate_low"]
        assert told.nothing + sum(c.score for c in told.causes) == pytest.approx(1.0, abs=1e-3)
    before = {c.code: c.score for c in plain.causes}["learning_rate_low"]
    assert scores[0.0] > before > scores[-0.05]


def test_a_step_that_restores_nothing_refutes_nothing():
    run, old = slow()
    plain, case = diagnose(run, old), case_of(run, old)
    swap = all_experiments()["higher_rate"].swap(case, plain.causes)
    after = {c: revise(plain, (proof(case, "higher_rate", swap, value(c), 1.0, ""),), run) for c in (0.0, -0.05)}
    first = {c: {k.code: k.score for k in told.causes}["learning_rate_low"] for c, told in after.items()}
    before = {c.code: c.score for c in plain.causes}["learning_rate_low"]
    assert first[-0.05] == pytest.approx(before, abs=1e-3)
    assert first[0.0] > before


def test_another_seed_that_restores_makes_it_noise():
    run, old = slow()
    plain, case = diagnose(run, old), case_of(run, old)
    swap = all_experiments()["other_seed"].swap(case, plain.causes)
    assert revise(plain, (proof(case, "other_seed", swap, value(0.0), 1.0, ""),), run).nothing > plain.nothing


def seeds(run, old, changes):
    """The diagnosis after retrains with so many other seeds."""
    plain, case, made = diagnose(run, old), case_of(run, old), ()
    for number, change in enumerate(changes):
        swap = all_experiments()["other_seed"].swap(case, plain.causes, number)
        made = (*made, proof(case, "other_seed", swap, value(change), 1.0, ""))
    return revise(plain, made, run)


def test_other_seeds_say_how_far_the_metric_moves_by_itself():
    run = retrain(auc=0.93, before=0.95)
    old = champion()
    assert diagnose(run, old).comparison.outcome is Outcome.WORSE
    one, calm, wild = seeds(run, old, [0.0]), seeds(run, old, [-0.021, -0.019]), seeds(run, old, [0.015, -0.03])
    assert one.comparison.noise is None
    assert [any("from run to run" in limit for limit in told.limits) for told in (one, calm)] == [True, False]
    assert (calm.comparison.noise, calm.comparison.outcome) == (pytest.approx(0.001), Outcome.WORSE)
    assert wild.comparison.noise == pytest.approx(0.0236, abs=1e-3)
    assert wild.comparison.outcome is not Outcome.WORSE


def test_another_seed_is_tried_three_times_at_most_and_each_is_another_one():
    run, old = slow()
    case, known = case_of(run, old), diagnose(run, old)
    experiment = all_experiments()["other_seed"]
    drawn = {experiment.swap(case, (), n).config["train"]["seed"] for n in range(experiment.times)}
    assert len(drawn - {run.config["train"].get("seed")}) == 3
    others = [c for c in all_experiments() if c != "other_seed"]
    only = known.model_copy(update={"nothing": 0.5})
    assert next_one(case, only, [*others, "other_seed", "other_seed"])[0] == "other_seed"
    assert next_one(case, only, [*others, *["other_seed"] * 3]) is None


def test_where_the_loss_is_within_its_noise_only_other_seeds_are_tried():
    run, old = slow()
    change = {"auc": MetricValue(value=-0.01, low=-0.06, high=0.04)}
    slices = [s.model_copy(update={"difference": change}) for s in run.evaluation.slices]
    run = run.model_copy(update={"evaluation": run.evaluation.model_copy(update={"slices": slices})})
    known = diagnose(run, old).model_copy(update={"nothing": 0.5})
    assert next_one(case_of(run, old), known, [])[0] == "other_seed"
    assert next_one(case_of(run, old), known, ["other_seed"] * 3) is None


def test_proofs_are_kept_for_one_reference(tmp_path):
    run, old = slow()
    place, plain, case = Workspace(tmp_path), diagnose(run, old), case_of(run, old)
    place.run_folder(run.run_id).mkdir(parents=True)
    made = (proof(case, "other_seed", all_experiments()["other_seed"].swap(case, ()), value(0.0), 1.0, ""),)
    assert kept(place, plain) == ()
    keep(place, plain, made)
    assert kept(place, plain) == made
    assert kept(place, plain.model_copy(update={"against": "another"})) == ()
    (place.run_folder(run.run_id) / FILE).write_text("{", encoding="utf-8")
    assert kept(place, plain) == ()


def test_an_answer_is_clear_from_nine_in_ten_on():
    run, old = slow()
    plain = diagnose(run, old)
    top = plain.causes[0]
    for score, expected in ((0.89, False), (0.9, True)):
        assert (
            clear(plain.model_copy(update={"causes": (top.model_copy(update={"score": score}),), "nothing": 0.05}))
            is expected
        )


def test_a_loss_that_nothing_explains_is_not_clear():
    run, old = slow()
    plain = diagnose(run, old)
    nothing = plain.model_copy(update={"causes": (), "nothing": 1.0})
    assert nothing.comparison.outcome is Outcome.WORSE
    assert not clear(nothing)
    same = nothing.comparison.model_copy(update={"outcome": Outcome.SAME})
    assert clear(nothing.model_copy(update={"comparison": same}))

"""The whole diagnosis: the comparison, what is named, what explains what, and when nothing is."""

import inspect
import re
from pathlib import Path

import pytest

from pipeline.diagnosis.diagnose import all_causes, diagnose
from pipeline.diagnosis.interfaces import Cause
from pipeline.diagnosis.reference import reference_of
from schemas.diagnosis import NAMED, Outcome
from schemas.evidence import CrossCells, CrossScores, FeatureEvidence, MetricValue, SpanEvidence
from schemas.run_record import Pushed
from tests import factories
from tests.pipeline.diagnosis.cases import champion, found, retrain, span, training, with_settings


def best(run, reference=None, earlier=()):
    """Code of the first cause if it is named; None else."""
    causes = diagnose(run, champion() if reference is None else reference, earlier).causes
    return causes[0].code if causes and causes[0].score >= NAMED else None


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


def test_a_model_that_learned_little_is_a_symptom_of_whatever_else_was_seen():
    little = training(train=(0.5, 0.5, 0.5), val=(0.5, 0.5, 0.5))
    run = retrain(training=little, findings=[found("outliers", "warn")])
    (first,) = diagnose(run, champion()).causes
    assert (first.code, [s.code for s in first.symptoms]) == ("outliers", ["underfitting"])
    assert diagnose(retrain(training=little), champion()).causes[0].code == "underfitting"


def test_what_the_champion_had_as_well_explains_nothing():
    known = found("outliers", statistic=0.1)
    run = retrain(findings=[known.model_copy(update={"statistic": 0.11})])
    assert best(run, champion(findings=[known])) is None
    assert (
        best(retrain(findings=[known.model_copy(update={"statistic": 0.3})]), champion(findings=[known])) == "outliers"
    )


def test_a_drift_of_the_same_feature_is_a_symptom_of_its_missing_values():
    run = retrain(findings=[found("numeric_drift"), found("missing_shift"), found("domain_drift", subject="data")])
    first = diagnose(run, champion()).causes[0]
    assert first.code == "missing_values"
    assert [s.code for s in first.symptoms] == ["covariate_drift"]
    other = retrain(findings=[found("numeric_drift", subject="trip_miles"), found("missing_shift", "warn")])
    assert {c.code for c in diagnose(other, champion()).causes} == {"covariate_drift", "missing_values"}


def test_labels_come_before_features():
    run = retrain(
        findings=[found("label_shift", subject="y"), found("numeric_drift"), found("category_drift", subject="kind")]
    )
    told = diagnose(run, champion())
    assert told.causes[0].code == "label_shift"
    assert [s.code for s in told.causes[0].symptoms] == ["covariate_drift"]


def test_a_lost_class_explains_the_shift_of_the_labels():
    run = retrain(findings=[found("label_shift", subject="y")])
    run = run.model_copy(update={"data": run.data.model_copy(update={"spans": [span(8), span(9, labels={"0": 1000})]})})
    assert best(run) == "class_lost"


@pytest.mark.parametrize(("factor", "offset"), [(100.0, 0.0), (1.8, 32.0), (0.001, 0.0)])
def test_another_unit_is_told_from_a_drift(factor, offset):
    moved = span(9, [factor * q + offset for q in span(8).features["fare"].quantiles])
    run = retrain(findings=[found("numeric_drift"), found("outliers", "warn")])
    run = run.model_copy(update={"data": run.data.model_copy(update={"spans": [span(8), moved]})})
    first = diagnose(run, champion()).causes[0]
    assert first.code == "unit_change"
    assert first.evidence[0].numbers["factor"] == pytest.approx(factor, rel=1e-6)
    assert {s.code for s in first.symptoms} == {"covariate_drift", "outliers"}


@pytest.mark.parametrize(
    ("settings", "curves", "cause"),
    [
        (
            {"train__learning_rate": 0.3},
            training(val=(0.6, 0.8, 0.7, 0.9, 0.6, 0.9), train=(0.6,) * 6),
            "learning_rate_high",
        ),
        (
            {"train__learning_rate": 1e-6},
            training(
                train=[0.5 - 0.001 * i for i in range(9)], val=[0.5 - 0.002 * i for i in range(9)], stopped="epochs"
            ),
            "learning_rate_low",
        ),
        ({"train__epochs": 1}, training(train=(0.5,), val=(0.5,), stopped="epochs"), "too_few_epochs"),
        (
            {"train__model": {"name": "mlp", "params": {"hidden": [1]}}},
            training(train=(0.5, 0.48, 0.47), val=(0.5, 0.49, 0.48), parameters=100),
            "model_too_small",
        ),
        (
            {"train__model": {"name": "mlp", "params": {"hidden": [4096, 4096]}}},
            training(train=(0.3, 0.1, 0.05), val=(0.4, 0.38, 0.5), parameters=5_000_000),
            "model_too_large",
        ),
        (
            {"train__model": {"name": "wide_deep", "params": {"dropout": 0.95}}},
            training(train=(0.5, 0.49, 0.49), val=(0.5, 0.49, 0.49)),
            "regularisation",
        ),
        ({"train__batch_size": 8192}, training(train=(0.5, 0.48, 0.47), val=(0.5, 0.49, 0.48)), "batch_size"),
    ],
)
def test_a_bad_setting_is_named_and_the_remedy_undoes_it(settings, curves, cause):
    old = with_settings(
        champion(),
        train__learning_rate=0.001,
        train__epochs=50,
        train__batch_size=256,
        train__model={"name": "wide_deep", "params": {"dropout": 0.1}},
    )
    run = with_settings(
        retrain(training=curves, data_digest="old").model_copy(update={"config": old.config}), **settings
    )
    first = diagnose(run, old).causes[0]
    assert first.code == cause
    assert first.score >= NAMED
    path = next(iter(settings)).replace("__", ".")
    assert [o.split("=")[0] for o in first.remedy.overrides] == [path]


def crossed(verdict):
    """Scores of the champion and the candidate on previous and new test rows."""
    gap = MetricValue(value=-0.08, low=-0.11, high=-0.05)
    said = "The champion scores 0.08 lower on the new rows."
    return CrossScores(metric="auc", verdict=verdict, data=said, harder={"auc": gap})


@pytest.mark.parametrize(("verdict", "expected"), [("harder", "concept_drift"), ("same", None), ("easier", None)])
def test_a_champion_that_does_worse_on_new_rows_too_had_harder_data(verdict, expected):
    run = retrain()
    run = run.model_copy(update={"evaluation": run.evaluation.model_copy(update={"cross": crossed(verdict)})})
    assert best(run) == expected


def cells(low, high):
    """Both models on a set of rows, with the interval of candidate minus champion."""
    change = MetricValue(value=(low + high) / 2, low=low, high=high)
    return CrossCells(rows=300, spans=[9], labels={}, candidate={}, champion={}, difference={"auc": change})


def test_a_candidate_that_learned_the_new_rule_and_forgot_the_old_one_is_concept_drift_for_sure():
    def score(new, previous):
        run = retrain()
        cross = crossed("harder").model_copy(update={"new": cells(*new), "previous": cells(*previous)})
        run = run.model_copy(update={"evaluation": run.evaluation.model_copy(update={"cross": cross})})
        (cause,) = diagnose(run, champion()).causes
        return cause.score

    nothing, better, worse = (-0.01, 0.01), (0.02, 0.06), (-0.06, -0.02)
    assert score(better, worse) > score(better, nothing) > score(nothing, nothing)
    # Worse on both is a worse model, not another rule.
    assert score(worse, worse) == score(nothing, nothing)


@pytest.mark.parametrize(
    ("new", "loss", "expected"),
    [((-0.01, 0.01), 0.4, "label_noise"), ((0.02, 0.06), 0.4, "concept_drift"), ((-0.01, 0.01), 0.24, "concept_drift")],
)
def test_new_rows_that_no_model_can_learn_have_wrong_labels(new, loss, expected):
    run = retrain(training=training(train=(0.5, 0.45, loss), val=(0.5, 0.48, 0.45)))
    run = run.model_copy(update={"config": champion().config})
    cross = crossed("harder").model_copy(update={"new": cells(*new)})
    assert best(run.model_copy(update={"evaluation": run.evaluation.model_copy(update={"cross": cross})})) == expected


def test_a_line_through_what_missing_values_left_is_no_change_of_unit():
    moved = span(9, [1.6 * q + 2.0 for q in span(8).features["fare"].quantiles], missing=400)
    run = retrain(findings=[found("missing_by_label")])
    run = run.model_copy(update={"data": run.data.model_copy(update={"spans": [span(8), moved]})})
    assert diagnose(run, champion()).causes[0].code == "missing_by_label"


@pytest.mark.parametrize(("step", "expected"), [(0.0, "outliers"), (20.0, "covariate_drift")])
def test_values_far_out_are_the_end_of_a_drift_where_most_moved(step, expected):
    bent = [q + step + (0.1 * q if i % 2 else 0.0) for i, q in enumerate(span(8).features["fare"].quantiles)]
    run = retrain(findings=[found("outliers"), found("numeric_drift")])
    run = run.model_copy(update={"data": run.data.model_copy(update={"spans": [span(8), span(9, bent)]})})
    first = diagnose(run, champion()).causes[0]
    assert first.code == expected
    assert {s.code for s in first.symptoms} == {"outliers", "covariate_drift"} - {expected}


def on_rows(run, *spans):
    """The run with other spans in its window."""
    return run.model_copy(update={"data": run.data.model_copy(update={"spans": list(spans)})})


def test_few_values_far_out_are_no_other_unit():
    old = span(8).features["fare"].quantiles
    far = [*old[:-3], *(1000 * q for q in old[-3:])]
    run = on_rows(retrain(findings=[found("outliers")]), span(8), span(9, far))
    assert best(run) == "outliers"


def test_a_line_through_few_values_is_no_other_unit():
    old = span(8).features["fare"].quantiles
    few = span(9, [1.4 * q for q in old], labels={"0": 60, "1": 20})
    run = on_rows(retrain(findings=[found("numeric_drift", "warn")]), span(8), few)
    assert "unit_change" not in {c.code for c in diagnose(run, champion()).causes}


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"0": 150, "1": 25}, "row_count"),
        ({"0": 150, "1": 220}, "label_shift"),
    ],
)
def test_a_span_that_lost_most_rows_of_every_class_was_cut_off(labels, expected):
    codes = ("row_count", "label_shift", "numeric_drift")
    run = on_rows(retrain(findings=[found(c) for c in codes]), span(8), span(9, labels=labels))
    assert diagnose(run, champion()).causes[0].code == expected


@pytest.mark.parametrize(("kept", "expected"), [(("a", "b"), "row_count"), (("a", "b", "c", "d"), "class_lost")])
def test_a_span_that_lost_most_classes_at_once_was_cut_off(kept, expected):
    run = retrain(findings=[found("row_count"), found("label_shift", subject="y")])
    run = on_rows(run, span(8, labels=dict.fromkeys("abcde", 100)), span(9, labels=dict.fromkeys(kept, 100)))
    before = champion()
    before = on_rows(before, span(7), span(8, labels=dict.fromkeys("abcde", 100)))
    assert diagnose(run, before).causes[0].code == expected


@pytest.mark.parametrize(("severity", "expected"), [("block", "leakage"), ("warn", "leakage"), (None, "constant_fill")])
def test_a_value_that_stands_for_a_label_is_a_leak_and_no_fill(severity, expected):
    leak = [found("label_leak", severity)] if severity else []
    run = retrain(findings=[found("constant_fill"), found("numeric_drift"), *leak])
    assert best(run) == expected


@pytest.mark.parametrize(
    ("moved", "noise", "expected"),
    [
        (False, False, "concept_drift"),
        (False, True, "label_noise"),
        (True, False, "covariate_drift"),
        (True, True, "covariate_drift"),
    ],
)
def test_a_feature_that_moved_within_a_class_only_is_about_the_labels(moved, noise, expected):
    drift = found("category_drift", subject="way", observed={"label": "1", "l_infinity": 0.3})
    run = retrain(findings=[drift, *([found("label_noise", "warn", subject="label")] if noise else [])])
    before, now = {"cash": 500, "card": 500}, {"cash": 700, "card": 300} if moved else {"cash": 510, "card": 490}
    run = on_rows(run, in_categories(8, before), in_categories(9, now))
    assert best(run) == expected


def test_wrong_labels_move_shares_and_not_the_reverse():
    run = retrain(findings=[found("label_noise", "warn", subject="label"), found("label_shift", subject="y")])
    first = diagnose(run, champion()).causes[0]
    assert (first.code, [s.code for s in first.symptoms]) == ("label_noise", ["label_shift"])


@pytest.mark.parametrize(("excess", "expected"), [(0.15, "label_noise"), (0.06, "label_shift"), (0.02, "label_shift")])
def test_contradictions_that_few_rows_cannot_prove_are_a_hint(excess, expected):
    allowed = {"warn_noise_excess": 0.18, "warn_excess_here": 0.03}
    hint = found("label_noise", "ok", subject="label", observed={"excess": excess}, allowed=allowed)
    run = retrain(findings=[hint, found("label_shift", subject="y")])
    assert diagnose(run, champion()).causes[0].code == expected


@pytest.mark.parametrize(("left", "expected"), [(8, "label_shift"), (30, None)])
def test_one_class_of_many_that_became_rare_is_seen_by_itself(left, expected):
    labels = dict.fromkeys("abcdefghij", 45)
    run = on_rows(retrain(), span(8, labels=labels), span(9, labels={**labels, "c": left}))
    before = on_rows(champion(), span(7), span(8, labels=labels))
    assert best(run, before) == expected


def test_a_setting_without_a_cause_of_its_own_is_named_where_less_was_learned():
    old = with_settings(champion(), train__clip_norm=None)
    worse = training(train=(0.5, 0.48, 0.47), val=(0.5, 0.49, 0.48))
    run = retrain(training=worse).model_copy(update={"config": old.config})
    first = diagnose(with_settings(run, train__clip_norm=1e-6), old).causes[0]
    assert (first.code, first.subjects) == ("config_changed", ("train.clip_norm",))
    assert first.score >= NAMED


def test_training_that_nothing_stops_any_more_gets_the_reference_s_patience_back():
    stopping = {"monitor": "val_loss", "patience": 9, "min_delta": 0.0}
    old = with_settings(champion(), train__early_stopping=stopping)
    worse = training(train=(0.4, 0.3, 0.2, 0.1, 0.05), val=(0.4, 0.38, 0.4, 0.5, 0.7), stopped="epochs", best_epoch=5)
    run = retrain(training=worse, data_digest="old").model_copy(update={"config": old.config})
    first = diagnose(with_settings(run, train__early_stopping=None), old).causes[0]
    assert first.code == "early_stopping"
    assert first.remedy.overrides == ('train.early_stopping={"monitor": "val_loss", "patience": 9, "min_delta": 0.0}',)
    assert "overfitting" in {s.code for s in first.symptoms}


def in_categories(number, counts):
    """A span with one categorical feature `way`."""
    rows = sum(counts.values())
    way = FeatureEvidence(kind="categorical", present=rows, missing=0, values=counts)
    return SpanEvidence(
        span=number, rows=rows, labels={"train": {"0": rows // 2, "1": rows // 2}}, features={"way": way}
    )


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ({"new": 490, "card": 310, "bill": 200}, "covariate_drift"),
        ({"cash": 300, "new": 400, "card": 180, "bill": 120}, "constant_fill"),
    ],
)
def test_a_category_under_another_name_is_no_fill(now, expected):
    subject = {"subject": "way"}
    run = retrain(findings=[found("constant_fill", **subject), found("unseen_category", **subject)])
    before = in_categories(8, {"cash": 500, "card": 300, "bill": 200})
    run = run.model_copy(update={"data": run.data.model_copy(update={"spans": [before, in_categories(9, now)]})})
    assert diagnose(run, champion()).causes[0].code == expected


@pytest.mark.parametrize(("factor", "expected"), [(0.4, "label_shift"), (100.0, "unit_change")])
def test_other_shares_of_the_classes_bend_features_but_do_not_make_cents_of_dollars(factor, expected):
    moved = span(9, [factor * q for q in span(8).features["fare"].quantiles])
    run = retrain(findings=[found("label_shift", subject="y"), found("numeric_drift")])
    run = run.model_copy(update={"data": run.data.model_copy(update={"spans": [span(8), moved]})})
    assert diagnose(run, champion()).causes[0].code == expected


def test_harder_data_are_a_symptom_where_the_inputs_moved():
    run = retrain(findings=[found("numeric_drift")])
    run = run.model_copy(update={"evaluation": run.evaluation.model_copy(update={"cross": crossed("harder")})})
    first = diagnose(run, champion()).causes[0]
    assert (first.code, [s.code for s in first.symptoms]) == ("covariate_drift", ["concept_drift"])


def test_the_same_inputs_with_other_weights_are_not_deterministic():
    old = champion(digests={"weights": "a"})
    run = retrain(digests={"weights": "b"}, data_digest="old").model_copy(
        update={"config": old.config, "versions": old.versions, "seeds": old.seeds}
    )
    assert best(run, old) == "nondeterminism"
    assert best(run.model_copy(update={"digests": {"weights": "a"}}), old) is None


def test_data_that_did_not_change_are_no_cause():
    run = retrain(findings=[found("numeric_drift", "warn")], data_digest="old")
    assert best(run) is None


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

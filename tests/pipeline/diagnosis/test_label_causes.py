"""Causes in the labels: other shares, another rule, wrong ones."""

import pytest

from pipeline.diagnosis.diagnose import diagnose
from schemas.diagnosis import NAMED
from tests import factories
from tests.pipeline.diagnosis.cases import (
    best,
    cells,
    champion,
    crossed,
    found,
    in_categories,
    on_rows,
    retrain,
    span,
    training,
)


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


@pytest.mark.parametrize(("verdict", "expected"), [("harder", "concept_drift"), ("same", None), ("easier", None)])
def test_a_champion_that_does_worse_on_new_rows_too_had_harder_data(verdict, expected):
    run = retrain()
    run = run.model_copy(update={"evaluation": run.evaluation.model_copy(update={"cross": crossed(verdict)})})
    assert best(run) == expected


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


def test_however_many_features_moved_within_a_class_wrong_labels_explain_them():
    names, before = [f"way{i}" for i in range(6)], {"cash": 500, "card": 500}
    drifts = [found("category_drift", subject=n, observed={"label": "1", "l_infinity": 0.3}) for n in names]

    def spread(number):
        one = in_categories(number, before)
        return one.model_copy(update={"features": dict.fromkeys(names, one.features["way"])})

    run = on_rows(retrain(findings=[*drifts, found("label_noise", "warn", subject="label")]), spread(8), spread(9))
    assert best(run) == "label_noise"


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


def auc(value, mean, severity="warn", rows=1000, of_class=300):
    """What the check of leaks says of a feature."""
    observed = {"auc": value, "mean_auc": mean, "rows": rows, "rows_of_class": of_class}
    return found("label_leak", severity, observed=observed, statistic=value)


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ((0.966, 0.966), (0.972, 0.972), None),  # As good as ever.
        ((0.80, 0.80), (0.98, 0.98), "leakage"),
        ((0.97, 0.70), (0.985, 0.98), "leakage"),  # It told one class, and tells them all.
    ],
)
def test_a_feature_that_always_told_much_of_the_label_is_no_leak(before, now, expected):
    reference = champion(findings=[auc(*before, severity="ok")])
    assert best(retrain(findings=[auc(*now)]), reference) == expected


def test_a_few_rows_do_not_make_a_good_feature_a_leak():
    few = {"rows": 60, "of_class": 20}
    reference = champion(findings=[auc(0.93, 0.93, "ok", **few)])
    assert best(retrain(findings=[auc(0.98, 0.98, **few)]), reference) is None


def test_a_first_run_with_a_good_feature_has_no_cause():
    run = factories.pushed(findings=[auc(0.97, 0.97)], champion=None)
    assert not [c for c in diagnose(run, None).causes if c.score >= NAMED]


def test_swapped_labels_are_wrong_and_no_class_is_gone():
    run = on_rows(
        retrain(findings=[found("label_noise", "warn", subject="label")]), span(8), span(9, labels={"0": 20, "1": 980})
    )
    before = on_rows(champion(), span(7), span(8, labels={"0": 980, "1": 20}))
    assert diagnose(run, before).causes[0].code == "label_noise"


def test_among_other_classes_a_feature_tells_more_and_is_no_leak():
    reference = champion(findings=[auc(0.88, 0.7, "ok")])
    run = retrain(findings=[auc(0.98, 0.7), found("label_shift", subject="y")])
    assert best(run, reference) == "label_shift"

"""Causes in the features and the rows, and their symptoms."""

import pytest

from pipeline.diagnosis.diagnose import diagnose
from tests.pipeline.diagnosis.cases import best, champion, found, in_categories, on_rows, retrain, span


def test_a_drift_of_the_same_feature_is_a_symptom_of_its_missing_values():
    run = retrain(findings=[found("numeric_drift"), found("missing_shift"), found("domain_drift", subject="data")])
    first = diagnose(run, champion()).causes[0]
    assert first.code == "missing_values"
    assert [s.code for s in first.symptoms] == ["covariate_drift"]
    other = retrain(findings=[found("numeric_drift", subject="trip_miles"), found("missing_shift", "warn")])
    assert {c.code for c in diagnose(other, champion()).causes} == {"covariate_drift", "missing_values"}


@pytest.mark.parametrize(("factor", "offset"), [(100.0, 0.0), (1.8, 32.0), (0.001, 0.0)])
def test_another_unit_is_told_from_a_drift(factor, offset):
    moved = span(9, [factor * q + offset for q in span(8).features["fare"].quantiles])
    run = retrain(findings=[found("numeric_drift"), found("outliers", "warn")])
    run = run.model_copy(update={"data": run.data.model_copy(update={"spans": [span(8), moved]})})
    first = diagnose(run, champion()).causes[0]
    assert first.code == "unit_change"
    assert first.evidence[0].numbers["factor"] == pytest.approx(factor, rel=1e-6)
    assert {s.code for s in first.symptoms} == {"covariate_drift", "outliers"}


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


def test_few_values_far_out_are_no_other_unit():
    old = span(8).features["fare"].quantiles
    far = [*old[:-3], *(1000 * q for q in old[-3:])]
    run = on_rows(retrain(findings=[found("outliers")]), span(8), span(9, far))
    assert best(run) == "outliers"


def test_a_frequent_value_in_another_unit_is_no_fill():
    old = [0.0] * 5 + [1.0 + 0.5 * i for i in range(12)]
    run = retrain(findings=[found("constant_fill"), found("numeric_drift")])
    run = on_rows(run, span(8, old), span(9, [1.8 * q + 32 for q in old]))
    first = diagnose(run, champion()).causes[0]
    assert (first.code, {s.code for s in first.symptoms}) == ("unit_change", {"constant_fill", "covariate_drift"})


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ([-9.0] * 5 + [1.3 + 0.5 * i * i for i in range(12)], "covariate_drift"),
        ([-9.0] * 9 + [1.3 + 0.5 * i * i for i in range(8)], "constant_fill"),
    ],
)
def test_a_frequent_number_that_is_written_otherwise_is_no_fill(now, expected):
    old = [0.0] * 5 + [1.0 + 0.5 * i for i in range(12)]
    run = on_rows(retrain(findings=[found("constant_fill"), found("numeric_drift")]), span(8, old), span(9, now))
    assert best(run) == expected


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
    other_type = [found("schema_int_type_int_expected")] if severity else []
    run = retrain(findings=[found("constant_fill"), found("numeric_drift"), *other_type, *leak])
    assert best(run) == expected


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


def test_data_that_did_not_change_are_no_cause():
    run = retrain(findings=[found("numeric_drift", "warn")], data_digest="old")
    assert best(run) is None

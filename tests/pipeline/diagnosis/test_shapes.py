"""Causes by what became of a distribution: rounded, cut off, mirrored, spread, exchanged with another; and how features go together."""

import pytest

from pipeline.diagnosis.causes._spans import distance
from pipeline.diagnosis.diagnose import diagnose
from schemas.evidence import QUANTILES, FeatureEvidence, SpanEvidence
from tests.pipeline.diagnosis.cases import QUANTILES as OLD
from tests.pipeline.diagnosis.cases import best, champion, found, in_categories, on_rows, retrain, span


def first_of(quantiles, *codes, old=OLD):
    run = retrain(findings=[found(c) for c in codes])
    return diagnose(on_rows(run, span(8, old), span(9, quantiles)), champion()).causes[0]


def test_rounded_values_are_no_fill():
    steps = [5.0 * (q // 5.0) for q in OLD]
    first = first_of(steps, "constant_fill", "numeric_drift")
    assert (first.code, first.title) == ("covariate_drift", "values of fare are rounded to a few steps")


def test_a_long_tail_does_not_hide_that_values_are_rounded():
    old = [*OLD[:-1], 400.0]
    first = first_of([*(5.0 * (q // 5.0) for q in OLD[:-1]), 95.0], "constant_fill", "numeric_drift", old=old)
    assert first.code == "covariate_drift"


def test_a_fill_takes_values_from_everywhere():
    filled = [0.0] * 8 + [OLD[2 * i] for i in range(9)]
    assert first_of(filled, "constant_fill", "numeric_drift").code == "constant_fill"


@pytest.mark.parametrize("top", [True, False])
def test_a_sensor_at_its_limit_is_no_fill(top):
    cut = [min(q, 8.0) for q in OLD] if top else [max(q, 4.0) for q in OLD]
    first = first_of(cut, "constant_fill", "numeric_drift")
    assert (first.code, first.title) == ("covariate_drift", f"values of fare are cut off at {8 if top else 4}")


def test_a_fill_with_the_largest_value_is_one():
    filled = [*OLD[:8:2], *OLD[8:12], *[OLD[12]] * 9]
    assert first_of(filled, "constant_fill", "numeric_drift").code == "constant_fill"


def test_the_other_sign_is_another_unit():
    first = first_of([-q for q in reversed(OLD)], "numeric_drift", "outliers", "constant_fill")
    assert (first.code, first.evidence[0].numbers["factor"]) == ("unit_change", -1.0)


@pytest.mark.parametrize(("factor", "expected"), [(3.0, "covariate_drift"), (10.0, "covariate_drift")])
def test_noise_around_the_same_middle_is_no_other_unit(factor, expected):
    middle = OLD[QUANTILES.index(0.5)]
    assert first_of([middle + factor * (q - middle) for q in OLD], "numeric_drift").code == expected


@pytest.mark.parametrize(("factor", "expected"), [(100.0, "unit_change"), (3.28, "covariate_drift")])
def test_of_values_around_0_only_a_power_of_ten_is_a_unit(factor, expected):
    old = [q - OLD[QUANTILES.index(0.5)] for q in OLD]
    assert first_of([factor * q for q in old], "numeric_drift", old=old).code == expected


def test_a_factor_of_a_scale_with_another_zero_needs_its_offset():
    old = [20.0 + q for q in OLD]
    runs = [
        on_rows(retrain(), span(8, old), span(9, now))
        for now in ([(q - 32) / 1.8 for q in old], [q / 1.8 + 3 for q in old])
    ]
    known, other = (diagnose(r, champion()).causes[0].score for r in runs)
    assert known > 0.95 > 0.9 > other


def two(number, fare, tip, gaps=(0, 0), rows=1000):
    """A span with two numbers."""
    features = {
        n: FeatureEvidence(kind="numeric", present=rows - g, missing=g, quantiles=list(q))
        for n, q, g in (("fare", fare, gaps[0]), ("tip", tip, gaps[1]))
    }
    return SpanEvidence(span=number, rows=rows, labels={"train": {"0": 700, "1": 300}}, features=features)


def mixed(a, b, share):
    """Quantiles of a mixture, by a large sample of both."""
    import numpy as np

    grid = np.linspace(0, 1, 2001)
    one, two = (np.interp(grid, QUANTILES, q) for q in (a, b))
    values, weights = np.concatenate([one, two]), np.repeat([1 - share, share], len(grid))
    order = np.argsort(values)
    return np.interp(QUANTILES, np.cumsum(weights[order]) / weights.sum(), values[order]).tolist()


@pytest.mark.parametrize("share", [0.4, 1.0])
def test_two_columns_that_changed_places_have_another_form(share):
    tip = [300.0 + 7.0 * q * q for q in OLD]
    fare_now, tip_now = (mixed(OLD, tip, share), mixed(tip, OLD, share)) if share < 1 else (tip, OLD)
    seen = [found("numeric_drift", subject=s) for s in ("fare", "tip")]
    seen += [found("missing_shift"), found("outliers")]
    run = on_rows(
        retrain(findings=seen), two(8, OLD, tip, (0, 100)), two(9, fare_now, tip_now, (100 * share, 100 - 100 * share))
    )
    first = diagnose(run, champion()).causes[0]
    assert (first.code, set(first.subjects)) == ("schema_change", {"fare", "tip"})
    assert first.evidence[0].numbers["share"] == pytest.approx(share, abs=0.08)
    assert {"covariate_drift", "missing_values", "outliers"} <= {s.code for s in first.symptoms}


def test_two_columns_that_both_moved_did_not_change_places():
    tip = [300.0 + 7.0 * q * q for q in OLD]
    moved = two(9, [q + 9.0 for q in OLD], [q - 200.0 for q in tip])
    seen = [found("numeric_drift", subject=s) for s in ("fare", "tip")]
    assert best(on_rows(retrain(findings=seen), two(8, OLD, tip), moved)) == "covariate_drift"


@pytest.mark.parametrize(
    ("features", "others", "expected"),
    [
        ("fare, y", (), "concept_drift"),
        ("fare, tip", (), "covariate_drift"),
        ("fare, y", ("numeric_drift",), "covariate_drift"),
    ],
)
def test_a_label_that_no_longer_goes_with_the_features(features, others, expected):
    seen = [found("domain_drift", subject="data", observed={"features": features}), *(found(c) for c in others)]
    assert diagnose(retrain(findings=seen), champion()).causes[0].code == expected


@pytest.mark.parametrize(("observed", "expected"), [({"label": "0"}, "covariate_drift"), ({}, "label_shift")])
def test_rows_chosen_by_a_feature_have_other_shares_of_the_labels(observed, expected):
    seen = [found("numeric_drift", observed=observed), found("label_shift", subject="y")]
    run = on_rows(retrain(findings=seen), span(8), span(9, [q + 6.0 for q in OLD], {"0": 300, "1": 200}))
    assert diagnose(run, champion()).causes[0].code == expected


@pytest.mark.parametrize(
    ("share", "of_all", "expected"),
    [(1.0, 0.3, "covariate_drift"), (0.5, 0.3, "constant_fill"), (1.0, 0.95, "constant_fill")],
)
def test_a_category_of_one_class_only_is_no_fill(share, of_all, expected):
    observed = {"label": "1", "label_share": share, "label_share_of_all": of_all}
    seen = [found("constant_fill", subject="way", observed=observed), found("category_drift", subject="way")]
    now = {"cash": 420, "card": 230, "bill": 150, "site B": 200}
    run = on_rows(
        retrain(findings=seen), in_categories(8, {"cash": 500, "card": 300, "bill": 200}), in_categories(9, now)
    )
    assert best(run) == expected


@pytest.mark.parametrize(
    ("drifts", "expected"),
    [
        (("image.colour of class 'a'", "image.colour of class 'b'"), "concept_drift"),
        (("image.colour", "image.colour of class 'a'", "image.colour of class 'b'"), "covariate_drift"),
        (("image.colour of class 'a'",), "turned_images"),
        ((), "turned_images"),
    ],
)
def test_pictures_that_changed_classes_are_not_turned(drifts, expected):
    seen = [found("image_drift", subject=s) for s in drifts]
    seen += [found("image_orientation", subject=f"image of class '{c}'") for c in "ab"]
    assert best(retrain(findings=seen)) == expected


@pytest.mark.parametrize(
    ("drifts", "turns", "expected"),
    [
        ((), (90, 20), "turned_images"),
        (("image.shape",), (90, 88), "turned_images"),  # Portrait for landscape.
        (("image.shape", "image.size"), (90, 20), "covariate_drift"),
        (("image.brightness",), (20, 25), "turned_images"),  # Corners filled with black.
        (("image.brightness",), (None, None), "covariate_drift"),
        (("image.sharpness of class 'b'",), (None, 30), "turned_images"),
        (("image.colour of class 'b'",), (None, 6), "turned_images"),  # Those of class a are, at least.
        (("image.colour of class 'a'",), (None, 90), "turned_images"),
    ],
)
def test_pictures_that_changed_in_what_a_turn_keeps_are_not_turned(drifts, turns, expected):
    seen = [found("image_drift", subject=s) for s in drifts]
    seen += [
        found("image_orientation", subject=f"image of class '{c}'", observed={"turned_degrees": t} if t else {})
        for c, t in zip("ab", turns, strict=True)
    ]
    assert diagnose(retrain(findings=seen), champion()).causes[0].code == expected


@pytest.mark.parametrize(("gaps", "expected"), [((350, 350), "missing_values"), ((350, 0), "label_noise")])
def test_rows_without_any_feature_are_alike_and_contradict_each_other(gaps, expected):
    seen = [found("missing_shift"), found("conflicting_labels", subject="rows"), found("duplicates", subject="rows")]
    run = on_rows(retrain(findings=seen), two(8, OLD, OLD), two(9, OLD, OLD, gaps))
    assert diagnose(run, champion()).causes[0].code == expected


def test_counts_whose_steps_end_between_two_quantiles_did_not_move():
    then = [0.0] * 8 + [1.0, 1.0, 2.0, 2.0, 3.0, 4.0, 5.0, 9.0, 12.0]
    now = [0.0] * 7 + [1.0, 1.0, 1.0, 2.0, 3.0, 3.0, 4.0, 6.0, 9.0, 14.0]
    assert distance(then, now) < 0.03
    assert distance(OLD, [q + 1.0 for q in OLD]) > 0.1
    assert distance(then, [v + 2.0 for v in now]) > 0.3

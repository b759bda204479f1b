import dataclasses

import numpy as np
import pytest

from components.checks.constant_fill import Block, ConstantFill, Warn
from tests.components.evidence import BLOCK, OK, WARN, context, drift_context, drift_sample, sample_of, span, worst


def filled(values, share, value):
    """The first values become one value."""
    out = np.array(values, dtype=object if isinstance(value, str) else None)
    out[: round(share * len(out))] = value
    return out


def numbers(seed, rows=2000):
    return np.round(np.random.default_rng(seed).uniform(3, 90, rows), 2)


def one(now, then, labels=None, rows_before=None, **params):
    kind = "categorical" if isinstance(now[0], str) else "numeric"
    sides = [sample_of(["0"] * len(v), **{kind: {"fare": v}}) for v in (now, then)]
    (found,) = ConstantFill(**params).check(drift_context(*sides))
    return found


@pytest.mark.parametrize(
    ("value", "share", "severity"),
    [
        *[(50.0, 0.01, OK), (50.0, 0.02, OK), (50.0, 0.0205, WARN), (50.0, 0.05, WARN), (50.0, 0.0505, BLOCK)],
        *[(0.0, 0.005, OK), (0.0, 0.0195, WARN), (0.0, 0.0205, BLOCK), (-999.0, 0.0205, BLOCK), (1e6, 0.03, BLOCK)],
        *[(46.51234, 0.2, BLOCK), (0.0, 0.2, BLOCK), (-999.0, 0.2, BLOCK), (np.inf, 0.2, BLOCK)],
    ],
)
def test_below_on_and_above_the_limits(value, share, severity):
    assert one(filled(numbers(1), share, value), numbers(0)).severity is severity


def test_a_value_that_was_frequent_counts_by_its_increase():
    then = filled(numbers(0), 0.2, 0.0)
    assert one(filled(numbers(1), 0.21, 0.0), then).severity is OK
    assert one(filled(numbers(1), 0.36, 0.0), then).severity is BLOCK
    assert one(filled(numbers(1), 0.05, 0.0), then).severity is OK


def test_chance_does_not_flag():
    assert one(filled(numbers(1, 100), 0.05, 50.0), numbers(0, 100)).severity is OK
    assert one(filled(numbers(1, 100), 0.3, 50.0), numbers(0, 100)).severity is BLOCK


def test_message_rows_and_remedy():
    found = one(filled(numbers(1), 0.1, -999.0), numbers(0))
    assert found.message == (
        "fare: 10.0 % of values in span 9 are -999 (200 of 2000), a value outside the range of span 8; the limit is 2.0 %."
    )
    assert found.rows[:2] == ("span-9/a.csv row 1", "span-9/a.csv row 2")
    assert len(found.rows) == 10
    assert "--accept constant_fill" in found.remedy
    assert found.statistic == pytest.approx(0.1)
    found = one(filled(numbers(1), 0.1, 50.0), numbers(0))
    assert found.message.startswith(
        "fare: 10.0 % of values in span 9 are 50 (200 of 2000), 0.0 % in span 8; the limit is +5"
    )
    assert "the largest increase in span 9 is" in one(numbers(1), numbers(0)).message


def test_scales_and_counters_are_no_fill():
    random = np.random.default_rng(2)
    dummy = [(random.random(2000) < p).astype(float) for p in (0.4, 0.6)]
    assert one(*dummy).severity is OK  # A shift of a scale is drift.
    months = [random.integers(low, low + 3, 2000).astype(float) for low in (1, 4, 7)]
    assert one(months[1], months[0]).severity is OK
    assert one(months[0], months[1]).severity is OK
    assert one(months[1], np.concatenate([months[0], months[2]])).severity is OK
    assert one(np.full(500, 2016.0), np.full(500, 2015.0)).severity is OK
    assert one(np.full(500, 10.0), np.concatenate([months[2], months[1]])).severity is OK
    assert one(filled(months[1], 0.03, -999.0), months[0]).severity is BLOCK
    assert one(np.full(500, -999.0), months[0]).severity is BLOCK


def test_another_unit_of_all_values_is_no_fill():
    prices = np.random.default_rng(3).integers(10, 40, 3000) / 4
    assert one(prices * 1.609, np.random.default_rng(4).integers(10, 40, 3000) / 4).severity is OK


def names(seed, rows=2000):
    return np.random.default_rng(seed).choice(
        np.array(["cash", "card", "app", "Unknown"], object), rows, p=[0.5, 0.3, 0.19, 0.01]
    )


@pytest.mark.parametrize(
    ("value", "share", "severity"),
    [
        *[("n/a", 0.005, OK), ("n/a", 0.0195, WARN), ("n/a", 0.021, BLOCK), ("", 0.2, BLOCK), ("-", 0.2, BLOCK)],
        *[("Unknown", 0.01, OK), ("Unknown", 0.035, WARN), ("Unknown", 0.2, BLOCK)],
        *[("voucher", 0.01, OK), ("voucher", 0.04, WARN), ("voucher", 0.2, BLOCK), ("cash", 0.2, OK)],
    ],
)
def test_categories(value, share, severity):
    assert one(filled(names(1), share, value), names(0)).severity is severity


def test_codes_among_numbers_that_are_names():
    codes = np.array([str(i) for i in range(30)], object)
    now, then = (np.random.default_rng(s).choice(codes, 2000) for s in (0, 1))
    assert one(filled(now, 0.03, "-999"), then).severity is BLOCK
    assert one(filled(now, 0.03, "7"), then).severity is OK


def test_many_new_categories_are_not_one():
    now = filled(names(1), 0.1, "new")
    now[:100] = [f"new {i}" for i in range(100)]
    assert one(now, names(0)).severity is OK


def test_a_shift_of_the_labels_alone_is_no_fill():
    def side(seed, positives):
        random = np.random.default_rng(seed)
        label = random.random(6000) < positives
        idle = random.random(6000) < np.where(label, 0.5, 0.05)
        values = {"idle": np.where(idle, 0.0, np.round(random.uniform(1, 50, 6000), 2))}
        words = {"reason": np.where(idle, "none", random.choice(["a", "b", "c"], 6000)).astype(object)}
        return sample_of(np.where(label, "1", "0"), values, words)

    for positives in (0.05, 0.2, 0.5):
        assert worst(ConstantFill().check(drift_context(side(1, positives), side(0, 0.3)))) is OK
    both = {"now": side(1, 0.5), "then": side(0, 0.3)}
    both["now"].numeric["idle"][:1200] = 0.0
    assert worst(ConstantFill().check(drift_context(**both))) is BLOCK


def test_levels_can_be_turned_off():
    now, then = filled(numbers(1), 0.2, 50.0), numbers(0)
    assert one(now, then, block=Block(share=None)).severity is WARN
    assert one(now, then, block=Block(share=None), warn=Warn(share=None)).severity is OK
    far = filled(numbers(1), 0.2, -999.0)
    assert one(far, then, block=Block(new=None)).severity is WARN
    assert one(far, then, block=Block(new=None), warn=Warn(new=None)).severity is OK


def test_eight_spans_make_the_limit_their_own():
    sides = [sample_of(["0"] * 2000, {"fare": v}) for v in (filled(numbers(1), 0.04, 50.0), numbers(0))]
    seen = dataclasses.replace(drift_context(*sides), history={"constant_fill": {"fare": [0.04, 0.05] * 4}})
    assert worst(ConstantFill().check(drift_context(*sides))) is WARN
    assert worst(ConstantFill().check(seen)) is OK


def test_nothing_to_compare():
    empty = sample_of([], {"fare": []})
    gone, there = sample_of(["0"] * 5, {"fare": [np.nan] * 5}), sample_of(["0"] * 5, {"fare": [1.0] * 5})
    cases = [context(span(9)), drift_context(None, there), drift_context(empty, there), drift_context(there, empty)]
    for seen in [
        *cases,
        drift_context(gone, there),
        drift_context(there, gone),
        drift_context(there, sample_of(["0"])),
    ]:
        (found,) = ConstantFill().check(seen)
        assert found.severity is OK
        assert "nothing to compare" in found.message
    assert worst(ConstantFill().check(drift_context(there, there))) is OK


@pytest.mark.parametrize(("rows", "before"), [(50, 50), (200, 1000), (2000, 200), (5000, 5000)])
def test_clean_resamples_pass(rows, before):
    found = [
        worst(ConstantFill().check(drift_context(drift_sample(i, rows), drift_sample(1000 + i, before))))
        for i in range(20)
    ]
    assert found.count(BLOCK) == 0
    assert found.count(WARN) <= 1


def test_the_finding_names_the_label_that_most_of_the_rows_have():
    labels = ["1"] * 300 + ["0"] * 700
    now = sample_of(labels, categorical={"way": ["site B"] * 240 + ["cash"] * 400 + ["card"] * 360})
    then = sample_of(labels, categorical={"way": ["cash"] * 500 + ["card"] * 500})
    (found,) = ConstantFill().check(drift_context(now, then))
    assert found.severity is BLOCK
    assert {n: found.observed[n] for n in ("label", "label_share", "label_share_of_all")} == {
        "label": "1",
        "label_share": 1.0,
        "label_share_of_all": pytest.approx(0.3),
    }

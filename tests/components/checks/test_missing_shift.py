import numpy as np
import pytest

from components.checks.missing_shift import Block, MissingShift, Warn
from tests.components.evidence import BLOCK, OK, WARN, context, feature, span, worst


def check(before, after, rows=10_000, rows_before=None, **params):
    then = span(8, features={"fare": feature(before, rows_before or rows)})
    now = span(9, features={"fare": feature(after, rows)})
    return MissingShift(**params).check(context(now, then))[0]


@pytest.mark.parametrize(
    ("before", "after", "severity"),
    [
        (3000, 3490, WARN),  # +4.9 points, h 0.106
        (3000, 3500, WARN),  # on the bound of 5 points
        (3000, 3501, BLOCK),
        (3000, 3400, OK),  # +4 points, but h 0.086: both are needed to warn
        (300, 470, OK),  # h 0.089
        (300, 499, WARN),  # +1.99 points, h 0.1024
        (10, 105, OK),  # h 0.142, but below one point
        (100, 550, BLOCK),  # 4.5 points, but h 0.27
        (500, 500, OK),
    ],
)
def test_below_on_and_above_the_bounds(before, after, severity):
    assert check(before, after).severity is severity


@pytest.mark.parametrize(("before", "after", "severity"), [(3500, 3000, OK), (3501, 3000, WARN), (4000, 0, WARN)])
def test_a_decrease_never_blocks(before, after, severity):
    assert check(before, after).severity is severity


def test_chance_does_not_flag():
    assert check(10, 13, rows=50).severity is OK  # +6 points of 50 rows
    assert check(0, 40, rows=100).severity is BLOCK


def test_message_of_a_broken_feature():
    found = check(0, 4010)
    assert found.message == ("fare: 40.1 % of rows in span 9 have no value, 0.0 % in span 8; the limit is +5 points.")
    assert "--accept missing_shift" in found.remedy
    assert found.observed["points"] == pytest.approx(40.1)
    assert found.observed["missing"] == 4010
    assert found.span == 9


def test_more_features_need_more_evidence():
    def worst_of(features):
        then = span(8, features={f"f{i}": feature(60, 200) for i in range(features)})
        now = span(9, features={f"f{i}": feature(97 if i == 0 else 60, 200) for i in range(features)})
        return worst(MissingShift().check(context(now, then)))

    assert worst_of(1) is WARN  # p = 0.00015: below 1 in 2000, not below 1 in 20,000
    assert worst_of(20) is OK


def test_levels_can_be_turned_off():
    off = Block(points=None, h=None)
    assert check(0, 5000, block=off).severity is WARN
    assert check(0, 5000, block=off, warn=Warn(points=None, h=None)).severity is OK


def test_nothing_to_compare():
    now = span(9, features={"fare": feature(1, 10)})
    for reference in (None, span(8), span(8, features={"fare": feature(0, 0)})):
        (found,) = MissingShift().check(context(now, reference))
        assert (found.severity, found.subject) == (OK, "data")
        assert "nothing to compare with yet" in found.message


def test_pooled_reference_is_named():
    then = span(-1, features={"fare": feature(0, 100)})
    assert (
        "0.0 % in the earlier spans" in MissingShift().check(context(span(2, features=then.features), then))[0].message
    )


@pytest.mark.parametrize("rows", [200, 1000, 5000, 15_000])
def test_clean_resamples_pass(rows):
    random, shares = np.random.default_rng(rows), np.linspace(0.001, 0.5, 15)
    found = []
    for _ in range(50):
        spans = [{f"f{i}": feature(int(random.binomial(rows, p)), rows) for i, p in enumerate(shares)} for _ in "ab"]
        found.append(worst(MissingShift().check(context(span(9, features=spans[0]), span(8, features=spans[1])))))
    assert found.count(BLOCK) == 0
    assert found.count(WARN) <= 2

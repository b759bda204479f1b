import numpy as np
import pytest

from components.checks.all_missing import AllMissing, Block, Warn
from tests.components.evidence import BLOCK, OK, WARN, context, feature, span, worst


def check(present, rows=1000, before=None, **params):
    """`before`: (present, rows) of the reference."""
    then = span(8, features={"fare": feature(before[1] - before[0], before[1])}) if before else None
    return AllMissing(**params).check(context(span(9, rows, features={"fare": feature(rows - present, rows)}), then))[0]


@pytest.mark.parametrize(
    ("present", "before", "severity"),
    [
        *[(0, None, WARN), (1, None, OK), (1000, None, OK)],
        *[(0, (900, 1000), BLOCK), (0, (1000, 1000), BLOCK), (1, (900, 1000), OK)],
        *[(0, (0, 1000), WARN), (0, (0, 0), WARN), (5, (0, 1000), OK)],
    ],
)
def test_none_one_and_all(present, before, severity):
    assert check(present, before=before).severity is severity


@pytest.mark.parametrize(("had", "severity"), [(1, OK), (10, OK), (12, WARN), (14, WARN), (15, BLOCK)])
def test_a_handful_may_be_left_out_by_chance(had, severity):
    # Chances are 0.5**had; 1 in 2000 and 1 in 20,000.
    assert check(0, before=(had, 1000)).severity is severity


def test_message_and_remedy():
    found = check(0, before=(990, 1000))
    assert found.message == "fare: none of 1000 rows in span 9 has a value, 990 of 1000 in span 8."
    assert "--accept all_missing" in found.remedy
    assert "data.exclude" in check(0).remedy
    assert check(7).message == "fare: 7 of 1000 rows in span 9 have a value."


def test_levels_can_be_turned_off_and_moved():
    assert check(0, before=(900, 1000), block=Block(present=None)).severity is WARN
    assert check(0, before=(900, 1000), block=Block(present=None), warn=Warn(present=None)).severity is OK
    assert check(3, block=Block(present=3), before=(900, 1000)).severity is BLOCK


def test_no_rows():
    for features in ({}, {"fare": feature(0, 0)}):
        (found,) = AllMissing().check(context(span(9, 0, features=features)))
        assert (found.severity, found.subject) == (OK, "data")


@pytest.mark.parametrize("rows", [50, 200, 1000])
def test_clean_resamples_pass(rows):
    random, found = np.random.default_rng(rows), []
    for _ in range(50):
        sides = [{f"f{i}": feature(rows - int(random.binomial(rows, 0.01)), rows) for i in range(10)} for _ in "ab"]
        # A column that is empty now and never had more than a handful.
        sides = [{n: f for n, f in s.items() if f.present or n in sides[0]} for s in sides]
        found.append(
            worst(AllMissing().check(context(*(span(n, rows, features=s) for n, s in zip((9, 8), sides, strict=True)))))
        )
    assert found.count(BLOCK) == 0

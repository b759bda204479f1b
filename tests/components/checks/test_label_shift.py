import numpy as np
import pytest

from components.checks.label_shift import Block, LabelShift, Warn
from tests.components.evidence import BLOCK, OK, WARN, context, span, worst


def check(then, now, **params):
    return LabelShift(**params).check(context(span(9, labels=now), span(8, labels=then)))


@pytest.mark.parametrize(
    ("now", "severity"),
    [(3000, OK), (3499, OK), (3500, OK), (3501, WARN), (4000, WARN), (4001, BLOCK), (2000, WARN), (500, BLOCK)],
)
def test_bounds_of_l_infinity(now, severity):
    (found,) = check({"0": 7000, "1": 3000}, {"0": 10_000 - now, "1": now})
    assert found.severity is severity


def test_bounds_of_v():
    # 5 % to 10 %: five points are on the bound, and V is 0.095; 1 % to 5 %: V 0.117 although only four points.
    assert check({"0": 9500, "1": 500}, {"0": 9000, "1": 1000})[0].severity is OK
    (found,) = check({"0": 9900, "1": 100}, {"0": 9500, "1": 500})
    assert found.severity is WARN
    assert found.observed["v"] == pytest.approx(0.1173, abs=1e-4)
    assert check({"0": 9900, "1": 100}, {"0": 9500, "1": 500}, block=Block(v=0.11))[0].severity is BLOCK
    assert check({"0": 9900, "1": 100}, {"0": 9500, "1": 500}, warn=Warn(v=None))[0].severity is OK


@pytest.mark.parametrize("times", [1, 3, 20])
def test_v_does_not_depend_on_how_many_rows_the_reference_has(times):
    # 1 % to 5 %: V 0.117 of equally many rows; of 20 times as many before, it would be 0.058.
    (found,) = check({"0": 9900 * times, "1": 100 * times}, {"0": 9500, "1": 500})
    assert found.severity is WARN
    assert found.observed["v"] == pytest.approx(0.1173, abs=1e-4)


@pytest.mark.parametrize("rows", [200, 1000])
def test_clean_resamples_pass_beside_a_large_reference(rows):
    random, found = np.random.default_rng(rows), []
    for _ in range(50):
        then, now = (
            {str(c): int(n) for c, n in enumerate(random.multinomial(n, (0.7, 0.25, 0.03, 0.01, 0.01)))}
            for n in (20_000, rows)
        )
        found.append(worst(check(then, now)))
    assert found.count(BLOCK) == 0
    assert found.count(WARN) <= 2


def test_chance_does_not_flag():
    assert check({"0": 35, "1": 15}, {"0": 28, "1": 22})[0].severity is OK  # 14 points of 50 rows


def test_lost_and_new_classes_block():
    found = check({"0": 800, "1": 150, "2": 50}, {"0": 800, "1": 150, "3": 50})
    by_subject = {f.subject: f for f in found}
    assert by_subject["big_tipper=2"].severity is BLOCK
    assert by_subject["big_tipper=2"].message == (
        "big_tipper: the class '2' has 50 of 1000 rows in span 8 and none of 1000 in span 9; classes must not come or go."
    )
    assert "in span 9 and none of 1000 in span 8" in by_subject["big_tipper=3"].message


@pytest.mark.parametrize(("rows", "severity"), [(3, OK), (12, OK), (13, WARN), (15, WARN), (16, BLOCK)])
def test_a_handful_of_rows_may_be_lost_by_chance(rows, severity):
    # Chances are about 0.5**rows; 1 in 2000 and 1 in 20,000 are shared by three classes.
    assert worst(check({"0": 500, "1": 500, "2": rows}, {"0": 500, "1": 500 + rows})) is severity


def test_message():
    (found,) = check({"0": 700, "1": 300}, {"0": 950, "1": 50})
    assert found.message == (
        "big_tipper: 95.0 % of rows in span 9 are '0' (950 of 1000), 70.0 % in span 8 (700 of 1000); "
        "V is 0.329 and the limits are V 0.15 and 10 points."
    )


@pytest.mark.parametrize(("then", "now"), [(None, {"0": 1}), ({}, {"0": 1}), ({"0": 1}, {})])
def test_nothing_to_compare(then, now):
    reference = None if then is None else span(8, labels=then)
    (found,) = LabelShift().check(context(span(9, labels=now), reference))
    assert (found.severity, found.subject) == (OK, "data")


@pytest.mark.parametrize("rows", [200, 1000, 5000, 15_000])
@pytest.mark.parametrize("shares", [(0.775, 0.225), (0.1,) * 10, (0.9, 0.0985, 0.001, 0.0005)])
def test_clean_resamples_pass(rows, shares):
    random, found = np.random.default_rng(rows), []
    for _ in range(50):
        then, now = ({str(c): int(n) for c, n in enumerate(random.multinomial(rows, shares))} for _ in "ab")
        found.append(worst(check(then, now)))
    assert found.count(BLOCK) == 0
    assert found.count(WARN) <= 2


@pytest.mark.parametrize(("left", "severity"), [(45, OK), (25, OK), (9, WARN), (3, WARN)])
def test_one_class_of_ten_that_became_rare(left, severity):
    then = dict.fromkeys("0123456789", 45)
    found = worst(check(then, then | {"3": left}))
    assert found is severity
    if severity is WARN:
        assert check(then, then | {"3": left})[0].observed["class"] == "3"


@pytest.mark.parametrize("shares", [(0.1,) * 10, (0.4, 0.3, 0.1, 0.05, 0.05, 0.05, 0.05)])
def test_clean_resamples_of_many_classes_pass(shares):
    random, found = np.random.default_rng(len(shares)), []
    for rows in (100, 400, 1500) * 100:
        then, now = ({str(c): int(n) for c, n in enumerate(random.multinomial(rows, shares))} for _ in range(2))
        found.append(check(then, now)[0].severity)
    assert found.count(BLOCK) == 0
    assert found.count(WARN) <= 1  # One in 2,000.

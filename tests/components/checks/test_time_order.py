import dataclasses

import numpy as np
import pytest

from components.checks.time_order import Block, TimeOrder, Warn
from tests.components.evidence import BLOCK, OK, WARN, context, row_context, row_keys, span

BEFORE = row_keys(8, range(2000), time=range(2000))
NEWEST = 1997  # 99.9 % of the way


def now(older, rows=1000, missing=0):
    times = [*[0.0] * older, *[NEWEST] * (rows - older - missing), *[np.nan] * missing]
    return row_keys(9, range(10_000, 10_000 + rows), time=times)


def check(seen, **params):
    (found,) = TimeOrder(**params).check(seen)
    return found


@pytest.mark.parametrize(
    ("older", "severity"), [(0, OK), (10, OK), (11, WARN), (500, WARN), (501, BLOCK), (1000, BLOCK)]
)
def test_below_on_and_above_the_limits(older, severity):
    assert check(row_context(now(older), BEFORE, time="start")).severity is severity


def test_message_and_rows():
    found = check(row_context(now(600), BEFORE, time="start", rows_named=1))
    assert found.message == (
        "start: 60.0 % of rows in span 9 (600 of 1000) are older than the newest of the spans before; the limit is 50.0 %."
    )
    assert found.rows == ("span-9/rows.csv row 1",)
    assert (found.subject, found.statistic) == ("start", 0.6)


def test_rows_without_a_time_do_not_count():
    assert check(row_context(now(5, 1000, 990), BEFORE, time="start")).observed["share"] == 0.5


def test_one_broken_time_makes_nothing_old():
    broken = row_keys(8, range(2000), time=[*range(1999), 1e12])
    assert check(row_context(now(0), broken, time="start")).severity is OK


def test_where_rows_always_come_late_that_is_usual():
    seen = row_context(now(100), BEFORE, time="start")
    usual = {"time_order": {"start": [0.08, 0.1, 0.09, 0.11, 0.1, 0.1, 0.08, 0.12]}}
    assert check(seen).severity is WARN
    assert check(dataclasses.replace(seen, history=usual)).severity is OK
    never = {"time_order": {"start": [0.0] * 8}}
    assert check(dataclasses.replace(row_context(now(9), BEFORE, time="start"), history=never)).severity is OK


def test_levels_can_be_turned_off():
    seen = row_context(now(1000), BEFORE, time="start")
    assert check(seen, block=Block(share=None)).severity is WARN
    assert check(seen, block=Block(share=None), warn=Warn(share=None)).severity is OK


def test_nothing_to_compare():
    timeless = row_keys(9, range(5))
    for seen in (
        context(span(9), span(8)),
        row_context(now(5), BEFORE),
        row_context(now(5), time="start"),
        row_context(timeless, time="start"),
        row_context(now(0, 10, 10), BEFORE, time="start"),
    ):
        assert (check(seen).severity, check(seen).subject) == (OK, "data")

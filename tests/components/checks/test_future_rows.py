import numpy as np
import pytest

from components.checks.future_rows import Block, FutureRows, Warn
from tests.components.evidence import BLOCK, OK, WARN, context, row_context, row_keys, span, worst


def keys(*times, split=(0, 0, 0, 1, 1, 2, 2)):
    return row_keys(9, range(len(times)), split=split, time=times)


def check(found, **params):
    return FutureRows(**params).check(row_context(found, time="start", by_time=True, rows_named=1))


@pytest.mark.parametrize(
    ("times", "blocked"),
    [
        ((1, 2, 3, 4, 5, 6, 7), []),
        ((1, 2, 4, 4, 6, 6, 7), []),  # the same time on both sides of a cut
        ((1, 2, 8, 4, 5, 6, 7), ["train, test", "train, eval"]),
        ((1, 2, 5, 4, 5, 6, 7), ["train, eval"]),
        ((1, 2, 3, 4, 9, 6, 7), ["eval, test"]),
        ((1, np.nan, 3, 4, 5, 6, np.nan), []),
    ],
)
def test_pairs(times, blocked):
    found = check(keys(*times))
    assert [f.subject for f in found if f.severity is BLOCK] == blocked
    assert len(found) == 3


def test_message_and_rows():
    found = check(keys(1, 2, 8, 4, 5, 6, 7))[0]
    assert found.message == "start: 1 of 3 train rows are newer than the oldest test row; the limit is 0 rows."
    assert found.rows == ("span-9/rows.csv row 3",)
    assert "start" in found.remedy


def test_levels():
    future = keys(1, 2, 8, 4, 5, 6, 7)
    assert worst(check(future, block=Block(rows=1))) is OK
    assert worst(check(future, block=Block(rows=None))) is OK
    assert worst(check(future, block=Block(rows=None), warn=Warn(rows=0))) is WARN


def test_nothing_to_compare():
    broken = keys(*[np.nan] * 7)
    for found in (
        *FutureRows().check(context(span(9))),
        *FutureRows().check(row_context(keys(1, 2, 9, 4, 5, 6, 7), time="start")),
        *FutureRows().check(row_context(row_keys(9, range(4)), time="start", by_time=True)),
        *check(broken),
        *check(keys(1, 2, split=(0, 0))),
    ):
        assert (found.severity, found.subject) == (OK, "data")

import numpy as np
import pytest

from components.checks.row_count import Block, RowCount, Warn
from components.interfaces import DataContext
from schemas.evidence import DataEvidence
from tests.components.evidence import BLOCK, OK, WARN, context, span


def check(before, now, **params):
    return RowCount(**params).check(context(span(9, now), span(8, before)))[0]


@pytest.mark.parametrize(
    ("now", "severity"),
    [
        *[(5000, BLOCK), (5001, WARN), (9000, WARN), (9001, OK), (10_000, OK)],
        *[(10_999, OK), (11_000, WARN), (29_999, WARN), (30_000, BLOCK), (0, BLOCK)],
    ],
)
def test_below_on_and_above_the_bounds(now, severity):
    assert check(10_000, now).severity is severity


def test_chance_does_not_flag():
    assert check(100, 80).severity is OK
    assert check(100, 60).severity is OK
    assert check(100, 56).severity is WARN
    assert check(6, 3).severity is OK


def test_message():
    found = check(1083, 222)
    assert found.message == "rows: span 9 has 222, span 8 had 1083 (-79.5 %); the limit is -50 %."
    assert found.remedy.startswith("Make sure that all files of the span have arrived.")
    assert "arrived twice" in check(1000, 5000).remedy


def test_first_run_compares_with_the_mean_of_the_earlier_spans():
    spans = [span(1, 900), span(2, 1100), span(3, 1000)]
    pooled = span(-1, 2000)
    (found,) = RowCount().check(DataContext(DataEvidence(label="y", spans=spans), pooled))
    assert (found.severity, found.observed["rows_before"]) == (OK, 1000)


def test_no_reference_and_no_rows():
    (found,) = RowCount().check(context(span(1, 10)))
    assert (found.severity, found.subject, found.observed["rows"]) == (OK, "data", 10)
    assert RowCount().check(context(span(1, 0)))[0].severity is BLOCK
    assert RowCount().check(context(span(1, 10), span(0, 0)))[0].severity is OK


def test_history_widens_the_limit():
    def judge(history):
        spans = [span(i, n) for i, n in enumerate([*history, 12_500])]
        return RowCount().check(DataContext(DataEvidence(label="y", spans=spans), spans[-2]))[0].severity

    restless = [10_000, 12_000, 9500, 11_500, 9000, 12_000, 9000, 10_000]
    assert judge(restless) is OK
    assert judge(restless[1:]) is WARN  # seven spans are no history yet
    assert judge([10_000] * 8) is WARN


def test_levels_can_be_turned_off():
    assert check(1000, 10, block=Block(drop=None)).severity is WARN
    assert check(1000, 10, block=Block(drop=None), warn=Warn(drop=None)).severity is OK


def test_unlabelled_rows_are_reported():
    now = span(9, 1000).model_copy(update={"unlabelled": 7})
    assert "7 without a label" in RowCount().check(context(now, span(8, 1000)))[0].message


@pytest.mark.parametrize("rows", [200, 1000, 5000, 15_000])
def test_clean_resamples_pass(rows):
    random = np.random.default_rng(rows)
    found = [check(int(a), int(b)).severity for a, b in random.poisson(rows, (50, 2))]
    assert found.count(BLOCK) == 0
    assert found.count(WARN) <= 2

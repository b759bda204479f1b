import pytest

from components.checks.missing_fraction import Block, MissingFraction
from tests.components.evidence import BLOCK, OK, WARN, context, feature, span


def check(missing, rows=1000, **params):
    return MissingFraction(**params).check(context(span(9, rows, features={"fare": feature(missing, rows)})))[0]


@pytest.mark.parametrize(("missing", "severity"), [(0, OK), (499, OK), (500, OK), (501, WARN), (1000, WARN)])
def test_warns_above_half(missing, severity):
    assert check(missing).severity is severity


@pytest.mark.parametrize(("missing", "severity"), [(899, WARN), (900, WARN), (901, BLOCK)])
def test_blocks_above_a_share_that_was_set(missing, severity):
    assert check(missing, block=Block(share=0.9)).severity is severity


def test_message():
    assert check(600).message == ("fare: 60.0 % of rows in span 9 have no value (600 of 1000); the limit is 50.0 %.")
    assert "data.exclude" in check(600).remedy
    assert "carries no information" in check(1000).remedy


def test_a_pass_keeps_its_numbers():
    found = check(100)
    assert found.observed == {"share": 0.1, "missing": 100, "rows": 1000}
    assert found.allowed == {"warn_share": 0.5, "block_share": None}
    assert found.remedy == ""


def test_no_rows_is_not_missing():
    assert check(0, rows=0).severity is OK

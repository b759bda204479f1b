import numpy as np
import pytest

from components.checks.trained_test_rows import Block, TrainedTestRows, Warn
from tests.components.evidence import BLOCK, OK, WARN, context, row_context, row_keys, span

KEYS = row_keys(9, range(100), split=[0] * 60 + [1] * 20 + [2] * 20)


def check(trained, keys=KEYS, **params):
    seen = row_context(keys, trained=None if trained is None else np.asarray(trained, np.uint64), rows_named=2)
    (found,) = TrainedTestRows(**params).check(seen)
    return found


@pytest.mark.parametrize(
    ("trained", "severity"), [(range(80), OK), (range(81), BLOCK), (range(50, 200), BLOCK), ([500], OK)]
)
def test_rows_of_test_only(trained, severity):
    assert check(trained).severity is severity


def test_message_and_rows():
    found = check(range(50, 90))
    assert found.message == (
        "rows: 50.0 % of the window's test rows (10 of 20) were trained on by earlier runs, which split rows in another way; "
        "the limit is 0 rows."
    )
    assert found.rows == ("span-9/rows.csv row 81", "span-9/rows.csv row 82")


def test_levels():
    assert check(range(85), block=Block(rows=5)).severity is OK
    assert check(range(86), block=Block(rows=5)).severity is BLOCK
    assert check(range(86), block=Block(rows=None)).severity is OK
    assert check(range(86), block=Block(rows=None), warn=Warn(rows=0)).severity is WARN


def test_nothing_to_compare():
    for found in (check(None), check([]), *TrainedTestRows().check(context(span(9)))):
        assert (found.severity, found.subject) == (OK, "data")
    assert check(range(9), row_keys(9, range(9))).severity is OK

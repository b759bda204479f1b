import dataclasses

import numpy as np
import pytest

from components.checks.repeated_rows import Block, RepeatedRows, Warn
from tests.components.evidence import BLOCK, OK, WARN, context, row_context, row_keys, span

THEN = row_keys(8, range(1, 1001))


def again(repeated, rows=1000):
    return row_keys(9, [*range(1, repeated + 1), *range(5000, 5000 + rows - repeated)])


def check(seen, **params):
    (found,) = RepeatedRows(**params).check(seen)
    return found


def only_fingerprints(seen):
    """The reference's rows are not in the window, only its fingerprints are known."""
    return dataclasses.replace(seen, keys=seen.keys.take(seen.keys.span == 9))


@pytest.mark.parametrize("outside", [False, True])
@pytest.mark.parametrize(
    ("repeated", "severity"), [(0, OK), (10, OK), (11, WARN), (500, WARN), (501, BLOCK), (1000, BLOCK)]
)
def test_below_on_and_above_the_limits(repeated, severity, outside):
    seen = row_context(again(repeated), THEN)
    assert check(only_fingerprints(seen) if outside else seen).severity is severity


def test_messages():
    found = check(row_context(again(600), THEN, rows_named=1))
    assert found.message == "rows: 60.0 % of span 9 (600 of 1000) are rows of span 8 too; the limit is 50.0 %."
    assert found.rows == ("span-9/rows.csv row 1",)
    for seen in (row_context(again(1000), THEN), only_fingerprints(row_context(again(1000), THEN))):
        assert check(seen).message.endswith("; the span is unchanged since span 8.")


def test_tables_of_few_rows_repeat_them_by_nature():
    random = np.random.default_rng(0)
    few = [random.integers(1, 50, 1000) for _ in "ab"]
    assert check(row_context(row_keys(9, few[0]), row_keys(8, few[1]))).severity is OK
    found = check(row_context(row_keys(9, few[1]), row_keys(8, few[1])))
    assert (found.severity, "unchanged" in found.message) == (BLOCK, True)


def test_levels_can_be_turned_off():
    seen = row_context(again(1000), THEN)
    assert check(seen, block=Block(share=None)).severity is WARN
    assert check(seen, block=Block(share=None), warn=Warn(share=None)).severity is OK


def test_nothing_to_compare():
    same = dataclasses.replace(row_context(again(9), THEN), reference=span(9))
    for seen in (context(span(9)), row_context(again(9)), same, context(span(9), span(8))):
        assert check(seen).severity is OK
        assert "nothing to compare" in check(seen).message


@pytest.mark.parametrize("rows", [50, 200, 1000, 5000])
@pytest.mark.parametrize("values", [20, 2000, 200_000])
def test_clean_resamples_pass(rows, values):
    random, found = np.random.default_rng(rows), []
    for _ in range(20):
        then, now = (row_keys(s, 1 + random.integers(0, values, rows)) for s in (8, 9))
        found.append(check(row_context(now, then)).severity)
    assert found.count(BLOCK) == 0
    assert found.count(WARN) <= 1


@pytest.mark.parametrize("values", [20, 300, 5000, 100_000])
def test_coincidence_is_known_from_the_number_of_distinct_rows_alone(values):
    random = np.random.default_rng(values)
    for _ in range(10):
        then, now = (row_keys(s, 1 + random.integers(0, values, n)) for s, n in ((8, 2000), (9, 200)))
        assert check(only_fingerprints(row_context(now, then))).severity is not BLOCK

import numpy as np
import pytest

from components.checks.duplicates import Block, Duplicates, Warn
from tests.components.evidence import BLOCK, OK, WARN, context, row_context, row_keys, span


def twice(rows, repeated):
    """Keys of distinct rows, of which the last ones repeat the first."""
    return row_keys(9, [*range(1, rows - repeated + 1), *range(1, repeated + 1)])


NONE_BEFORE = {"duplicates": {"rows": [0.0]}}


def check(seen, **params):
    (found,) = Duplicates(**params).check(seen)
    return found


@pytest.mark.parametrize(
    ("repeated", "severity"), [(0, OK), (9, OK), (10, OK), (11, WARN), (50, WARN), (51, BLOCK), (400, BLOCK)]
)
def test_below_on_and_above_the_limits(repeated, severity):
    assert check(row_context(twice(1000, repeated), history=NONE_BEFORE)).severity is severity


def test_with_nothing_to_compare_with_it_only_warns():
    assert check(row_context(twice(1000, 400))).severity is WARN


def test_message_rows_and_remedy():
    found = check(row_context(twice(1000, 100), history=NONE_BEFORE, rows_named=2))
    assert found.message == (
        "rows: 10.0 % of span 9 (100 of 1000) equal an earlier row in everything; the limit is 5.0 %."
    )
    assert found.rows == ("span-9/rows.csv row 901", "span-9/rows.csv row 902")
    assert "--accept duplicates" in found.remedy
    assert found.statistic == pytest.approx(0.1)
    assert check(row_context(twice(1000, 5))).rows == ()


def test_what_the_reference_has_by_nature_is_not_flagged():
    random = np.random.default_rng(0)
    for values in (4, 40, 3000):
        then, now = (row_keys(s, random.integers(1, values, n)) for s, n in ((8, 900), (9, 1000)))
        assert check(row_context(now, then)).severity is OK
    doubled = row_keys(9, np.concatenate([now.row, now.row[:200]]))
    assert check(row_context(doubled, then)).severity is BLOCK


def test_the_latest_accepted_share_stands_in_for_a_reference_outside_the_window():
    assert check(row_context(twice(1000, 100), history={"duplicates": {"rows": [0.5, 0.1]}})).severity is OK
    assert check(row_context(twice(1000, 200), history={"duplicates": {"rows": [0.1]}})).severity is BLOCK


def test_each_row_twice_blocks_also_where_rows_repeat_by_nature():
    random = np.random.default_rng(1)
    few = random.integers(1, 30, 1000)
    then = row_keys(8, random.integers(1, 30, 1000))
    assert check(row_context(row_keys(9, few))).severity is OK
    assert check(row_context(row_keys(9, few), then)).severity is OK
    found = check(row_context(row_keys(9, [*few, *few]), then))
    assert found.severity is BLOCK
    assert "every row is there 2 times" in found.message


def test_levels_can_be_turned_off():
    seen = row_context(twice(100, 40))
    assert check(seen, block=Block(share=None)).severity is WARN
    assert check(seen, block=Block(share=None), warn=Warn(share=None)).severity is OK


def test_nothing_to_look_at():
    assert "nothing to compare" in check(context(span(9))).message
    assert "nothing to compare" in check(row_context(row_keys(9, []))).message
    assert check(row_context(row_keys(9, [5]))).severity is OK


@pytest.mark.parametrize("rows", [50, 200, 1000, 5000])
@pytest.mark.parametrize("values", [20, 2000, 20_000])
def test_clean_resamples_pass(rows, values):
    random, found = np.random.default_rng(rows), []
    weights = random.pareto(1.5, values) + 0.1
    for _ in range(20):
        then, now = (
            row_keys(s, 1 + random.choice(values, n, p=weights / weights.sum())) for s, n in ((8, rows // 2), (9, rows))
        )
        found.append(check(row_context(now, then)).severity)
    assert found.count(BLOCK) == 0
    assert found.count(WARN) <= 1

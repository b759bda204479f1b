import numpy as np
import pytest

from components.checks.conflicting_labels import Block, ConflictingLabels, Warn
from tests.components.evidence import BLOCK, OK, WARN, context, row_context, row_keys, span


def with_conflicts(rows, conflicts, number=9):
    """Keys of distinct inputs with labels 1 and 2 in turn, and then some of them again with the other label."""
    inputs = [*range(1, rows - conflicts + 1), *range(1, conflicts + 1)]
    label = [*(1 + i % 2 for i in range(rows - conflicts)), *(2 - i % 2 for i in range(conflicts))]
    return row_keys(number, range(1, rows + 1), inputs=inputs, label=label)


def of_few(random, rows, combinations, number, chance=0.3):
    inputs = random.integers(1, combinations + 1, rows)
    label = 1 + (random.random(rows) < chance)
    return row_keys(number, range(1, rows + 1), inputs=inputs, label=label)


def check(seen, **params):
    (found,) = ConflictingLabels(**params).check(seen)
    return found


@pytest.mark.parametrize(("conflicts", "severity"), [(0, OK), (2, OK), (60, WARN), (160, BLOCK), (400, BLOCK)])
def test_few_and_many(conflicts, severity):
    # 60 conflicts are 120 of 8000 rows, half of them natural for two even labels: 0.75 % too many.
    assert check(row_context(with_conflicts(8000, conflicts))).severity is severity


def test_a_reference_without_conflicts_makes_it_sharper():
    inputs = [*range(1, 1901), *range(1, 101)]
    then = row_keys(8, range(1, 2001), inputs=inputs, label=[1 + i % 2 for i in inputs])
    seen = row_context(with_conflicts(2000, 9), then)
    assert check(seen).observed["natural_share"] < check(row_context(with_conflicts(2000, 9))).observed["natural_share"]


def test_message_and_rows():
    found = check(row_context(with_conflicts(1000, 50), rows_named=1))
    assert found.message.startswith(
        "rows: 10.0 % of span 9 (100 of 1000) have the inputs of another row with another label;"
    )
    assert found.message.endswith("; the limit is 1.0 % more.")
    assert found.rows == ("span-9/rows.csv row 1",)
    assert "--accept conflicting_labels" in found.remedy


def test_tables_of_few_inputs_have_conflicts_by_nature():
    random = np.random.default_rng(3)
    for combinations in (3, 50, 1000):
        now, then = (of_few(random, 1500, combinations, n) for n in (9, 8))
        assert check(row_context(now)).severity is OK
        assert check(row_context(now, then)).severity is OK


def test_new_conflicts_in_a_table_of_few_inputs_that_decided_the_label():
    random = np.random.default_rng(4)
    inputs = random.integers(1, 200, 2000)
    clean = row_keys(8, range(2000), inputs=inputs, label=1 + inputs % 2)
    spoilt = row_keys(
        9, range(2000), inputs=inputs, label=np.where(np.arange(2000) < 60, 2 - inputs % 2, 1 + inputs % 2)
    )
    assert check(row_context(spoilt, clean)).severity is BLOCK


def test_levels_can_be_turned_off():
    seen = row_context(with_conflicts(1000, 100))
    assert check(seen, block=Block(share=None)).severity is WARN
    assert check(seen, block=Block(share=None), warn=Warn(share=None)).severity is OK


def test_nothing_to_look_at():
    assert "nothing to compare" in check(context(span(9))).message
    for rows in ([1], [1, 1]):
        assert check(row_context(row_keys(9, rows))).severity is OK


@pytest.mark.parametrize("rows", [50, 200, 1000, 5000])
@pytest.mark.parametrize("combinations", [10, 300, 20_000])
def test_clean_resamples_pass(rows, combinations):
    random, found = np.random.default_rng(rows), []
    for _ in range(20):
        now, then = of_few(random, rows, combinations, 9), of_few(random, rows // 2, combinations, 8)
        found += [check(row_context(now, then)).severity, check(row_context(now)).severity]
    assert found.count(BLOCK) == 0
    assert found.count(WARN) <= 2


@pytest.mark.parametrize("combinations", [10, 300, 5000])
def test_a_smaller_span_than_the_reference_passes(combinations):
    random = np.random.default_rng(combinations)
    for _ in range(10):
        now, then = of_few(random, 200, combinations, 9), of_few(random, 2000, combinations, 8)
        assert check(row_context(now, then)).severity is OK


def test_a_reference_without_repeated_inputs_does_not_hide_conflicts():
    then = row_keys(8, range(5000, 6000), label=1 + np.arange(1000) % 2)
    assert check(row_context(with_conflicts(1000, 100), then)).severity is BLOCK

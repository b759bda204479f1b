import numpy as np
import pytest

from components.checks.split_leakage import Block, SplitLeakage, Warn
from tests.components.evidence import BLOCK, OK, WARN, context, row_context, row_keys, span

SPLIT = np.repeat([0, 1, 2], (700, 100, 200))


def check(found, **params):
    seen = row_context(found, id="trip", entity="taxi", rows_named=2)
    return {f.subject: f for f in SplitLeakage(**params).check(seen)}


def keys(leaked=0, what="id", number=9):
    """1,000 rows; so many of the last test rows have a value of the first train rows."""
    values = np.arange(1, 1001)
    values[1000 - leaked :] = np.arange(1, leaked + 1)
    columns = {"row": np.arange(1, 1001), what: values}
    return row_keys(number, columns.pop("row"), split=SPLIT, **columns)


@pytest.mark.parametrize(("what", "subject"), [("id", "ids (trip)"), ("entity", "entities (taxi)")])
@pytest.mark.parametrize(("leaked", "severity"), [(0, OK), (1, BLOCK), (100, BLOCK)])
def test_ids_and_entities(what, subject, leaked, severity):
    assert check(keys(leaked, what))[subject].severity is severity


def test_message_rows_and_remedy():
    found = check(keys(3))["ids (trip)"]
    assert found.message == "ids (trip): 3 of 997 are in more than one split, in 6 of 1000 rows; the limit is 0."
    assert found.rows == ("span-9/rows.csv row 1", "span-9/rows.csv row 2")
    assert "data.split.group_by: trip" in found.remedy
    assert "checks.split_leakage.block.ids: off" in found.remedy


def test_missing_ids_are_no_id():
    assert check(row_keys(9, range(1, 1001), split=SPLIT, id=[0] * 1000))["ids (trip)"].severity is OK


def test_whole_rows():
    leaked = row_keys(9, [*range(1, 1000), 1], split=SPLIT)
    assert check(leaked)["rows"].severity is BLOCK
    together = row_keys(9, [1, *range(1, 1000)], split=SPLIT)
    assert check(together)["rows"].severity is OK


@pytest.mark.parametrize(("leaked", "severity"), [(0, OK), (2, OK), (3, WARN), (60, WARN)])
def test_inputs(leaked, severity):
    found = check(keys(leaked, "inputs"))["inputs"]
    assert found.severity is severity
    assert found.observed["leaked"] == leaked


def test_equal_inputs_with_another_label_or_in_a_table_of_few_are_no_leak():
    inputs = np.concatenate([np.arange(1, 801), np.arange(1, 201)])
    found = check(row_keys(9, range(1, 1001), split=SPLIT, inputs=inputs, label=1 + (SPLIT == 2)))["inputs"]
    assert found.observed["leaked"] == 0
    found = check(row_keys(9, range(1, 1001), split=SPLIT, inputs=inputs))["inputs"]
    assert (found.observed["leaked"], found.severity) == (200, OK)
    assert found.message.endswith("; no wonder where only 80.0 % of inputs are distinct.")


def test_the_whole_window_is_compared():
    found = SplitLeakage().check(row_context(keys(), keys(0, number=8), id="trip"))
    assert {f.subject: f.severity for f in found}["ids (trip)"] is OK
    shifted = row_keys(8, range(1, 1001), split=SPLIT[::-1], id=range(1, 1001))
    found = SplitLeakage().check(row_context(keys(), shifted, id="trip"))
    assert {f.subject: f.severity for f in found}["ids (trip)"] is BLOCK


def test_levels():
    assert check(keys(5), block=Block(ids=5))["ids (trip)"].severity is OK
    assert check(keys(5), block=Block(ids=None))["ids (trip)"].severity is OK
    assert check(keys(20, "inputs"), block=Block(inputs=0.05))["inputs"].severity is BLOCK
    assert check(keys(20, "inputs"), warn=Warn(inputs=None))["inputs"].severity is OK


def by_time(found, **params):
    seen = row_context(found, id="trip", entity="taxi", by_time=True)
    return {f.subject: f for f in SplitLeakage(**params).check(seen)}


def test_entities_come_again_where_rows_are_split_by_time():
    found = by_time(keys(100, "entity"))["entities (taxi)"]
    assert found.severity is OK
    assert (found.observed["leaked"], found.observed["leaked_rows"]) == (100, 200)
    assert found.message == (
        "entities (taxi): 100 of 900 are in more than one split, in 200 of 1000 rows; entities may come again where rows are split by time."
    )
    assert by_time(keys(1))["ids (trip)"].severity is BLOCK
    assert by_time(row_keys(9, [*range(1, 1000), 1], split=SPLIT))["rows"].severity is BLOCK


def test_a_split_by_time_has_a_limit_of_entities_of_its_own():
    assert by_time(keys(3, "entity"), block=Block(entities_by_time=2))["entities (taxi)"].severity is BLOCK
    assert by_time(keys(2, "entity"), block=Block(entities_by_time=2))["entities (taxi)"].severity is OK
    assert by_time(keys(3, "entity"), block=Block(entities=2))["entities (taxi)"].severity is OK
    assert check(keys(1, "entity"), block=Block(entities_by_time=2))["entities (taxi)"].severity is BLOCK
    assert check(keys(1, "entity"), block=Block(entities=None))["entities (taxi)"].severity is OK


def test_nothing_to_look_at():
    for seen in (context(span(9)), row_context(row_keys(9, []))):
        (found,) = SplitLeakage().check(seen)
        assert (found.severity, found.subject) == (OK, "data")
    assert {f.severity for f in check(row_keys(9, [7])).values()} == {OK}

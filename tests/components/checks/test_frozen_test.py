import dataclasses

import numpy as np
import pytest

from components.checks.frozen_test import Block, FrozenTest, Warn
from components.interfaces import FrozenKeys
from tests.components.evidence import BLOCK, OK, WARN, context, row_context, row_keys, span

#: Rows 0 to 99 of span 9; the last 20 are test.
KEYS = row_keys(
    9, range(100), split=[0] * 60 + [1] * 20 + [2] * 20, id=range(500, 600), entity=np.arange(100) // 2 + 900
)


def frozen(keys, way="row", column=None, number=9):
    return FrozenKeys(number, way, column, np.asarray(keys, np.uint64))


def check(*parts, keys=KEYS, facts=None, **params):
    seen = row_context(keys, frozen=parts, rows_named=2, **(facts or {}))
    return FrozenTest(**params).check(seen)


@pytest.mark.parametrize(
    ("registered", "severity"), [(range(80, 100), OK), (range(79, 100), BLOCK), (range(70), BLOCK), ([80, 999], OK)]
)
def test_no_registered_row_may_be_in_train_or_eval(registered, severity):
    assert check(frozen(registered))[0].severity is severity


def test_messages_and_rows():
    moved, gone = check(frozen(range(78, 100)), facts={"held": {"train": 3, "eval": 1}})
    assert moved.message == (
        "test: 2 rows that earlier runs held out are in train or eval now, of 22 in span 9; data.split as it is now would have "
        "3 in train, 1 in eval of the window's rows, which stay in test; the limit is 0 rows."
    )
    assert moved.rows == ("span-9/rows.csv row 79", "span-9/rows.csv row 80")
    assert gone.message == "gone: 0.0 % of these rows (0 of 22) are not in the data as they were."
    (kept, _) = check(frozen(range(80, 100)))
    assert kept.message == "test set frozen: 20 rows of span 9 that earlier runs held out are all still in test."
    assert kept.observed == {"moved": 0, "registered": 20, "found": 20, "held": 0}


@pytest.mark.parametrize(("there", "severity"), [(10, OK), (9, WARN)])
def test_rows_that_are_gone_warn_from_more_than_half_on(there, severity):
    registered = [*range(80, 80 + there), *range(1000, 1020 - there)]
    assert check(frozen(registered))[1].severity is severity


def test_levels():
    registered = frozen([*range(78, 100), *range(1000, 1022)])
    assert [f.severity for f in check(registered, block=Block(rows=2))] == [OK, OK]
    assert [f.severity for f in check(registered, block=Block(rows=1, gone=0.4))] == [BLOCK, BLOCK]
    assert [f.severity for f in check(registered, block=Block(rows=None), warn=Warn(rows=0, gone=0.4))] == [WARN, WARN]


def test_a_corrected_row_is_known_by_its_id_and_a_new_one_by_its_group():
    by_id, by_group = frozen([579], "id", "number"), frozen([939], "group", "patient")
    assert check(by_id, facts={"id": "number"})[0].severity is BLOCK
    assert check(by_id, facts={"id": "another"})[0].severity is OK
    assert check(by_group, facts={"group": "patient"})[0].observed["moved"] == 2
    assert check(by_group)[0].severity is OK


def test_by_time_it_counts_and_never_blocks():
    (found,) = check(frozen(range(50, 100)), facts={"by_time": True})
    assert found.severity is OK
    assert found.message.startswith(
        "test set moves on by time: of 50 rows of span 9 that were test in earlier runs, 30 are in train or eval now"
    )


def test_of_thinned_out_rows_it_does_not_say_that_they_are_gone():
    seen = row_context(KEYS, frozen=(frozen(range(80, 300)),))
    thinned = dataclasses.replace(seen, keys=dataclasses.replace(seen.keys, share=0.5))
    assert [f.severity for f in FrozenTest().check(thinned)] == [OK]


def test_nothing_to_compare():
    for found in (check(), check(frozen([1], number=3)), FrozenTest().check(context(span(9)))):
        assert [(f.severity, f.subject) for f in found] == [(OK, "data")]

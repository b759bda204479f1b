import dataclasses

import numpy as np
import pytest

from components.checks.missing_label import Block, MissingLabel, Warn
from tests.components.evidence import BLOCK, OK, WARN, context, span, worst


def side(number, unlabelled, rows=10_000):
    return span(number, rows - unlabelled).model_copy(update={"unlabelled": unlabelled})


def check(unlabelled, before=None, rows=10_000, **params):
    (found,) = MissingLabel(**params).check(
        context(side(9, unlabelled, rows), None if before is None else side(8, before))
    )
    return found


@pytest.mark.parametrize(
    ("unlabelled", "before", "severity"),
    [
        *[(0, None, OK), (1, None, WARN), (500, None, WARN), (10_000, None, BLOCK)],
        *[(600, None, BLOCK), (510, None, WARN)],  # 5.1 % of 10,000 can be chance.
        *[(0, 0, OK), (1, 0, WARN), (500, 0, WARN), (501, 0, BLOCK)],
        *[(2500, 2000, WARN), (2501, 2000, BLOCK), (2000, 2000, WARN), (100, 2000, WARN)],
    ],
)
def test_below_on_and_above_the_limits(unlabelled, before, severity):
    assert check(unlabelled, before).severity is severity


def test_chance_does_not_block():
    assert check(4, rows=50).severity is WARN
    assert check(20, rows=50).severity is BLOCK
    assert check(4, 0, rows=50).severity is BLOCK  # None of 10,000 before.


def test_message_and_remedy():
    found = check(2600, 2000)
    assert found.message == (
        "big_tipper: 26.0 % of rows in span 9 have no label (2600 of 10000), 20.0 % in span 8; they are left out, and the "
        "limit is +5 points."
    )
    assert "--accept missing_label" in found.remedy
    assert found.statistic == pytest.approx(0.26)
    assert check(0).message == "big_tipper: every row in span 9 has a label."
    assert check(7).message == (
        "big_tipper: 0.1 % of rows in span 9 have no label (7 of 10000); they are left out, and the limit is none."
    )


def test_levels_can_be_turned_off_and_adapt():
    assert check(5000, 0, block=Block(share=None)).severity is WARN
    assert check(5000, 0, block=Block(share=None), warn=Warn(share=None)).severity is OK
    seen = dataclasses.replace(
        context(side(9, 100), side(8, 100)), history={"missing_label": {"big_tipper": [0.01, 0.012] * 4}}
    )
    assert worst(MissingLabel().check(seen)) is OK


def test_no_rows():
    assert check(0, rows=0).severity is OK
    assert worst(MissingLabel().check(context(side(9, 1, 10), side(8, 0, 0)))) is WARN


@pytest.mark.parametrize("rows", [50, 200, 5000])
def test_clean_resamples_do_not_block(rows):
    random = np.random.default_rng(rows)
    pairs = [tuple(side(n, int(random.binomial(rows, 0.1)), rows) for n in (9, 8)) for _ in range(50)]
    assert BLOCK not in [worst(MissingLabel().check(context(*pair))) for pair in pairs]

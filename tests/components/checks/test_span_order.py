import dataclasses

import pytest

from components.checks.span_order import Block, SpanOrder, Warn
from components.interfaces import Facts
from schemas.evidence import DataEvidence
from tests.components.evidence import BLOCK, OK, WARN, context, span


def check(*spans, newest=None, history=(), reference=None, **params):
    seen = dataclasses.replace(
        context(span(spans[-1])),
        window=DataEvidence(label="y", spans=[span(n) for n in spans]),
        reference=None if reference is None else span(reference),
        history={"span_order": {"gap": list(history)}},
        facts=Facts(newest_accepted=newest),
    )
    return SpanOrder(**params).check(seen)


@pytest.mark.parametrize(("newest", "severity"), [(None, OK), (8, OK), (9, OK), (10, WARN), (20, WARN)])
def test_late(newest, severity):
    late, _ = check(9, newest=newest)
    assert late.severity is severity


def test_late_message():
    late, _ = check(9, newest=11)
    assert late.message == "span 9 is late: span 11 was accepted before it."
    assert "--accept span_order" in late.remedy


@pytest.mark.parametrize(
    ("spans", "history", "severity"),
    [
        ((6, 7, 8, 9), (), OK),
        ((6, 7, 8, 10), (), WARN),
        ((2, 4, 6, 8), (), OK),  # every second number
        ((2, 4, 6, 9), (), WARN),
        ((8, 10), (), OK),  # nothing is known about the steps before
        ((8, 10), (0.0, 0.0, 0.0), WARN),
        ((8, 11), (0.0, 2.0, 0.0), OK),  # as at weekends
        ((9,), (0.0, 0.0), OK),
    ],
)
def test_gaps(spans, history, severity):
    _, gap = check(*spans, history=history)
    assert gap.severity is severity


def test_the_reference_counts_as_a_span_before():
    _, gap = check(9, reference=8, history=(0.0, 0.0))
    assert (gap.observed["gap"], gap.statistic) == (0, 0.0)
    _, gap = check(9, reference=7, history=(0.0, float("nan"), 0.0))
    assert gap.message == "span 9: 1 span numbers are missing after span 7; before, at most 0 were missing."
    assert check(9, reference=-1)[1].message.startswith("span_order: nothing to compare")


def test_levels():
    strict = {"block": Block(late=1, gap=0)}
    assert [f.severity for f in check(6, 7, 8, 10, newest=12, **strict)] == [BLOCK, BLOCK]
    off = {"warn": Warn(late=None, gap=None)}
    assert [f.severity for f in check(6, 7, 8, 10, newest=12, **off)] == [OK, OK]

import dataclasses

import numpy as np
import pytest

from components.checks.split_skew import Block, SplitSkew, Warn
from components.interfaces import DataContext
from schemas.evidence import DataEvidence, SpanEvidence
from tests.components.evidence import (
    BLOCK,
    OK,
    WARN,
    drift_context,
    drift_sample,
    row_keys,
    sample_of,
    span,
    split_context,
    worst,
)


def labels(positives, rows=30_000, **params):
    """Test has so many positives of its rows, train and eval 30 %."""
    test = {"0": rows - positives, "1": positives}
    (found,) = SplitSkew(**params).check(
        split_context(train={"0": 70_000, "1": 30_000}, eval={"0": 7000, "1": 3000}, test=test)
    )
    return found


@pytest.mark.parametrize(
    ("share", "severity"), [(0.3, OK), (0.39, OK), (0.4, WARN), (0.44, WARN), (0.45, BLOCK), (0.16, BLOCK)]
)
def test_below_and_above_the_limits_of_the_label(share, severity):
    found = labels(round(share * 30_000))
    assert found.severity is severity
    assert (found.observed["difference"] > 0.1) is (severity is not OK)
    assert (found.observed["difference"] > 0.15) is (severity is BLOCK)


def test_chance_does_not_flag():
    assert labels(10, 20).severity is OK
    assert labels(20, 20).severity is not OK


def test_message_and_remedy():
    found = labels(15_000)
    assert found.message == (
        "big_tipper: test (30000 rows) differs from train in span 9 by V 0.204; the limit is 0.15."
    )
    assert "data.split.stratify: true" in found.remedy
    assert found.statistic == pytest.approx(0.204, abs=0.001)


def sample(move=0.0, rows=6000, seed=0):
    """Test is another population by `move` standard deviations, and in the share of ``x``."""
    random = np.random.default_rng(seed)
    made = sample_of(
        random.choice(["0", "1"], rows), {"fare": random.normal(size=rows)}, {"kind": random.choice(["x", "y"], rows)}
    )
    test = made.splits == 2
    made.numeric["fare"][test] += move
    made.categorical["kind"][test & (random.random(rows) < move)] = "x"
    return made


@pytest.mark.parametrize(("move", "severity"), [(0.0, OK), (0.1, OK), (0.6, WARN), (3.0, WARN)])
def test_features_warn_at_most(move, severity):
    found = {f.subject: f for f in SplitSkew().check(drift_context(sample(move), None))}
    assert {found[n].severity for n in ("fare", "kind")} == {severity}
    if severity is WARN:
        assert "test (900 rows) differs from train in span 9 by" in found["fare"].message
        assert "--accept split_skew" in found["kind"].remedy


def test_features_move_with_time_by_design():
    found = SplitSkew().check(drift_context(sample(3.0), None, by_time=True))
    assert "fare" not in {f.subject for f in found}


def test_rows_that_are_split_together_count_as_one():
    made = sample(0.6, rows=2000)
    seen = drift_context(made, None)
    distinct = row_keys(9, range(1, 2001), split=made.splits)
    few = row_keys(9, 1 + np.arange(2000) // 100, split=made.splits)
    entities = row_keys(9, range(1, 2001), split=made.splits, entity=1 + np.arange(2000) // 100)
    for keys, severity in ((None, WARN), (distinct, WARN), (few, OK), (entities, OK)):
        assert worst(SplitSkew().check(dataclasses.replace(seen, keys=keys))) is severity


def test_a_sample_of_one_row_each_is_not_counted_down_once_more():
    """Two rows of each of 4,000 entities, of which the sample has one: as much to go by as 4,000 rows without entities."""
    whom = np.arange(1, 4001, dtype=np.uint64)
    made = dataclasses.replace(sample(0.13, rows=4000), entity=whom)
    entities = row_keys(9, range(1, 8001), split=np.repeat(made.splits, 2), entity=np.repeat(whom, 2))
    seen = dataclasses.replace(drift_context(made, None), keys=entities)
    plain = dataclasses.replace(drift_context(dataclasses.replace(made, entity=whom[:0]), None), keys=None)
    floors = [
        {f.subject: f.allowed["warn_noise"] for f in SplitSkew().check(c) if f.subject in ("fare", "kind")}
        for c in (seen, plain)
    ]
    assert floors[0] == floors[1]


def test_levels_can_be_turned_off():
    assert labels(15_000, block=Block(v=None)).severity is WARN
    assert labels(15_000, block=Block(v=None), warn=Warn(v=None)).severity is OK
    off = Warn(bits=None, l_infinity=None)
    assert worst(SplitSkew(warn=off).check(drift_context(sample(3.0), None))) is OK


def test_nothing_to_compare():
    empty = SpanEvidence(span=9, rows=0, labels={}, features={})
    for seen in (DataContext(DataEvidence(label="y", spans=[empty]), None), drift_context(sample_of([]), None)):
        (found,) = SplitSkew().check(seen)
        assert "nothing to compare" in found.message
    strange = sample_of(
        ["0"] * 40, {"a": [np.nan] * 40, "b": [np.inf] * 40, "c": [1.0] * 40}, {"d": [None] * 40, "e": ["x"] * 40}
    )
    assert worst(SplitSkew().check(drift_context(strange, None))) is OK


@pytest.mark.parametrize("rows", [50, 200, 1000, 5000])
def test_clean_resamples_pass(rows):
    random, found = np.random.default_rng(rows), []
    for i in range(20):
        made = drift_sample(i, rows)
        made = dataclasses.replace(made, splits=random.permutation(made.splits))
        parts = [made.labels[made.splits == s].tolist() for s in range(3)]
        counts = {s: {v: p.count(v) for v in "01"} for s, p in zip(("train", "eval", "test"), parts, strict=True)}
        seen = drift_context(made, None)
        now = span(9).model_copy(update={"labels": counts})
        found.append(worst(SplitSkew().check(dataclasses.replace(seen, window=DataEvidence(label="y", spans=[now])))))
    assert found.count(BLOCK) == 0
    assert found.count(WARN) <= 1

"""Groups and histogram of how predicted amounts are off."""

import numpy as np
import pytest

from components import amounts
from components.residuals import BINS, GROUPS, LEAST, residuals


def made(rows=1000, seed=0):
    random = np.random.default_rng(seed)
    targets = random.gamma(2.0, 5.0, rows)
    return targets, targets + 2.0 + random.normal(size=rows)


def test_groups_follow_the_amounts_and_show_a_bias():
    found = residuals(*made())
    assert len(found.true) == GROUPS
    assert found.true == sorted(found.true)
    assert np.array(found.predicted) - found.true == pytest.approx(2.0, abs=0.4)
    assert all(a < p < b for a, p, b in zip(found.low, found.predicted, found.high, strict=True))


def test_the_histogram_has_every_row_and_reaches_equally_far():
    targets, predicted = made()
    predicted[3] += 1e6  # one row far off leaves the others their bins
    found = residuals(targets, predicted)
    assert sum(found.counts) == 1000
    assert len(found.counts) == BINS == len(found.edges) - 1
    assert found.edges[0] == -found.edges[-1]
    assert found.edges[-1] < 10
    assert np.argmax(found.counts) > BINS // 2  # 2 too high, most of them


def test_the_order_of_rows_changes_nothing_that_is_drawn():
    targets, predicted = made(200)
    targets = targets.round()
    order = np.random.default_rng(1).permutation(200)
    one, other = residuals(targets, predicted), residuals(targets[order], predicted[order])
    for name in ("true", "predicted", "low", "high", "edges", "counts"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-12)


@pytest.mark.parametrize(("rows", "groups"), [(2 * LEAST - 1, None), (2 * LEAST, 2), (GROUPS * LEAST, GROUPS)])
def test_few_rows_make_few_groups_or_none(rows, groups):
    found = residuals(*made(rows))
    assert (found and len(found.true)) == groups


def test_answers_that_are_not_finite_have_none():
    targets, predicted = made(100)
    predicted[5] = np.nan
    assert residuals(targets, predicted) is None


def test_a_perfect_model_has_all_rows_in_the_middle():
    targets, _ = made(100)
    found = residuals(targets, targets)
    assert found.counts[BINS // 2] == 100


def test_evidence_has_the_candidates():
    targets, predicted = made(300)
    evidence = amounts.evaluate(targets, predicted, targets, {}, ["mae"], 20, 1)
    assert evidence.residuals == residuals(targets, predicted)

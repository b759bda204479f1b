import numpy as np
import pytest
from pydantic import ValidationError

from components.imputers.conditional_mean import ConditionalMean
from tests.components.imputers.summaries import COMPANY, FARE, NO_FARE


def test_where_nothing_else_is_known_it_is_the_mean():
    assert ConditionalMean().fill(FARE) == 12.5
    assert ConditionalMean().fill(NO_FARE) is None


def test_categories_have_no_mean():
    with pytest.raises(ValueError, match="company is categorical"):
        ConditionalMean().fill(COMPANY)


def test_one_other_feature_predicts_by_its_correlation():
    weights = ConditionalMean(ridge=0.25).coefficients(np.array([[1.0, 0.5], [0.5, 1.0]]), 1)
    assert weights == pytest.approx([0.5 / 1.25, 0.0])


@pytest.mark.parametrize("target", range(6))
def test_solves_the_normal_equations(target):
    x = np.random.default_rng(0).normal(size=(300, 6))
    x[:, 1] += x[:, 0]
    correlation, others = np.corrcoef(x.T), [i for i in range(6) if i != target]
    expected = np.linalg.solve(correlation[np.ix_(others, others)] + 0.01 * np.eye(5), correlation[others, target])
    weights = ConditionalMean().coefficients(correlation, target)
    assert weights[others] == pytest.approx(expected, abs=1e-12)
    assert weights[target] == 0.0


def test_copies_share_the_weight():
    correlation = np.array([[1.0, 1.0, 0.8], [1.0, 1.0, 0.8], [0.8, 0.8, 1.0]])
    weights = ConditionalMean().coefficients(correlation, 2)
    assert weights[0] == pytest.approx(weights[1])
    assert weights.sum() == pytest.approx(0.8, rel=0.01)


def test_correlations_that_contradict_each_other_give_modest_weights():
    correlation = np.array([[1.0, 0.9, -0.9], [0.9, 1.0, 0.9], [-0.9, 0.9, 1.0]])
    weights = ConditionalMean().coefficients(correlation, 0)
    assert weights[0] == 0.0
    assert np.abs(weights).max() < 1.0


@pytest.mark.parametrize("ridge", [0.0, -1.0, float("nan"), float("inf")])
def test_refuses_no_penalty(ridge):
    with pytest.raises(ValidationError):
        ConditionalMean(ridge=ridge)

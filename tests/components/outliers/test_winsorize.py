import math

import pytest
from pydantic import ValidationError

from components.interfaces import NumericSummary
from components.outliers.winsorize import Winsorize

AGE = NumericSummary("age", 50, 0, 40.0, 9.0, 41.0, 0.0, 120.0, {0.001: 1.0, 0.999: 101.0, 0.1: 18.0, 0.9: 77.0})
NO_AGE = NumericSummary("age", 0, 7, 0.0, 0.0, 0.0, 0.0, 0.0, {0.001: 0.0, 0.999: 0.0})


def test_bounds_are_the_quantiles():
    assert Winsorize().bounds(AGE, None) == (1.0, 101.0)
    assert Winsorize(lower=0.1, upper=0.9).bounds(AGE, (0.0, 90.0)) == (18.0, 77.0)
    assert Winsorize(lower=0.1, upper=0.9).quantiles == (0.1, 0.9)


def test_nothing_to_learn_from():
    assert Winsorize().bounds(NO_AGE, None) == (-math.inf, math.inf)


def test_mean_and_deviation_stay():
    assert Winsorize().scaling(AGE) is None


@pytest.mark.parametrize("limits", [{"lower": 0.5, "upper": 0.5}, {"lower": 0.9, "upper": 0.1}])
def test_lower_must_be_below_upper(limits):
    with pytest.raises(ValidationError, match="lower must be less than upper"):
        Winsorize(**limits)


@pytest.mark.parametrize("limits", [{"lower": -0.1}, {"upper": 1.1}, {"upper": float("nan")}])
def test_limits_are_probabilities(limits):
    with pytest.raises(ValidationError):
        Winsorize(**limits)

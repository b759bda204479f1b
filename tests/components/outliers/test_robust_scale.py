import dataclasses
import math

from components.outliers.robust_scale import RobustScale
from tests.components.imputers.summaries import FARE, NO_FARE

QUARTERS = dataclasses.replace(FARE, quantiles={0.25: 5.0, 0.75: 15.0})


def test_scales_by_the_quartiles():
    assert RobustScale().scaling(QUARTERS) == (8.0, 10.0)
    assert RobustScale().quantiles == (0.25, 0.75)


def test_cuts_nothing_off():
    assert RobustScale().bounds(QUARTERS, (0.0, 1.0)) == (-math.inf, math.inf)


def test_equal_quartiles_or_no_values_leave_mean_and_deviation():
    assert RobustScale().scaling(dataclasses.replace(FARE, quantiles={0.25: 8.0, 0.75: 8.0})) is None
    assert RobustScale().scaling(NO_FARE) is None

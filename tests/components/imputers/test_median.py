import pytest

from components.imputers.median import Median
from tests.components.imputers.summaries import COMPANY, FARE, NO_FARE


def test_fills_with_the_median():
    assert Median().fill(FARE) == 8.0


def test_nothing_to_learn_from():
    assert Median().fill(NO_FARE) is None


def test_categories_have_no_median():
    with pytest.raises(ValueError, match="company is categorical"):
        Median().fill(COMPANY)

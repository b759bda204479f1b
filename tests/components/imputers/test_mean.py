import pytest

from components.imputers.mean import Mean
from tests.components.imputers.summaries import COMPANY, FARE, NO_FARE


def test_fills_with_the_mean():
    assert Mean().fill(FARE) == 12.5


def test_nothing_to_learn_from():
    assert Mean().fill(NO_FARE) is None


def test_categories_have_no_mean():
    with pytest.raises(ValueError, match="company is categorical"):
        Mean().fill(COMPANY)

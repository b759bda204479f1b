import pytest

from components.imputers.most_frequent import MostFrequent
from components.interfaces import CategoricalSummary
from tests.components.imputers.summaries import COMPANY, FARE, NO_COMPANY


def test_fills_with_the_commonest_and_of_equals_the_first_by_name():
    assert MostFrequent().fill(COMPANY) == "a"
    assert MostFrequent().fill(CategoricalSummary("company", 3, 0, {"a": 1, "b": 2})) == "b"


def test_nothing_to_learn_from():
    assert MostFrequent().fill(NO_COMPANY) is None
    assert MostFrequent().fill(CategoricalSummary("company", 0, 3, {"a": 0})) is None


def test_numbers_have_no_categories():
    with pytest.raises(ValueError, match="fare is numeric"):
        MostFrequent().fill(FARE)


def test_booleans_are_categories():
    assert MostFrequent().fill(CategoricalSummary("paid", 5, 0, {"0": 2, "1": 3})) == "1"

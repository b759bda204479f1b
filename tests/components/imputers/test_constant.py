import pytest
from pydantic import ValidationError

from components.imputers.constant import Constant
from tests.components.imputers.summaries import COMPANY, FARE, NO_COMPANY, NO_FARE


def test_fills_with_its_value_whatever_train_has():
    assert Constant(value=-1).fill(FARE) == Constant(value=-1).fill(NO_FARE) == -1.0
    assert Constant(value="unknown").fill(COMPANY) == Constant(value="unknown").fill(NO_COMPANY) == "unknown"


def test_a_number_becomes_the_text_of_a_category():
    assert Constant(value=-1).fill(COMPANY) == "-1"
    assert Constant(value=0.5).fill(COMPANY) == "0.5"


def test_a_text_does_not_fit_numbers():
    with pytest.raises(ValueError, match="needs a number, got 'unknown'"):
        Constant(value="unknown").fill(FARE)


@pytest.mark.parametrize("value", [True, None, [1], float("nan"), float("inf")])
def test_refuses_what_is_neither(value):
    with pytest.raises(ValidationError):
        Constant(value=value)

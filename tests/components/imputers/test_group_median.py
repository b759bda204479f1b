import dataclasses

import pytest
from pydantic import ValidationError

from components.imputers.group_median import GroupMedian
from tests.components.imputers.summaries import COMPANY, FARE, NO_FARE


@pytest.mark.parametrize(("present", "expected"), [(19, None), (20, 8.0), (21, 8.0)])
def test_a_group_needs_twenty_values(present, expected):
    assert GroupMedian(by="company").fill(dataclasses.replace(FARE, present=present)) == expected


def test_fewer_will_do_when_told_but_not_none():
    assert GroupMedian(by="company", min_rows=0).fill(FARE) == 8.0
    assert GroupMedian(by="company", min_rows=0).fill(NO_FARE) is None


def test_categories_have_no_median():
    with pytest.raises(ValueError, match="company is categorical"):
        GroupMedian(by="company").fill(COMPANY)


@pytest.mark.parametrize("parameters", [{}, {"by": ""}, {"by": "company", "min_rows": -1}])
def test_refuses_what_names_no_group(parameters):
    with pytest.raises(ValidationError):
        GroupMedian(**parameters)

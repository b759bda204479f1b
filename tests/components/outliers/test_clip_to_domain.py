import math

import pytest

from components.outliers.clip_to_domain import ClipToDomain
from tests.components.imputers.summaries import FARE, NO_FARE


@pytest.mark.parametrize(
    ("domain", "expected"),
    [((0.0, 9.0), (0.0, 9.0)), ((None, 9.0), (-math.inf, 9.0)), ((0.0, None), (0.0, math.inf))],
)
def test_bounds_are_the_domain_whatever_train_has(domain, expected):
    assert ClipToDomain().bounds(FARE, domain) == ClipToDomain().bounds(NO_FARE, domain) == expected


@pytest.mark.parametrize("domain", [None, (None, None)])
def test_without_a_domain_it_says_so(domain):
    with pytest.raises(ValueError, match="fare has no domain in the schema"):
        ClipToDomain().bounds(FARE, domain)

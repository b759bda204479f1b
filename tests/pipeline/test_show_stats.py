"""`retrain show RUN stats`: the course of what is missing."""

import pytest

from pipeline.show import show
from pipeline.show.tables import sparkline
from tests import factories
from tests.pipeline.printed import printed


@pytest.mark.parametrize(
    ("shares", "bars"),
    [
        ([0.0, 0.0, 0.001], "▁▁▁"),
        ([0.0, 0.0, 0.4], "▁▁█"),
        ([0.1, 0.1], "██"),
        ([0.05, None], "▅ "),
        ([None], ""),
    ],
)
def test_next_to_nothing_looks_like_it(shares, bars):
    assert sparkline(shares, floor=0, least=0.1) == bars


def test_a_fare_that_is_suddenly_missing_stands_out():
    shown = printed(show(factories.blocked(), "stats"))
    line = next(line for line in shown.splitlines() if line.startswith("fare "))
    assert line.split()[-1] == "▁▁▁█"

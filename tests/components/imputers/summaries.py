"""Summaries for the tests of imputers."""

from components.interfaces import CategoricalSummary, NumericSummary

FARE = NumericSummary("fare", 5, 2, mean=12.5, deviation=3.0, median=8.0, minimum=1.0, maximum=50.0)
NO_FARE = NumericSummary("fare", 0, 7, mean=0.0, deviation=0.0, median=0.0, minimum=0.0, maximum=0.0)
COMPANY = CategoricalSummary("company", 7, 3, {"b": 3, "a": 3, "c": 1})
NO_COMPANY = CategoricalSummary("company", 0, 10, {})

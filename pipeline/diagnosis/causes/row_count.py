"""Fewer rows, or far more."""

from __future__ import annotations

import dataclasses

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.causes._spans import cut_off
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family

#: What is left of a span that was cut off is no fair sample of it: it can differ in anything.
SELECTED = tuple(
    f"{code}*"
    for code in (
        *("covariate_drift", "constant_fill", "missing_values", "missing_by_label", "outliers", "unit_change"),
        *("label_shift", "class_lost"),
    )
)


class RowCount(Cause):
    """The span has another size than those before: part of it was lost, or it came twice."""

    family = Family.DATA

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        cut = cut_off(case)
        title = "more than half of the rows were lost" if cut else "the span has an unusual number of rows"
        found = _findings.suspect(case, ("row_count",), title, weight=2.0 if cut else 0.7)
        return dataclasses.replace(found, explains=SELECTED) if found is not None and cut else found

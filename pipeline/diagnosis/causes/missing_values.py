"""More values are missing than before."""

from __future__ import annotations

import dataclasses

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.causes._spans import span_before
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family

#: Rows without any feature are alike, whatever their labels; from this share on they are not few.
BLANK = 0.01
INPUTS = ("numeric", "categorical", "text")
ALIKE = ("duplicates*", "label_noise*")


class MissingValues(Cause):
    """A feature lost values: what was filled in says nothing, and the model leans on it less, or wrongly."""

    family = Family.DATA
    explains = ("covariate_drift", "misleading_fill", "missing_by_label", "outliers", "concept_drift*")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        codes = ("missing_shift", "all_missing", "missing_fraction")
        found = _findings.suspect(case, codes, "values of {names} are missing that were there before", weight=1.5)
        share = blank(case) if found is not None else 0.0
        if found is None or share < BLANK:
            return found
        return dataclasses.replace(found, title=f"{share:.0%} of the rows have no value of any feature", explains=ALIKE)


def blank(case: Case) -> float:
    """Share of the newest rows that can have no value of any feature, less that of the span before."""
    before = span_before(case)
    if before is None or case.run.data is None:
        return 0.0
    now, then = (
        min((f.missing_share for f in s.features.values() if f.kind in INPUTS), default=0.0)
        for s in (case.run.data.newest, before)
    )
    return now - then

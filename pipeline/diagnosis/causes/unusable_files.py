"""Files that cannot be used."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family

CODES = (
    "unreadable_file",
    "empty_file",
    "duplicate_column",
    "no_labelled_rows",
    "empty_split",
    "sample_weight",
    "label_amount",
)


class UnusableFiles(Cause):
    """A file is damaged, empty or contradicts itself, or too few of its rows can be trained on: nothing was trained."""

    family = Family.DATA
    explains = ("row_count", "missing_values", "schema_change")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        return _findings.suspect(case, CODES, "the data cannot be used as they were delivered ({names})", weight=2.0)

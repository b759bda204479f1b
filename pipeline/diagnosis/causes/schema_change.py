"""The data no longer have the form that the schema describes."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.causes._shapes import exchanged
from pipeline.diagnosis.interfaces import Cause, Suspicion
from pipeline.wording import clean
from schemas.diagnosis import Evidence, Family, Remedy
from schemas.findings import Severity

CODES = ("schema_*", "lost_column", "header_mismatch", "column_type", "missing_label")


#: Codes that the exchange of two columns explains.
OF_TWO = ("unit_change", "outliers", "constant_fill", "missing_by_label", "leakage", "label_noise*")
#: Odds of two columns whose distributions changed places.
EXCHANGED = 80.0


class SchemaChange(Cause):
    """A column was renamed, lost, has another type, or changed places with another one."""

    family = Family.DATA
    explains = ("missing_values", "covariate_drift", "concept_drift*")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        title = "the form of the data changed ({names})"
        # What only warns of the schema, like a column that it lacks, does not reach the model.
        found = _findings.suspect(case, CODES, title, weight=2.0, least=Severity.BLOCK)
        return found or _exchanged(case)


def _exchanged(case: Case) -> Suspicion | None:
    """Two columns that have each other's values."""
    found = None if case.same_data else exchanged(case)
    if found is None:
        return None
    a, b, share = found
    text = f"In {share:.0%} of the rows {clean(a)} has values as {clean(b)} had them before, and the other way round."
    remedy = Remedy(text=f"Look at how {clean(a)} and {clean(b)} are written; bring them back to the places of before.")
    seen = (Evidence(text=text, where="stats", numbers={"share": share}),)
    return Suspicion(EXCHANGED, f"{clean(a)} and {clean(b)} changed places", seen, remedy, (a, b), OF_TWO)

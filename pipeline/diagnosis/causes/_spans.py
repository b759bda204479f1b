"""The span before, to hold the newest one against."""

from __future__ import annotations

import math

from pipeline.diagnosis.case import Case
from schemas.evidence import QUANTILES, SpanEvidence

LOWER, MIDDLE, UPPER = (QUANTILES.index(q) for q in (0.25, 0.5, 0.75))

#: Shares of categories move by this much from span to span.
SAME = 0.02


def span_before(case: Case) -> SpanEvidence | None:
    """The span before: of the run's own window, else the newest of the reference."""
    evidence = case.run.data
    if evidence is not None and len(evidence.spans) > 1:
        return evidence.spans[-2]
    if case.reference is not None and case.reference.data is not None and not case.same_data:
        return case.reference.data.newest
    return None


def bulk_moved(case: Case, feature: str) -> bool:
    """Whether the median of a numeric feature lies outside of the middle half of the span before: most values moved, not a few."""
    before = span_before(case)
    then = before.features.get(feature) if before is not None else None
    now = case.run.data.newest.features.get(feature) if case.run.data is not None else None
    if then is None or now is None or not then.quantiles or not now.quantiles:
        return False
    return not then.quantiles[LOWER] <= now.quantiles[MIDDLE] <= then.quantiles[UPPER]


def renamed(case: Case, feature: str) -> bool:
    """Whether one category took the rows of one other, and all others kept theirs: another name. A fill takes some of every category.

    Shares may differ by `SAME`, or by the size of three standard errors of a share.
    """
    before = span_before(case)
    then = before.features.get(feature) if before is not None else None
    now = case.run.data.newest.features.get(feature) if case.run.data is not None else None
    if then is None or now is None or not then.values or not now.values or not then.rows or not now.rows:
        return False
    names = then.values.keys() | now.values.keys()
    change = {n: now.values.get(n, 0) / now.rows - then.values.get(n, 0) / then.rows for n in names}
    near = max(SAME, 1.5 * math.sqrt(1 / then.rows + 1 / now.rows))
    up, down = max(change, key=lambda n: change[n]), min(change, key=lambda n: change[n])
    rest = [abs(v) for n, v in change.items() if n not in (up, down)]
    gaps = abs(now.missing / now.rows - then.missing / then.rows)
    return len(then.values) > 2 and change[up] > near and max([abs(change[up] + change[down]), gaps, *rest]) <= near

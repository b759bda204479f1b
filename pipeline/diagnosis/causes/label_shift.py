"""The shares of the classes moved."""

from __future__ import annotations

import math

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.causes._spans import span_before
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy

#: A single class whose share became half or double, by four standard errors: one among many hardly moves a measure of all.
TIMES, ERRORS = 2.0, 4.0
#: Odds of that, as of a warning.
ODDS = 5.0


class LabelShift(Cause):
    """Other shares of the classes than before. Features that depend on the label move with it: labels are looked at first."""

    family = Family.DATA
    explains = ("covariate_drift*", "class_imbalance", "concept_drift*", "row_count*")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        found = _findings.suspect(case, ("label_shift",), "the shares of the classes moved ({names})")
        return found if found is not None or case.same_data else _of_one(case)


def _of_one(case: Case) -> Suspicion | None:
    """By classes one at a time, where the check saw nothing in all of them together."""
    before = span_before(case)
    if before is None or case.run.data is None:
        return None
    then, now = before.label_counts, case.run.data.newest.label_counts
    n, m = sum(then.values()), sum(now.values())
    if not n or not m:
        return None
    seen = []
    for label in sorted(then.keys() | now.keys()):
        old, new, both = (
            then.get(label, 0) / n,
            now.get(label, 0) / m,
            (then.get(label, 0) + now.get(label, 0)) / (n + m),
        )
        error = math.sqrt(both * (1 - both) * (1 / n + 1 / m))
        if abs(new - old) > ERRORS * error and max(old, new) >= TIMES * min(old, new):
            text = f"Class {label!r} was {old:.1%} of the rows and is {new:.1%}."
            seen.append((label, Evidence(text=text, where="stats", numbers={"share_before": old, "share": new})))
    if not seen:
        return None
    names = tuple(label for label, _ in seen)
    remedy = Remedy(
        text="Find out why the class comes more or less often; widen data.window so that earlier rows of it are learned from."
    )
    title = f"the share of class {_findings.named(names)} moved"
    return Suspicion(ODDS, title, tuple(e for _, e in seen), remedy, names)

"""Features moved."""

from __future__ import annotations

import dataclasses

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.causes._by_label import about_labels, apart_from_labels, with_one_class
from pipeline.diagnosis.causes._shapes import cut_off_at, rounded
from pipeline.diagnosis.interfaces import Cause, Suspicion
from pipeline.wording import clean
from schemas.diagnosis import Family

CODES = ("numeric_drift", "category_drift", "unseen_category", "image_drift", "domain_drift")

#: Inputs move for many a reason; where a choice of rows by a feature changed the shares of the labels as well, it comes before those.
WEIGHT, CHOSEN = 0.8, 1.2
OF_A_CHOICE = ("label_shift*", "class_lost*", "row_count*")


class CovariateDrift(Cause):
    """The inputs are not what they were. Only a cause where nothing says why they moved."""

    family = Family.DATA
    explains = ("concept_drift*", "outliers", "constant_fill")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        chosen = bool(apart_from_labels(case))
        weight, explains = (CHOSEN, OF_A_CHOICE) if chosen else (WEIGHT, ())
        found = _findings.suspect(case, CODES, "the inputs moved: {names}", weight=weight, but=about_labels(case))
        if found is None:
            return None
        return dataclasses.replace(found, title=_title(case, found), explains=explains)


def _title(case: Case, found: Suspicion) -> str:
    """What happened, where that is known."""
    name = found.subjects[0]
    if rounded(case, name):
        return f"values of {clean(name)} are rounded to a few steps"
    cap = cut_off_at(case, name)
    if cap is not None:
        return f"values of {clean(name)} are cut off at {cap:.6g}"
    single = [(f, with_one_class(case, f)) for f in case.findings("constant_fill") if f.subject in found.subjects]
    for f, label in single:
        if label is not None:
            return f"rows of class {clean(label)!r} have a category of their own in {clean(f.subject)}"
    joint = case.findings("domain_drift")
    if joint and found.subjects == (joint[0].subject,) and joint[0].observed.get("features"):
        return f"features no longer go together as before: {clean(str(joint[0].observed['features']))}"
    return found.title

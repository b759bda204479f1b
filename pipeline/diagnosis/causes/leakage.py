"""Something in train gives test away."""

from __future__ import annotations

import math

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _findings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family
from schemas.findings import Finding, Severity

#: A feature that told the label little, and tells nearly all of it in the next span, does not do so by chance: also where it only warns.
#: A feature that the reference does not know is news as well; without a reference it may always have been that
#: good, and where the classes have other shares it is held against other rows.
RISEN, UNKNOWN, FIRST = 8.0, 4.0, 1.0
#: Risen is what is this many standard errors better than before, with less than this part of the errors.
ERRORS, LEFT = 2.5, 0.5


class Leakage(Cause):
    """A feature that holds the label, or test rows that training has seen: the numbers are too good, in one of the two runs."""

    family = Family.EVALUATION
    explains = (
        *("duplicates", "overfitting*", "concept_drift*"),
        *("constant_fill", "covariate_drift", "outliers", "schema_change", "unit_change"),
    )

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        codes = ("label_leak", "split_leakage", "trained_test_rows", "future_rows", "frozen_test")
        told = case.findings("label_leak")
        risen = {f.subject: _risen(case, f) for f in told}
        usual = [f for f in told if risen[f.subject] is False and f.severity is Severity.WARN]
        others = any(f.severity is Severity.BLOCK for f in case.findings("label_shift"))
        weight = 2.0
        if told and told[0].severity is Severity.WARN:
            weight = FIRST if others or not case.reference else RISEN if any(risen.values()) else UNKNOWN
        return _findings.suspect(case, codes, "training sees what it is tested on ({names})", weight=weight, but=usual)


def _risen(case: Case, finding: Finding) -> bool | None:
    """Whether a feature tells the label clearly better than it did in the reference; None where that is not known.

    Good features lie about the limit of the check, and pass or warn by chance.
    """
    before = case.reference.findings if case.reference is not None else []
    old = next((f for f in before if (f.code, f.subject) == (finding.code, finding.subject)), None)
    if old is None:
        return None
    pairs = [(old.observed.get(n), finding.observed.get(n)) for n in ("auc", "mean_auc")]
    known = [(a, b) for a, b in pairs if isinstance(a, float) and isinstance(b, float)]
    return any(_better(a, b, old, finding) for a, b in known) if known else None


def _better(before: float, now: float, old: Finding, new: Finding) -> bool:
    """Whether an AUC is beyond chance, and with a fraction of the errors, what it was."""
    blur = math.hypot(_error(before, old), _error(now, new))
    return 1 - now <= LEFT * (1 - before) and now - before > ERRORS * blur


def _error(auc: float, finding: Finding) -> float:
    """Standard error of an AUC (J. A. Hanley, B. J. McNeil, Radiology 143 (1982)); 1 where the rows are not known."""
    rows, count = finding.observed.get("rows"), finding.observed.get("rows_of_class")
    if not isinstance(rows, int) or not isinstance(count, int) or not 0 < count < rows:
        return 1.0
    one, two, rest = auc / (2 - auc), 2 * auc**2 / (1 + auc), rows - count
    variance = auc * (1 - auc) + (count - 1) * (one - auc**2) + (rest - 1) * (two - auc**2)
    return math.sqrt(max(0.0, variance) / (count * rest))

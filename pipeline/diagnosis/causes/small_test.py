"""The test set is too small to tell."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Outcome, Remedy

#: An interval this wide holds anything.
WIDE = 0.05
#: Odds where the reference had more than twice as many test rows; about as many, so that it is how things are; or nothing is known of that.
SHRUNK, AS_BEFORE, NEVER_KNOWN = 12.0, 3.0, 6.0


class SmallTest(Cause):
    """The interval of the change is so wide that neither better nor worse can be said."""

    family = Family.EVALUATION

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        c = case.comparison
        if c.outcome is not Outcome.CANNOT_TELL or c.low is None or c.high is None or c.high - c.low < WIDE:
            return None
        rows = case.run.evaluation.overall.rows if case.run.evaluation is not None else 0
        text = f"The change of {c.metric} lies between {c.low:+.3f} and {c.high:+.3f}, measured on {rows:,} test rows."
        seen = [Evidence(text=text, where="metrics", numbers={"low": c.low, "high": c.high, "rows": rows})]
        before = case.reference.evaluation.overall.rows if case.reference and case.reference.evaluation else None
        odds = NEVER_KNOWN
        if before is not None:
            shrunk = 2 * rows < before
            odds = SHRUNK if shrunk else AS_BEFORE
            seen += [Evidence(text=f"The reference was measured on {before:,}.", where="metrics")] if shrunk else []
        remedy = Remedy(text="Hold out more rows (data.split.test), or widen data.window.")
        return Suspicion(odds, "the test set is too small to tell", tuple(seen), remedy)

"""A class is gone, or nearly."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy
from schemas.run_record import RunRecord

#: A class is as good as lost below this part of the share it had.
LEFT = 0.1


class ClassLost(Cause):
    """A class that the reference's newest span had is not in this one, or nearly not."""

    family = Family.DATA
    explains = ("label_shift", "class_imbalance*", "covariate_drift*", "concept_drift*", "row_count*")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        before, now = shares(case.reference), shares(case.run)
        if not before or not now or case.same_data:
            return None
        lost = [v for v in sorted(before) if before[v] > 0.005 and now.get(v, 0.0) < LEFT * before[v]]
        if not lost:
            return None
        seen = tuple(
            Evidence(
                text=f"Class {v!r} was {before[v]:.1%} of the rows and is {now.get(v, 0.0):.1%}.",
                where="findings label_shift",
                numbers={"share_before": before[v], "share": now.get(v, 0.0)},
            )
            for v in lost
        )
        text = "Find out why rows of the class no longer come; widen data.window so that earlier ones are learned from."
        return Suspicion(60.0, f"class {lost[0]!r} is gone from the newest data", seen, Remedy(text=text), tuple(lost))


def shares(record: RunRecord | None) -> dict[str, float]:
    """Label value -> its share of the rows of the newest span."""
    if record is None or record.data is None or not record.data.spans:
        return {}
    counts = record.data.newest.label_counts
    total = sum(counts.values())
    return {v: n / total for v, n in counts.items()} if total else {}

"""The learning rate never came down."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _curves
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy

#: Without decay a loss jumps; where it does not, decay would have done little.
CHANGED, JUMPS = 3.0, 3.0


class NoDecay(Cause):
    """The loss stays on a plateau where a lower learning rate would take it further."""

    family = Family.TRAINING
    explains = ("config_changed",)

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        course, change = _curves.course(case.run), case.change("train.reduce_lr")
        if course is None or case.setting("train.reduce_lr") or case.setting("train.schedule"):
            return None
        seen, odds = [], 1.0
        if change is not None:
            seen.append(
                Evidence(
                    text="The learning rate was lowered on a plateau before, and no longer is.", where="train.reduce_lr"
                )
            )
            odds *= CHANGED
        if course.jumps >= 0.2:
            text = f"At one learning rate throughout, the loss on eval rose clearly after {course.jumps:.0%} of the epochs."
            seen.append(Evidence(text=text, where="curves", numbers={"share": course.jumps}))
            odds *= JUMPS
        if not seen:
            return None
        remedy = Remedy(
            text="Lower the learning rate on a plateau.", overrides=("train.reduce_lr={factor: 0.1, patience: 2}",)
        )
        return Suspicion(odds, "the learning rate is never lowered", tuple(seen), remedy, ("train.reduce_lr",))

"""A time limit ended the run."""

from __future__ import annotations

from pipeline import time_limit
from pipeline.diagnosis.case import Case
from pipeline.diagnosis.interfaces import Cause, Suspicion
from pipeline.wording import clean, duration
from schemas.diagnosis import Evidence, Family, Remedy

#: It is what ended the run: recorded, not inferred.
KNOWN = 1e6
#: Settings that are named, at most.
MOST = 3


class TooSlow(Cause):
    """The run, or a stage, took longer than `schedule.timeout` or `schedule.stage_timeouts` allow: it was ended."""

    family = Family.SETTING

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        limit = case.run.time_limit
        if limit is None:
            return None
        what = "the run" if limit.whole else f"stage {clean(limit.stage)}"
        numbers = {"limit": limit.seconds, "longest": max(limit.earlier, default=None), "growth": limit.growth}
        texts = time_limit.evidence(limit)
        seen = [Evidence(text=texts[0], where=limit.setting, numbers=numbers)]
        seen += [Evidence(text=text) for text in texts[1:]]
        # Only where it was slower than ever: what else can be the reason.
        seen += [] if time_limit.too_tight(limit) else _settings(case)
        remedy = Remedy(text=time_limit.remedy(limit, case.run.log))
        title = f"{what} took longer than the {duration(limit.seconds)} of {limit.setting}"
        return Suspicion(KNOWN, title, tuple(seen), remedy, (limit.setting,))


def _settings(case: Case) -> list[Evidence]:
    """Settings that ask for another amount of work than the reference's."""
    changed = [c for c in case.changes if c.path.startswith(("train.", "transform.", "data.window"))]
    return [Evidence(text=f"{c.path} is {c.after}, and was {c.before}.", where=c.path) for c in changed[:MOST]]

"""Something else in the configuration changed."""

from __future__ import annotations

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes import _curves, _settings
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Family, Remedy

#: Sections that change the model or what it is measured by.
MATTERS = ("train", "transform", "data", "evaluate")
#: With everything else as it was, what changed is what did it.
ALONE, BESIDE = 12.0, 2.0
#: New data seldom make train itself harder to fit; other settings, or fewer features, do.
LEARNED_LESS = 3.0


class ConfigChanged(Cause):
    """Settings differ from the reference's, and no cause of its own looks at them."""

    family = Family.SETTING

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        found = [c for c in case.changes if c.path.split(".")[0] in MATTERS and c.path != "train.seed"]
        if not found:
            return None
        odds = ALONE if case.same_data and case.same_code else BESIDE
        seen = list(map(_settings.told, found[:4]))
        less = _curves.learned_less(case)
        if less is not None:
            seen.append(less)
            odds *= LEARNED_LESS
        back = tuple(_settings.back(c) for c in found if c.before is not None)
        remedy = Remedy(text="Take the settings of before, one by one.", overrides=back)
        paths = tuple(c.path for c in found)
        return Suspicion(
            odds,
            f"the configuration changed ({', '.join(paths[:3])})",
            tuple(seen),
            remedy,
            paths,
        )

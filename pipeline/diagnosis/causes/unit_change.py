"""A feature comes in another unit."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy
from schemas.evidence import DataEvidence

#: A line explains all but this share of the new quantiles' variance where only the unit changed.
LEFT = 0.01
#: Smaller changes of scale are drift.
SCALE = 1.25
#: Quantiles 1 % to 99 %: the extremes are single rows.
INNER = slice(1, -1)


class UnitChange(Cause):
    """All quantiles of a feature are the old ones times a factor (cents for dollars), or on a line with them (Fahrenheit for Celsius)."""

    family = Family.DATA
    explains = ("covariate_drift", "outliers", "schema_change", "missing_values")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        if case.run.data is None:
            return None
        before = self._before(case)
        found: list[tuple[str, float, float]] = []
        for name, now in case.run.data.newest.features.items():
            then = before.get(name)
            line = straight(then, now.quantiles) if then and now.quantiles else None
            if line is not None:
                found.append((name, *line))
        if not found:
            return None
        seen = tuple(
            Evidence(
                text=f"{name}: the quantiles are those of before times {factor:.4g}"
                + (f" plus {offset:.4g}." if offset else "."),
                where="stats",
                numbers={"factor": factor, "offset": offset},
            )
            for name, factor, offset in found
        )
        names = tuple(n for n, *_ in found)
        text = f"Bring {names[0]} back to the unit of before where it is delivered, or convert the earlier spans."
        return Suspicion(80.0, f"{', '.join(names[:3])} came in another unit", seen, Remedy(text=text), names)

    @staticmethod
    def _before(case: Case) -> dict[str, list[float]]:
        """Feature -> quantiles of the span before: of the run's own window, else of the reference."""
        evidence: DataEvidence | None = case.run.data
        if evidence is not None and len(evidence.spans) > 1:
            older = evidence.spans[-2]
        elif case.reference is not None and case.reference.data is not None and not case.same_data:
            older = case.reference.data.newest
        else:
            return {}
        return {n: f.quantiles for n, f in older.features.items() if f.quantiles}


def straight(before: Sequence[float], now: Sequence[float]) -> tuple[float, float] | None:
    """Factor and offset of the line from the old quantiles to the new ones; None when it is no change of unit.

    The offset is 0 where a factor alone fits as well.
    """
    x, y = list(before[INNER]), list(now[INNER])
    if len(x) != len(y) or len(set(x)) < 5 or len(set(y)) < 5:
        return None
    mx, my = math.fsum(x) / len(x), math.fsum(y) / len(y)
    sxx = math.fsum((a - mx) ** 2 for a in x)
    syy = math.fsum((b - my) ** 2 for b in y)
    factor = math.fsum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / sxx
    offset = my - factor * mx
    left = math.fsum((b - factor * a - offset) ** 2 for a, b in zip(x, y, strict=True)) / syy
    if left > LEFT or factor <= 0 or 1 / SCALE < factor < SCALE:
        return None
    plain = math.fsum(a * b for a, b in zip(x, y, strict=True)) / math.fsum(a * a for a in x)
    bare = math.fsum((b - plain * a) ** 2 for a, b in zip(x, y, strict=True)) / syy
    return (plain, 0.0) if bare <= max(LEFT, 2 * left) else (factor, offset)

"""A feature comes in another unit."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes._spans import span_before
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy
from schemas.evidence import FeatureEvidence, SpanEvidence

#: A line explains all but this share of the new quantiles' variance where only the unit changed; few rows blur quantiles: `blur`.
LEFT = 0.01
#: Smaller changes of scale are drift.
SCALE = 1.25
#: Quantiles 5 % to 95 %: further out, single rows decide.
INNER = slice(3, -3)
#: (factor, offset) that people mix up: powers of ten, time, length, weight, energy, temperature. Their inverses count as well.
KNOWN = (
    *((10.0**k, 0.0) for k in range(1, 10)),
    *((f, 0.0) for f in (7.0, 12.0, 24.0, 60.0, 3600.0, 86400.0, 2.54, 3.2808, 1.6093, 2.2046, 4.184, 28.35, 18.0182)),
    (1.8, 32.0),
)
#: Odds of a factor that people mix up, of another large one, and of one that may be a drift.
SURE, LARGE, SMALL = 120.0, 40.0, 6.0
#: Where more than this share of values went missing, or the classes have other shares, the quantiles are those of other rows: a line
#: through them says less, unless its factor is beyond what a choice of rows can do.
SELECTED, FAR = 0.1, 5.0


class UnitChange(Cause):
    """All quantiles of a feature are the old ones times a factor (cents for dollars), or on a line with them (Fahrenheit for Celsius)."""

    family = Family.DATA
    explains = ("covariate_drift", "outliers", "schema_change", "missing_values", "concept_drift*")

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        if case.run.data is None:
            return None
        before, now = span_before(case), case.run.data.newest
        found: list[tuple[str, float, float]] = []
        odds, mixed = 0.0, bool(case.findings("label_shift"))
        for name, of in now.features.items():
            then = before.features.get(name) if before is not None else None
            if before is None or then is None or not then.quantiles or not of.quantiles:
                continue
            noise = blur(_rows(before, then), _rows(now, of))
            line = straight(then.quantiles, of.quantiles, noise)
            if line is not None:
                found.append((name, *line))
                share = of.missing / max(1, of.rows) - then.missing / max(1, then.rows)
                other_rows = (mixed or share > SELECTED) and 1 / FAR < line[0] < FAR
                odds = max(odds, min(odds_of(*line, noise), SMALL if other_rows else SURE))
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
        return Suspicion(odds, f"{', '.join(names[:3])} came in another unit", seen, Remedy(text=text), names)


def _rows(span: SpanEvidence, feature: FeatureEvidence) -> int:
    """Values behind the quantiles."""
    return max(1, min(feature.present, span.sampled or feature.present))


def blur(before: int, now: int) -> float:
    """Share of the quantiles' variance that chance makes, for so many values on either side.

    A sample quantile of a normal variable has the variance p(1 - p) / (n f^2); on average over 5 % to 95 % that is 2.1 / n of the
    variable's own. Four times as much is taken, since features have longer tails.
    """
    return 8.4 * (1 / before + 1 / now)


def odds_of(factor: float, offset: float, noise: float) -> float:
    """Odds of a change of unit with this factor and offset."""
    near = 0.03 + 1.5 * math.sqrt(noise / 8.4)
    for known, shift in KNOWN:
        for f, s in ((known, shift), (1 / known, -shift / known)):
            if abs(factor / f - 1) < near and (bool(offset) is bool(s)):
                return SURE
    return LARGE if max(factor, 1 / factor) >= 5 else SMALL


def straight(before: Sequence[float], now: Sequence[float], noise: float) -> tuple[float, float] | None:
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
    limit = max(LEFT, noise)
    if left > limit or factor <= 0 or 1 / SCALE < factor < SCALE:
        return None
    plain = math.fsum(a * b for a, b in zip(x, y, strict=True)) / math.fsum(a * a for a in x)
    bare = math.fsum((b - plain * a) ** 2 for a, b in zip(x, y, strict=True)) / syy
    return (plain, 0.0) if bare <= max(limit, 2 * left) else (factor, offset)

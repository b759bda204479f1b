"""A feature comes in another unit."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.diagnosis.case import Case
from pipeline.diagnosis.causes._shapes import mirrored
from pipeline.diagnosis.causes._spans import LOWER, MIDDLE, UPPER, span_before
from pipeline.diagnosis.interfaces import Cause, Suspicion
from schemas.diagnosis import Evidence, Family, Remedy
from schemas.evidence import QUANTILES, FeatureEvidence, SpanEvidence

#: New quantiles lie on a line with the old ones where their distances from it, in standard errors, have a mean square below `FITS`: 95 % of
#: samples of columns of the taxi data, and of normal, lognormal and exponential variables, times 7.3, stay below 1.7. Something changed
#: where the distances of old and new have one above `DIFFERS`.
FITS, DIFFERS = 2.0, 16.0
#: A factor that is known less sharply than this says nothing.
BLURRED = 0.25
#: Rounding, as a share of the middle half of the values.
ROUNDED = 0.01
#: Smaller changes of scale are drift.
SCALE = 1.25
#: Quantiles 10 % to 90 %: further out, single rows decide.
INNER = range(3, len(QUANTILES) - 3)
#: (factor, offset) that people mix up: powers of ten, time, length, weight, energy, temperature. Their inverses count as well.
KNOWN = (
    *((10.0**k, 0.0) for k in range(1, 10)),
    *((f, 0.0) for f in (7.0, 12.0, 24.0, 60.0, 3600.0, 86400.0, 2.54, 3.2808, 1.6093, 2.2046, 4.184, 28.35, 18.0182)),
    (1.8, 32.0),
)
#: Odds of a factor that people mix up; of another one, from `SCALE` (may be a drift) to `FAR` (the spread of no population grows so).
SURE, LARGE, SMALL = 120.0, 40.0, 4.0
#: Where more than this share of values went missing, or the classes have other shares, the quantiles are those of other rows: a line
#: through them says less, unless its factor is beyond what a choice of rows can do.
SELECTED, FAR = 0.1, 5.0


#: A factor is that of a unit within this share of it, and twice its standard error; one that is known less sharply may be any.
NEAR, SHARP = 0.03, 0.1
#: A median stayed that moved by less than this share of the middle half.
STAYED = 0.15
#: The spread of a feature differs by this share from span to span.
SPANS = 0.1


@dataclass(frozen=True)
class Line:
    """New = `factor` times old plus `offset`; `error` is the standard error of the factor, as a share of it, `blur` that of the offset."""

    factor: float
    offset: float
    error: float
    blur: float = 0.0

    @property
    def least(self) -> float:
        """How far the factor is from 1 at least, as a logarithm: two standard errors less than it seems."""
        return abs(math.log(self.factor)) - 2 * self.error


class UnitChange(Cause):
    """All quantiles of a feature are the old ones times a factor (cents for dollars), or on a line with them (Fahrenheit for Celsius)."""

    family = Family.DATA
    explains = (
        *("covariate_drift", "outliers", "schema_change", "missing_values", "concept_drift*"),
        "constant_fill",  # A value that was frequent has another name now.
    )

    def look(self, case: Case) -> Suspicion | None:
        """See `Cause.look`."""
        if case.run.data is None:
            return None
        before, now = span_before(case), case.run.data.newest
        found: list[tuple[str, Line]] = []
        odds, mixed = 0.0, bool(case.findings("label_shift"))
        for name, of in now.features.items():
            then = before.features.get(name) if before is not None else None
            if before is None or then is None or not then.quantiles or not of.quantiles:
                continue
            line = straight(then.quantiles, of.quantiles, 1 / _rows(before, then) + 1 / _rows(now, of))
            if line is not None:
                found.append((name, line))
                share = of.missing / max(1, of.rows) - then.missing / max(1, then.rows)
                other_rows = (mixed or share > SELECTED) and 1 / FAR < line.factor < FAR
                spread = _spread(then.quantiles, of.quantiles) and not _decimal(line)
                odds = max(odds, min(odds_of(line), SMALL if other_rows or spread else SURE))
            elif mirrored(then, of):
                found.append((name, Line(-1.0, 0.0, 0.0)))
                odds = SURE
        if not found:
            return None
        seen = tuple(
            Evidence(
                text=f"{name}: the quantiles are those of before times {line.factor:.4g}"
                + (f" plus {line.offset:.4g}." if line.offset else "."),
                where="stats",
                numbers={"factor": line.factor, "offset": line.offset},
            )
            for name, line in found
        )
        names = tuple(n for n, *_ in found)
        text = f"Bring {names[0]} back to the unit of before where it is delivered, or convert the earlier spans."
        return Suspicion(odds, f"{', '.join(names[:3])} came in another unit", seen, Remedy(text=text), names)


def _spread(then: Sequence[float], now: Sequence[float]) -> bool:
    """Whether the middle stayed where it was: noise that was added does that, and a unit does not, but for values around 0."""
    return abs(now[MIDDLE] - then[MIDDLE]) <= STAYED * (then[UPPER] - then[LOWER])


def _decimal(line: Line) -> bool:
    """Whether the factor is a power of ten."""
    power = math.log10(line.factor)
    return not line.offset and line.error < SHARP and abs(power - round(power)) * math.log(10) < NEAR + 2 * line.error


def _rows(span: SpanEvidence, feature: FeatureEvidence) -> int:
    """Values behind the quantiles."""
    return max(1, min(feature.present, span.sampled or feature.present))


def odds_of(line: Line) -> float:
    """Odds of a change of unit with this factor and offset."""
    for known, shift in KNOWN:
        for f, s in ((known, shift), (1 / known, -shift / known)):
            # An offset that fits says much by itself: the factor may then be off by what spans differ in anyway.
            fits = abs(line.offset - s) <= NEAR * abs(s) + 2 * line.blur if s else not line.offset
            both = fits and bool(s) and line.blur < SHARP * abs(s)
            near = abs(line.factor / f - 1) < (SPANS if both else NEAR) + 2 * line.error
            if near and fits and (both or line.error < SHARP):
                return SURE
    far = (line.least - math.log(SCALE)) / math.log(FAR / SCALE)
    return float(SMALL * (LARGE / SMALL) ** min(1.0, max(0.0, far)))


def straight(before: Sequence[float], now: Sequence[float], rows: float) -> Line | None:
    """The line from the old quantiles to the new ones; None when it is no change of unit.

    The variance of a sample quantile is p(1 - p) / (n f^2), where 1 / f, the density's inverse, is the slope of the quantiles. It is the
    weight of each in the fit, so that a long tail does not decide alone. The offset is 0 where a factor alone fits as well.

    Args:
        rows: 1 / n of the values behind the old quantiles, plus that behind the new ones.
    """
    x, y = [before[i] for i in INNER], [now[i] for i in INNER]
    if len(set(x)) < 5 or len(set(y)) < 5:
        return None
    middle = ROUNDED * (now[UPPER] - now[LOWER])
    spread = [_slope(now, i) for i in INNER]
    weights = [
        1 / (QUANTILES[i] * (1 - QUANTILES[i]) * rows * s**2 + middle**2) for i, s in zip(INNER, spread, strict=True)
    ]
    line = _fit(x, y, weights)
    plain = math.fsum(w * a * b for w, a, b in zip(weights, x, y, strict=True)) / (
        math.fsum(w * a * a for w, a in zip(weights, x, strict=True)) or 1.0
    )
    if line is None or line.factor <= 0 or _far(x, y, weights, 1.0, 0.0) < DIFFERS:
        return None
    bare = _far(x, y, weights, plain, 0.0)
    left = _far(x, y, weights, line.factor, line.offset)
    if bare <= max(1.0, 2 * left):
        line, left = Line(plain, 0.0, line.error), bare
    return None if left > FITS or line.error > BLURRED or line.least < math.log(SCALE) else line


def _slope(quantiles: Sequence[float], i: int) -> float:
    """Growth of the quantiles around one of them, per unit of probability; over two neighbours on either side, as values may be tied."""
    return (quantiles[i + 2] - quantiles[i - 2]) / (QUANTILES[i + 2] - QUANTILES[i - 2])


def _fit(x: Sequence[float], y: Sequence[float], weights: Sequence[float]) -> Line | None:
    """Weighted least squares."""
    total = math.fsum(weights)
    mx = math.fsum(w * a for w, a in zip(weights, x, strict=True)) / total
    my = math.fsum(w * b for w, b in zip(weights, y, strict=True)) / total
    sxx = math.fsum(w * (a - mx) ** 2 for w, a in zip(weights, x, strict=True))
    if sxx <= 0:
        return None
    factor = math.fsum(w * (a - mx) * (b - my) for w, a, b in zip(weights, x, y, strict=True)) / sxx
    error = 1 / math.sqrt(sxx) / abs(factor) if factor else math.inf
    return Line(factor, my - factor * mx, error, math.sqrt(1 / total + mx**2 / sxx))


def _far(x: Sequence[float], y: Sequence[float], weights: Sequence[float], factor: float, offset: float) -> float:
    """Mean square distance from a line, in standard errors."""
    return math.fsum(w * (b - factor * a - offset) ** 2 for w, a, b in zip(weights, x, y, strict=True)) / len(x)

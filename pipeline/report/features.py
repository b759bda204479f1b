"""One line per feature: what is missing, how it is distributed against the span before, and how far it drifted. No value of a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.report.charts import padded
from pipeline.wording import number, percent
from schemas.evidence import QUANTILES, DataEvidence, FeatureEvidence
from schemas.findings import Finding

#: Units of the drawing, see the macro `shape`.
WIDTH, ROW = 130.0, 11.0
#: What is drawn of numbers: the middle 90 % and 50 % of them, and the median. Never the ends, which are values of single rows.
BOX = (0.05, 0.25, 0.5, 0.75, 0.95)
#: Numbers of fewer rows than this are not drawn: their quantiles would be the values of single rows.
FEW = 20
#: Categories that are drawn: the most frequent ones, without their names.
MOST = 6
#: What is measured of drift, by the check that does.
UNITS = {"numeric_drift": "bits", "category_drift": "l_infinity"}


@dataclass(frozen=True)
class Box:
    """The middle 90 % and 50 % of numbers and their median, as x from left to right; `y` is its centre."""

    ends: tuple[float, float]
    half: tuple[float, float]
    median: float
    y: float


@dataclass(frozen=True)
class Shape:
    """This span (first) and the span before: boxes of numbers, or pairs of bars (x, width, height) of categories; and words."""

    boxes: tuple[Box, ...]
    bars: tuple[tuple[tuple[float, float, float], ...], ...]
    told: str


@dataclass(frozen=True)
class Drift:
    """A distance with its limits (from where on it warns and blocks) and with what chance explains, as texts; `state` is a severity."""

    value: str
    limits: str
    noise: str
    state: str


@dataclass(frozen=True)
class FeatureRow:
    """One feature. `course` is the share that is missing in each span, None where it is not there; `spoken` is it in words."""

    name: str
    kind: str
    missing: str
    course: tuple[float | None, ...]
    spoken: str
    shape: Shape | None
    drift: Drift | None


def feature_rows(data: DataEvidence, findings: Sequence[Finding]) -> list[FeatureRow]:
    """The features of the newest span by name."""
    drifts = {f.subject: f for f in findings if f.code in UNITS and UNITS[f.code] in f.observed}
    before = data.spans[-2] if len(data.spans) > 1 else None
    rows = []
    for name, found in sorted(data.newest.features.items()):
        course = [(s.span, s.features.get(name)) for s in data.spans]
        told = ", ".join(f"span {n}: {percent(f.missing_share) if f else 'not there'}" for n, f in course)
        shares = tuple(f.missing_share if f else None for _, f in course)
        missing = f"{percent(found.missing_share)} ({number(found.missing)})" if found.missing else "0"
        shape = _shape(found, before.features.get(name) if before else None)
        drift = drifts.get(name)
        rows.append(FeatureRow(name, found.kind, missing, shares, told, shape, _drift(drift) if drift else None))
    return rows


def _shape(now: FeatureEvidence, before: FeatureEvidence | None) -> Shape | None:
    sides = [now, *([before] if before else [])]
    if now.quantiles and now.present >= FEW:
        return _numbers([s.quantiles for s in sides if s.quantiles and s.present >= FEW])
    if now.values and now.present:
        return _categories([s.values for s in sides if s.values])
    return None


def _numbers(sides: Sequence[Sequence[float]]) -> Shape:
    taken = [[float(q[QUANTILES.index(at)]) for at in BOX] for q in sides]
    low, high = padded(min(t[0] for t in taken), max(t[-1] for t in taken))

    def x_of(value: float) -> float:
        return round((value - low) / (high - low) * WIDTH, 1)

    boxes = []
    for index, values in enumerate(taken):
        at = [x_of(v) for v in values]
        boxes.append(Box((at[0], at[4]), (at[1], at[3]), at[2], ROW * (index + 0.5)))
    words = [f"median {number(t[2])}, 90 % from {number(t[0])} to {number(t[4])}" for t in taken]
    return Shape(tuple(boxes), (), _told(words))


def _categories(sides: Sequence[dict[str, int]]) -> Shape:
    """Shares of the most frequent categories of this span; both spans in the same order."""
    names = sorted(sides[0], key=lambda v: (-sides[0][v], v))[:MOST]
    shares = [[side.get(n, 0) / (sum(side.values()) or 1) for n in names] for side in sides]
    tallest, step = max(map(max, shares)) or 1.0, WIDTH / MOST
    width = (step - 4) / len(shares)
    bars = tuple(
        tuple(
            (round(i * step + s * width, 1), round(width - 1, 1), round(share / tallest * 2 * ROW, 1))
            for i, share in enumerate(of)
        )
        for s, of in enumerate(shares)
    )
    distinct = [f"{len(side):,} values, the largest shares of them " for side in sides]
    words = [f"{d}{', '.join(percent(s) for s in of)}" for d, of in zip(distinct, shares, strict=True)]
    return Shape((), bars, _told(words))


def _told(words: Sequence[str]) -> str:
    return f"{words[0]}; in the span before: {words[1]}" if len(words) > 1 else words[0]


def _drift(finding: Finding) -> Drift:
    unit = UNITS[finding.code]
    limits = [_short(finding.allowed.get(f"{level}_{unit}"), unit) for level in ("warn", "block")]
    noise = finding.allowed.get(f"warn_noise_{unit}")
    name = "bits" if unit == "bits" else "points"
    value = f"{_short(finding.observed[unit], unit)} {name}"
    return Drift(value, " / ".join(limits), _short(noise, unit), finding.severity.value)


def _short(value: object, unit: str) -> str:
    """Bits as they are, changes of a share in points."""
    if not isinstance(value, int | float):
        return "–"
    return number(float(value) * (1 if unit == "bits" else 100), 2)

"""One line per feature: how it is distributed against the span before, in each split and over the window, what is missing, and how
far it drifted. No value of a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.report.charts import Line, course, padded, trend
from pipeline.wording import number, percent
from schemas.evidence import BOX, QUANTILES, SPLITS, DataEvidence, FeatureEvidence
from schemas.findings import Finding

#: Units of the drawing, see the macro `shape`.
WIDTH, ROW = 130.0, 11.0
#: Numbers of fewer rows than this are not drawn: their quantiles would be the values of single rows. Never drawn are the ends, which
#: are just that.
FEW = 20
#: Categories that are drawn: the most frequent ones, without their names.
MOST = 6
#: What is measured of drift, by the check that does.
UNITS = {"numeric_drift": "bits", "category_drift": "l_infinity"}
#: The same of properties of pictures, which have lines of their own.
PICTURE_UNITS = {"image_drift": "ks", "image_orientation": "kuiper"}
NAMES = {"bits": "bits", "l_infinity": "points", "ks": "KS", "kuiper": "Kuiper"}


@dataclass(frozen=True)
class Box:
    """The middle 90 % and 50 % of numbers and their median, as x from left to right; `y` is its centre."""

    ends: tuple[float, float]
    half: tuple[float, float]
    median: float
    y: float


@dataclass(frozen=True)
class Side:
    """One of what is drawn together: words that introduce it, rows with a value, and what is known of them."""

    told: str
    present: int
    quantiles: Sequence[float] | None
    values: dict[str, int] | None


@dataclass(frozen=True)
class Shape:
    """What is drawn together: boxes of numbers, or bars (x, width, height) of categories, one part a side; and all of it in words."""

    boxes: tuple[Box, ...]
    bars: tuple[tuple[tuple[float, float, float], ...], ...]
    height: float
    told: str


@dataclass(frozen=True)
class Course:
    """A value over the spans of the window, as a curve and in words."""

    line: Line
    told: str


@dataclass(frozen=True)
class Drift:
    """A distance with its limits (from where on it warns and blocks) and with what chance explains, as texts; `state` is a severity."""

    value: str
    warns: str
    blocks: str
    noise: str
    state: str


@dataclass(frozen=True)
class FeatureRow:
    """One feature.

    Attributes:
        line: the share that is missing, over the window; None where nothing ever is. `spoken` is it in words.
        shape: this span and the span before; `splits` is this span in each split.
        typical: the median, or the share of the most frequent category, over the window.
    """

    name: str
    kind: str
    missing: str
    line: Line | None
    spoken: str
    shape: Shape | None
    drift: Drift | None
    splits: Shape | None
    typical: Course | None


def feature_rows(data: DataEvidence, findings: Sequence[Finding]) -> list[FeatureRow]:
    """The features of the newest span by name."""
    drifts = {f.subject: f for f in findings if f.code in UNITS and UNITS[f.code] in f.observed}
    before = data.spans[-2] if len(data.spans) > 1 else None
    rows = []
    for name, found in sorted(data.newest.features.items()):
        spans = [(s.span, s.features.get(name)) for s in data.spans]
        told = ", ".join(f"span {n}: {percent(f.missing_share) if f else 'not there'}" for n, f in spans)
        shares = [f.missing_share if f else None for _, f in spans]
        line = trend(shares) if any(s != 0 for s in shares) else None
        missing = f"{percent(found.missing_share)} ({number(found.missing)})" if found.missing else "0"
        shape = _shape(_sides(found, before.features.get(name) if before else None))
        drift = drifts.get(name)
        rows.append(
            FeatureRow(
                name,
                found.kind,
                missing,
                line,
                told,
                shape,
                _drift(drift) if drift else None,
                _shape(_split_sides(found)),
                _typical(spans),
            )
        )
        if found.kind == "image":
            rows += _of_pictures(name, findings)
    return rows


def _of_pictures(name: str, findings: Sequence[Finding]) -> list[FeatureRow]:
    """What was measured of pictures: brightness and the like, and how they lie."""
    found = [f for f in findings if f.code in PICTURE_UNITS and PICTURE_UNITS[f.code] in f.observed]
    about = [(f"{name}.orientation" if f.subject == name else f.subject, f) for f in found]
    return [
        FeatureRow(subject, "of pictures", "–", None, "", None, _drift(f), None, None)
        for subject, f in about
        if subject.startswith(f"{name}.")
    ]


def _sides(now: FeatureEvidence, before: FeatureEvidence | None) -> list[Side]:
    """This span and the span before; nothing where this span has nothing to draw."""
    found = [
        Side(told, f.present, _box(f.quantiles), f.values)
        for told, f in (("", now), ("in the span before: ", before))
        if f
    ]
    return found if _drawable(found[0]) else []


def _split_sides(now: FeatureEvidence) -> list[Side]:
    found = [(s, now.splits[s]) for s in SPLITS if s in now.splits]
    return [
        Side(
            f"{split} ({percent(f.missing / ((f.missing + f.present) or 1))} missing): ",
            f.present,
            f.quantiles,
            f.values,
        )
        for split, f in found
    ]


def _box(quantiles: Sequence[float] | None) -> list[float] | None:
    return [float(quantiles[QUANTILES.index(at)]) for at in BOX] if quantiles else None


def _drawable(side: Side) -> bool:
    return bool(side.present >= FEW if side.quantiles else side.present and side.values)


def _shape(sides: Sequence[Side]) -> Shape | None:
    drawn = [s for s in sides if _drawable(s)]
    if not drawn:
        return None
    return _numbers(drawn) if drawn[0].quantiles else _categories(drawn)


def _numbers(sides: Sequence[Side]) -> Shape:
    taken = [(s.told, s.quantiles) for s in sides if s.quantiles]
    low, high = padded(min(q[0] for _, q in taken), max(q[-1] for _, q in taken))

    def x_of(value: float) -> float:
        return round((value - low) / (high - low) * WIDTH, 1)

    boxes = []
    for index, (_, values) in enumerate(taken):
        at = [x_of(v) for v in values]
        boxes.append(Box((at[0], at[4]), (at[1], at[3]), at[2], ROW * (index + 0.5)))
    words = [f"{told}median {number(q[2])}, 90 % from {number(q[0])} to {number(q[4])}" for told, q in taken]
    return Shape(tuple(boxes), (), ROW * len(sides), "; ".join(words))


def _categories(sides: Sequence[Side]) -> Shape:
    """Shares of the most frequent categories of the first side; all sides in the same order."""
    taken = [(s.told, s.values, s.present) for s in sides if s.values]
    first = taken[0][1]
    names = sorted(first, key=lambda v: (-first[v], v))[:MOST]
    shares = [[values.get(n, 0) / present for n in names] for _, values, present in taken]
    tallest, step, height = max(map(max, shares)) or 1.0, WIDTH / MOST, 2 * ROW
    width = (step - 4) / len(shares)
    bars = tuple(
        tuple(
            (round(i * step + s * width, 1), round(width - 1, 1), round(share / tallest * height, 1))
            for i, share in enumerate(of)
        )
        for s, of in enumerate(shares)
    )
    words = []
    for (told, values, _), of in zip(taken, shares, strict=True):
        distinct = f"{len(values):,} values, the" if told in ("", "in the span before: ") else "the"
        words.append(f"{told}{distinct} largest shares of them {', '.join(percent(s) for s in of)}")
    return Shape((), bars, height, "; ".join(words))


def _typical(spans: Sequence[tuple[int, FeatureEvidence | None]]) -> Course | None:
    """The median of numbers, or the share of the category that is the most frequent now, in each span."""
    newest = spans[-1][1]
    if newest is None or len(spans) < 2:
        return None
    if newest.quantiles:
        middle = QUANTILES.index(0.5)
        values = [f.quantiles[middle] if f and f.quantiles and f.present >= FEW else None for _, f in spans]
        line, texts, what = course(values), [number(v) for v in values], "median"
    elif newest.values:
        top = min(newest.values, key=lambda v: (-(newest.values or {})[v], v))
        values = [(f.values or {}).get(top, 0) / f.present if f and f.values and f.present else None for _, f in spans]
        line, texts = trend(values), [percent(v) if v is not None else "–" for v in values]
        what = "share of the most frequent value"
    else:
        return None
    return Course(line, f"{what}: " + ", ".join(f"span {n}: {t}" for (n, _), t in zip(spans, texts, strict=True)))


def _drift(finding: Finding) -> Drift:
    unit = (UNITS | PICTURE_UNITS)[finding.code]
    warns, blocks = (_short(finding.allowed.get(f"{level}_{unit}"), unit) for level in ("warn", "block"))
    noise = finding.allowed.get(f"warn_noise_{unit}")
    value = f"{_short(finding.observed[unit], unit)} {NAMES[unit]}"
    return Drift(value, warns, blocks, _short(noise, unit), finding.severity.value)


def _short(value: object, unit: str) -> str:
    """Changes of a share in points, all else as it is."""
    if not isinstance(value, int | float):
        return "–"
    return number(round(float(value) * (100 if unit == "l_infinity" else 1), 6), 2)

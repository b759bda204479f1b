"""What Transform learned about the features, as the cells of tables: the same in the terminal and on the page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.wording import number, percent, without_empty
from schemas.findings import Severity
from schemas.run_record import LearnedFeature

COLUMNS = ("feature", "log", "filled by", ">fill", ">filled", "cut off", ">centre", ">width", ">own index", "doubts")


@dataclass(frozen=True)
class LearnedTable:
    """The features of one kind; columns that say nothing about any of them are left out.

    Attributes:
        columns: ``>`` comes before the name of one with numbers.
    """

    kind: str
    columns: list[str]
    rows: list[list[str]]


def learned_tables(features: Sequence[LearnedFeature]) -> list[LearnedTable]:
    """One table per kind, in the order in which kinds come up."""
    kinds = dict.fromkeys(f.kind for f in features)
    return [LearnedTable(k, *without_empty(COLUMNS, [_row(f) for f in features if f.kind == k])) for k in kinds]


def learned_note(features: Sequence[LearnedFeature]) -> str:
    """What the numbers of the table are, as far as these features need it."""
    rows = max((f.present + f.missing for f in features), default=0)
    parts = [f"Learned on train only, {rows:,} rows. Filled: values that were missing."]
    if any(f.mean is not None for f in features):
        parts.append("Centre and width are what scales: mean and standard deviation")
        parts[-1] += ", or median and quartile range with robust_scale." if _robust(features) else "."
    if any(f.low is not None or f.high is not None for f in features):
        parts.append("Cut off: the bounds of what reaches the model, and the share of values beyond them.")
    if any(f.log for f in features):
        parts.append("Numbers of a feature with log are those after the logarithm.")
    return " ".join(parts)


def _robust(features: Sequence[LearnedFeature]) -> bool:
    return any(f.centre is not None or f.width is not None for f in features)


def _row(f: LearnedFeature) -> list[str]:
    centre = f.mean if f.centre is None else f.centre
    width = f.deviation if f.width is None else f.width
    return [
        f.name,
        "yes" if f.log else "",
        _imputer(f),
        number(f.fill),
        _filled(f),
        _bounds(f),
        number(centre),
        number(width),
        _entries(f),
        ", ".join(dict.fromkeys(d.code for d in f.findings if d.severity is not Severity.OK)),
    ]


def _imputer(f: LearnedFeature) -> str:
    if f.by is not None:
        return f"{f.imputer} of {f.by} ({number(f.groups)} groups)"
    if f.coefficients is not None:
        others = ", ".join(f"{name} {value:+.2f}" for name, value in _by_size(f.strongest))
        return f"{f.imputer} from {f.coefficients} others" + (f" ({others})" if others else "")
    return f.imputer


def _by_size(coefficients: dict[str, float]) -> list[tuple[str, float]]:
    """The largest first; those of equal size by name."""
    return sorted(coefficients.items(), key=lambda c: (-abs(c[1]), c[0]))


def _filled(f: LearnedFeature) -> str:
    rows = f.present + f.missing
    return f"{f.missing:,} ({percent(f.missing / rows)})" if f.missing else "0"


def _bounds(f: LearnedFeature) -> str:
    if f.low is None and f.high is None:
        return "–" if f.outliers is None else f.outliers
    low = "" if f.low is None else f"from {number(f.low)} "
    high = "" if f.high is None else f"to {number(f.high)}"
    beyond = "" if f.beyond is None else f", {percent(f.beyond)} beyond"
    return f"{f.outliers}: {low}{high}".rstrip() + beyond


def _entries(f: LearnedFeature) -> str:
    if f.tokens is not None:
        return f"{f.tokens:,} tokens"
    return "–" if f.vocabulary is None else f"{f.vocabulary:,} categories"

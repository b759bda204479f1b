"""Faults that no rule of the diagnosis was made with. The right answers were written down before any of them was run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from benchmarks.diagnosis.datasets import Dataset, Row
from benchmarks.diagnosis.injection import Fault, Mask, Random, Spoil, _numbers, _put
from benchmarks.diagnosis.unseen_pictures import FAULTS as PICTURES

Rows = list[Row]


def _each(change: Callable[[Row, Dataset], Row], fits: Callable[[Row, Dataset], bool] = lambda r, d: True) -> Spoil:
    """Changes a share of the rows, or of those that fit."""

    def spoil(d: Dataset, rows: Rows, random: Random, share: float) -> Rows:
        hit = random.random(len(rows)) < share
        return [change(r, d) if h and fits(r, d) else r for r, h in zip(rows, hit, strict=True)]

    return spoil


def _first(change: Callable[[float], str]) -> Spoil:
    """Changes a share of the values of the first number."""
    return lambda d, rows, random, share: _put(rows, d.numeric[0], random.random(len(rows)) < share, change)


def _word(change: Callable[[str], str]) -> Callable[[Row, Dataset], Row]:
    return lambda r, d: {**r, d.categorical: change(r[d.categorical])}


def _all(rows: Rows) -> Mask:
    return np.ones(len(rows), bool)


def _often(d: Dataset, rows: Rows) -> list[str]:
    """Categories, the most frequent first."""
    counts = Counter(r[d.categorical] for r in rows if r[d.categorical])
    return sorted(counts, key=lambda v: (-counts[v], v))


def _labels(d: Dataset, rows: Rows) -> list[str]:
    return sorted({r[d.label] for r in rows})


def _other(d: Dataset, rows: Rows) -> str:
    """A label that is not the rare one."""
    return next(v for v in _labels(d, rows) if v != d.positive)


def _next(d: Dataset, rows: Rows) -> dict[str, str]:
    """Label -> the one after it."""
    values = _labels(d, rows)
    return {v: values[(i + 1) % len(values)] for i, v in enumerate(values)}


def rounded(d: Dataset, rows: Rows, random: Random, step: float) -> Rows:
    """Fewer digits: steps of so many deviations."""
    size = step * float(np.nanstd(_numbers(rows, d.numeric[0])))
    return _put(rows, d.numeric[0], _all(rows), lambda v: f"{np.trunc(v / size) * size:.6g}")


def swapped(d: Dataset, rows: Rows, random: Random, share: float) -> Rows:
    """Two columns change places."""
    one, two = d.numeric[:2]
    return _each(lambda r, _: {**r, one: r[two], two: r[one]})(d, rows, random, share)


def saturated(d: Dataset, rows: Rows, random: Random, rest: float) -> Rows:
    """A sensor that shows no more than this quantile."""
    top = float(np.nanquantile(_numbers(rows, d.numeric[0]), rest))
    return _put(rows, d.numeric[0], _all(rows), lambda v: f"{min(v, top):.6g}")


def cut_below(d: Dataset, rows: Rows, random: Random, share: float) -> Rows:
    """One that shows no less than this quantile."""
    low = float(np.nanquantile(_numbers(rows, d.numeric[0]), share))
    return _put(rows, d.numeric[0], _all(rows), lambda v: f"{max(v, low):.6g}")


def stuck(d: Dataset, rows: Rows, random: Random, share: float) -> Rows:
    """From some row on, a sensor shows one value."""
    begin = round(len(rows) * (1 - share))
    last = next((r[d.numeric[0]] for r in rows[begin:] if r[d.numeric[0]]), "0")
    return [{**r, d.numeric[0]: last} if i >= begin else r for i, r in enumerate(rows)]


def noisy(d: Dataset, rows: Rows, random: Random, deviations: float) -> Rows:
    """Measuring errors."""
    size = deviations * float(np.nanstd(_numbers(rows, d.numeric[0])))
    errors = iter(random.normal(0, size, len(rows)).tolist())
    return _put(rows, d.numeric[0], _all(rows), lambda v: f"{v + next(errors):.6g}")


def shifted(d: Dataset, rows: Rows, random: Random, widths: float) -> Rows:
    """Another zero, by so many times the width of the middle half."""
    low, high = np.nanquantile(_numbers(rows, d.numeric[0]), [0.25, 0.75])
    return _put(rows, d.numeric[0], _all(rows), lambda v: f"{v + widths * (high - low):.6g}")


def medians(d: Dataset, rows: Rows, random: Random, share: float) -> Rows:
    """Somebody fills gaps with the median."""
    middle = f"{np.nanmedian(_numbers(rows, d.numeric[0])):.6g}"
    return _first(lambda v: middle)(d, rows, random, share)


def selected(d: Dataset, rows: Rows, random: Random, share: float) -> Rows:
    """Rows with a low value no longer come."""
    values = _numbers(rows, d.numeric[0])
    return [r for r, low in zip(rows, values < np.nanquantile(values, share), strict=True) if not low]


def renamed_column(d: Dataset, rows: Rows, random: Random, strength: float) -> Rows:
    """A column has another name."""
    return [{f"{k}_new" if k == d.numeric[0] else k: v for k, v in r.items()} for r in rows]


def merged(d: Dataset, rows: Rows, random: Random, share: float) -> Rows:
    """The two most frequent categories are one."""
    one, two = _often(d, rows)[:2]
    return _each(_word(lambda v: one if v == two else v))(d, rows, random, share)


def split(d: Dataset, rows: Rows, random: Random, share: float) -> Rows:
    """The most frequent category is two."""
    often, halves = _often(d, rows)[0], iter(random.random(len(rows)).tolist())
    new = _word(lambda v: f"{often} {'AB'[next(halves) < 0.5]}")
    return _each(new, lambda r, _: r[d.categorical] == often)(d, rows, random, share)


def codes_shifted(d: Dataset, rows: Rows, random: Random, strength: float) -> Rows:
    """Each category has the name of the next one, as after an encoder was made anew."""
    values = sorted(_often(d, rows))
    after = {v: values[(i + 1) % len(values)] for i, v in enumerate(values)}
    return [{**r, d.categorical: after.get(r[d.categorical], "")} for r in rows]


def only_one(d: Dataset, rows: Rows, random: Random, share: float) -> Rows:
    """Rows of the other categories no longer come, in part."""
    often, gone = _often(d, rows)[0], random.random(len(rows)) < share
    return [r for r, g in zip(rows, gone, strict=True) if not g or r[d.categorical] == often]


def joined(d: Dataset, rows: Rows, random: Random, share: float) -> Rows:
    """In a block of rows, all features are those of a row near by."""
    n = round(len(rows) * share)
    order = [*np.roll(np.arange(n), 7), *range(n, len(rows))]
    return [{**rows[j], d.label: r[d.label]} for r, j in zip(rows, order, strict=True)]


def shuffled(d: Dataset, rows: Rows, random: Random, share: float) -> Rows:
    """In a block of rows, one column has the values of other rows."""
    n = round(len(rows) * share)
    order = [*random.permutation(n), *range(n, len(rows))]
    return [{**r, d.numeric[0]: rows[j][d.numeric[0]]} for r, j in zip(rows, order, strict=True)]


def blank_rows(d: Dataset, rows: Rows, random: Random, share: float) -> Rows:
    """Rows that have nothing but a label."""
    return _each(lambda r, _: {k: v if k in (d.label, "time") else "" for k, v in r.items()})(d, rows, random, share)


def contradicted(d: Dataset, rows: Rows, random: Random, share: float) -> Rows:
    """Rows come again with another label."""
    after, again = _next(d, rows), random.random(len(rows)) < share
    return rows + [{**r, d.label: after[r[d.label]]} for r, a in zip(rows, again, strict=True) if a]


def delayed(d: Dataset, rows: Rows, random: Random, share: float) -> Rows:
    """The rare label is not yet known of the last rows."""
    begin, other = round(len(rows) * (1 - share)), _other(d, rows)
    return [{**r, d.label: other} if i >= begin and r[d.label] == d.positive else r for i, r in enumerate(rows)]


def oversampled(d: Dataset, rows: Rows, random: Random, times: float) -> Rows:
    """The wrong class comes several times."""
    return [r for r in rows for _ in range(1 if r[d.label] == d.positive else round(times))]


def two_swapped(d: Dataset, rows: Rows, random: Random, share: float) -> Rows:
    """Two labels change places."""
    other = _other(d, rows)
    names = {other: d.positive, d.positive: other}
    return _each(lambda r, _: {**r, d.label: names.get(r[d.label], r[d.label])})(d, rows, random, share)


def two_merged(d: Dataset, rows: Rows, random: Random, share: float) -> Rows:
    """The rare label is called as another one."""
    other = _other(d, rows)
    return _each(lambda r, _: {**r, d.label: other}, lambda r, _: r[d.label] == d.positive)(d, rows, random, share)


def wrong_in_one(d: Dataset, rows: Rows, random: Random, share: float) -> Rows:
    """Wrong labels, all of them in the most frequent category."""
    after, often = _next(d, rows), _often(d, rows)[0]
    change = _each(lambda r, _: {**r, d.label: after[r[d.label]]}, lambda r, _: r[d.categorical] == often)
    return change(d, rows, random, share)


def label_before(d: Dataset, rows: Rows, random: Random, share: float) -> Rows:
    """Labels are those of the row before."""
    n = round(len(rows) * share)
    return [{**r, d.label: rows[i - 1][d.label]} if i < n else r for i, r in enumerate(rows)]


def sorted_and_cut(d: Dataset, rows: Rows, random: Random, share: float) -> Rows:
    """A file that is sorted by the label lost its end."""
    return sorted(rows, key=lambda r: r[d.label])[: round(len(rows) * (1 - share))]


def leaking(d: Dataset, rows: Rows, random: Random, blur: float) -> Rows:
    """A feature holds the label, blurred, in the range of its values."""
    low, high = np.nanquantile(_numbers(rows, d.numeric[-1]), [0.2, 0.8])
    place = {v: i / max(1, len(_labels(d, rows)) - 1) for i, v in enumerate(_labels(d, rows))}
    values = [low + (high - low) * (place[r[d.label]] + random.normal(0, blur)) for r in rows]
    return [{**r, d.numeric[-1]: f"{v:.6g}"} for r, v in zip(rows, values, strict=True)]


def years_ago(d: Dataset, rows: Rows, random: Random, years: float) -> Rows:
    """Rows of other years."""
    return [{**r, "time": f"{int(r['time'][:4]) - round(years)}{r['time'][4:]}"} for r in rows]


def amounts_of_others(d: Dataset, rows: Rows, random: Random, share: float) -> Rows:
    """In a block of rows, amounts are those of other rows."""
    n = round(len(rows) * share)
    order = [*random.permutation(n), *range(n, len(rows))]
    return [{**r, d.label: rows[j][d.label]} for r, j in zip(rows, order, strict=True)]


DRIFT, NOISE, LOST = ("covariate_drift",), ("label_noise", "concept_drift"), ("class_lost", "label_shift")
FAULTS = (
    Fault("rounded", ("covariate_drift", "schema_change", "unit_change"), 0.5, 2.0, rounded, needs="numbers"),
    Fault("columns swapped", ("schema_change", *DRIFT), 0.4, 1.0, swapped, needs="numbers"),
    Fault("saturated", (*DRIFT, "constant_fill"), 0.8, 0.4, saturated, needs="numbers"),
    Fault("cut off below", (*DRIFT, "constant_fill"), 0.2, 0.5, cut_below, needs="numbers"),
    Fault("stuck", ("constant_fill",), 0.15, 0.6, stuck, needs="numbers"),
    Fault("sign flipped", ("unit_change", *DRIFT), 0.3, 1.0, _first(lambda v: f"{-v:.6g}"), needs="numbers"),
    Fault(
        "units mixed",
        (*DRIFT, "outliers", "unit_change"),
        0.3,
        0.6,
        _first(lambda v: f"{v * 2.54:.6g}"),
        needs="numbers",
    ),
    Fault(
        "decimal comma", ("schema_change",), 0.3, 1.0, _first(lambda v: f"{v:.6g}".replace(".", ",")), needs="numbers"
    ),
    Fault("with its unit", ("schema_change",), 0.3, 1.0, _first(lambda v: f"{v:.6g} kg"), needs="numbers"),
    Fault(
        "unknown as text", ("schema_change", "missing_values"), 0.1, 0.5, _first(lambda v: "unknown"), needs="numbers"
    ),
    Fault("noisy sensor", DRIFT, 1.0, 3.0, noisy, needs="numbers"),
    Fault("another zero", ("unit_change", *DRIFT), 1.0, 5.0, shifted, needs="numbers"),
    Fault("median for missing", ("constant_fill",), 0.1, 0.5, medians, needs="numbers"),
    Fault("selected", (*DRIFT, "row_count"), 0.25, 0.6, selected, needs="numbers"),
    Fault("column renamed", ("schema_change", "missing_values"), 1.0, 1.0, renamed_column, needs="numbers"),
    Fault("column shuffled", NOISE, 0.5, 1.0, shuffled, needs="numbers"),
    Fault("upper case", DRIFT, 0.3, 1.0, _each(_word(lambda v: f"{v.upper()} ")), needs="category"),
    Fault(
        "category n/a",
        ("constant_fill", "missing_values", *DRIFT),
        0.1,
        0.5,
        _each(_word(lambda v: "n/a")),
        needs="category",
    ),
    Fault("categories merged", DRIFT, 0.5, 1.0, merged, needs="category"),
    Fault("category split", DRIFT, 0.5, 1.0, split, needs="category"),
    Fault("codes shifted", (*DRIFT, "concept_drift"), 1.0, 1.0, codes_shifted, needs="category"),
    Fault("one category only", (*DRIFT, "row_count"), 0.5, 1.0, only_one, needs="category"),
    Fault("rows blank", ("missing_values",), 0.08, 0.4, blank_rows, needs="numbers"),
    Fault("join shifted", NOISE, 0.4, 1.0, joined, needs="table of classes"),
    Fault("label of the row before", NOISE, 0.4, 1.0, label_before, needs="table of classes"),
    Fault("rows contradicted", ("label_noise", "duplicates"), 0.1, 0.4, contradicted, needs="classes"),
    Fault("labels delayed", ("label_noise", "label_shift"), 0.3, 0.7, delayed, needs="classes"),
    Fault("wrong class twice", ("duplicates", "label_shift"), 2.0, 4.0, oversampled, needs="classes"),
    Fault("two labels swapped", NOISE, 0.5, 1.0, two_swapped, needs="classes"),
    Fault("two labels merged", ("label_noise", *LOST), 0.6, 1.0, two_merged, needs="classes"),
    Fault("wrong labels in one category", NOISE, 0.4, 1.0, wrong_in_one, needs="category of classes"),
    Fault("sorted and cut", ("row_count", *LOST), 0.3, 0.6, sorted_and_cut, needs="classes"),
    Fault(
        *("one source", ("leakage", *DRIFT), 0.5, 1.0),
        _each(_word(lambda v: "clinic B"), lambda r, d: r[d.label] == d.positive),
        needs="category of classes",
    ),
    Fault("leak in a column", ("leakage",), 0.15, 0.02, leaking, needs="table of classes"),
    Fault("years ago", ("stale_data",), 1.0, 4.0, years_ago, needs="time"),
    Fault("amounts of other rows", NOISE, 0.4, 1.0, amounts_of_others, needs="amounts"),
    *PICTURES,
)

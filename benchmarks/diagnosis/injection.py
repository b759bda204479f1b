"""The faults: what happens to data files and configurations in life. Each has a mild and a severe form, drawn around a middle by a seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from benchmarks.diagnosis.datasets import Dataset, Row

Random = np.random.Generator
Mask = npt.NDArray[np.bool_]
Spoil = Callable[[Dataset, list[Row], Random, float], list[Row]]


@dataclass(frozen=True)
class Fault:
    """A fault.

    Attributes:
        needs: what it spoils: ``numbers``, ``category``, ``pictures``, ``classes``, ``amounts`` or ``time``; empty where any data set
            will do. With ``of classes`` behind it, that of a table that is about classes.
        right: names of the causes that are the right answer.
        mild: strength of the mild form; `severe` of the severe one.
        spoil: what becomes of the rows of the newest span; None for a fault of the configuration.
        settings: strength -> overrides of the configuration.
    """

    name: str
    right: tuple[str, ...]
    mild: float
    severe: float
    spoil: Spoil | None = None
    settings: Callable[[Dataset, float], list[str]] | None = None
    needs: str = ""

    def fits(self, d: Dataset) -> bool:
        """Whether a data set has what the fault spoils."""
        has = {
            "category": bool(d.categorical),
            "numbers": bool(d.numeric),
            "table": bool(d.numeric),
            "pictures": d.pictures,
            "classes": bool(d.positive),
            "amounts": not d.positive,
            "time": "  time: time\n" in d.config,
        }
        what, _, classes = self.needs.partition(" of ")
        return has.get(what, True) and (not classes or bool(d.positive))

    def drawn(self, severity: str, seed: int, random: Random) -> float:
        """The strength: as listed for seed 0, else drawn around that."""
        middle = self.mild if severity == "mild" else self.severe
        if seed == 0:
            return middle
        drawn = middle * float(random.uniform(0.85, 1.15))
        if middle < 1.0:
            return min(drawn, (1.0 + middle) / 2)
        return drawn if middle > 2.0 else middle


def _numbers(rows: list[Row], name: str) -> npt.NDArray[np.float64]:
    return np.array([float(r[name]) if r[name] else np.nan for r in rows])


def _put(rows: list[Row], name: str, where: Mask, value: Callable[[float], str]) -> list[Row]:
    return [{**r, name: value(float(r[name]))} if w and r[name] else r for r, w in zip(rows, where, strict=True)]


def blank(d: Dataset, rows: list[Row], random: Random, share: float) -> list[Row]:
    """A share of a feature's values is not there."""
    gone = random.random(len(rows)) < share
    return [{**r, d.numeric[0]: ""} if g else r for r, g in zip(rows, gone, strict=True)]


def blank_of_one(d: Dataset, rows: list[Row], random: Random, share: float) -> list[Row]:
    """The same, of one class only."""
    gone = random.random(len(rows)) < share
    return [{**r, d.numeric[0]: ""} if g and r[d.label] == d.positive else r for r, g in zip(rows, gone, strict=True)]


def zeros(d: Dataset, rows: list[Row], random: Random, share: float) -> list[Row]:
    """Somebody fills gaps with 0."""
    return _put(rows, d.numeric[0], random.random(len(rows)) < share, lambda v: "0")


def nines(d: Dataset, rows: list[Row], random: Random, share: float) -> list[Row]:
    """Somebody fills gaps with -999."""
    return _put(rows, d.numeric[1], random.random(len(rows)) < share, lambda v: "-999")


def far_out(d: Dataset, rows: list[Row], random: Random, share: float) -> list[Row]:
    """Slips of the decimal point."""
    return _put(rows, d.numeric[0], random.random(len(rows)) < share, lambda v: f"{v * 1000:.6g}")


def other_unit(d: Dataset, rows: list[Row], random: Random, factor: float) -> list[Row]:
    """Another unit for all rows."""
    return _put(rows, d.numeric[0], np.ones(len(rows), bool), lambda v: f"{v * factor:.6g}")


def moved(d: Dataset, rows: list[Row], random: Random, deviations: float) -> list[Row]:
    """A sensor that is off."""
    step = deviations * float(np.nanstd(_numbers(rows, d.numeric[0])))
    noise = step * 0.3 * random.normal(size=len(rows))
    extra = iter(step + noise)
    return _put(rows, d.numeric[0], np.ones(len(rows), bool), lambda v: f"{v + next(extra):.6g}")


def renamed(d: Dataset, rows: list[Row], random: Random, share: float) -> list[Row]:
    """A category under another name, as after an update of a form."""
    often = max(sorted({r[d.categorical] for r in rows}), key=lambda v: sum(r[d.categorical] == v for r in rows))
    hit = random.random(len(rows)) < share
    return [
        {**r, d.categorical: "new form"} if h and r[d.categorical] == often else r
        for r, h in zip(rows, hit, strict=True)
    ]


def fewer_of_one(d: Dataset, rows: list[Row], random: Random, share: float) -> list[Row]:
    """Rows of one class no longer come, in part."""
    gone = random.random(len(rows)) < share
    return [r for r, g in zip(rows, gone, strict=True) if not g or r[d.label] != d.positive]


def none_of_one(d: Dataset, rows: list[Row], random: Random, share: float) -> list[Row]:
    """Rows of one class no longer come at all, or nearly."""
    return fewer_of_one(d, rows, random, share)


def flipped(d: Dataset, rows: list[Row], random: Random, share: float) -> list[Row]:
    """Wrong labels."""
    values, hit = sorted({r[d.label] for r in rows}), random.random(len(rows)) < share
    return [
        {**r, d.label: values[(values.index(r[d.label]) + 1) % len(values)]} if h else r
        for r, h in zip(rows, hit, strict=True)
    ]


def turned(d: Dataset, rows: list[Row], random: Random, share: float) -> list[Row]:
    """Another rule for the labels of the rows where a feature is high."""
    values, numbers = sorted({r[d.label] for r in rows}), _numbers(rows, d.numeric[0])
    high = numbers >= np.nanquantile(numbers, 1 - share)
    return [
        {**r, d.label: values[(values.index(r[d.label]) + 1) % len(values)]} if h else r
        for r, h in zip(rows, high, strict=True)
    ]


def twice(d: Dataset, rows: list[Row], random: Random, share: float) -> list[Row]:
    """An export that was run twice."""
    again = random.random(len(rows)) < share
    return rows + [r for r, a in zip(rows, again, strict=True) if a]


def cut_off(d: Dataset, rows: list[Row], random: Random, share: float) -> list[Row]:
    """A file that was cut off."""
    return rows[: max(40, round(len(rows) * (1 - share)))]


def without_column(d: Dataset, rows: list[Row], random: Random, strength: float) -> list[Row]:
    """A column that is gone (severe), or empty (mild)."""
    name = d.numeric[1]
    return [{k: v for k, v in r.items() if k != name} if strength > 1 else {**r, name: ""} for r in rows]


def warmer(d: Dataset, rows: list[Row], random: Random, factor: float) -> list[Row]:
    """Another scale with another zero, as of temperatures."""
    return _put(rows, d.numeric[0], np.ones(len(rows), bool), lambda v: f"{v * factor + 32:.6g}")


def told(d: Dataset, rows: list[Row], random: Random, share: float) -> list[Row]:
    """A feature is filled in after the label is known."""
    middle = float(np.nanmedian(_numbers(rows, d.numeric[2])))
    hit = random.random(len(rows)) < share
    values = [f"{middle * (1.5 if r[d.label] == d.positive else 0.5):.6g}" for r in rows]
    return [{**r, d.numeric[2]: v} if h else r for r, v, h in zip(rows, values, hit, strict=True)]


def _redrawn(rows: list[Row], where: Mask, change: Callable[[Image.Image], Image.Image]) -> list[Row]:
    """Changes pictures in place: they are those of a copy."""
    for row, hit in zip(rows, where, strict=True):
        if hit:
            with Image.open(row["image"]) as picture:
                changed = change(picture)
            changed.save(row["image"])
    return rows


def lying_down(d: Dataset, rows: list[Row], random: Random, share: float) -> list[Row]:
    """A scanner that turns pages by a quarter."""
    return _redrawn(rows, random.random(len(rows)) < share, lambda p: p.transpose(Image.Transpose.ROTATE_90))


def dark(d: Dataset, rows: list[Row], random: Random, rest: float) -> list[Row]:
    """A lamp that grows dim."""
    return _redrawn(rows, np.ones(len(rows), bool), lambda p: p.point(lambda v: round(v * rest)))


def _rate(d: Dataset, factor: float) -> list[str]:
    return [f"train.learning_rate={0.001 * factor:g}"]


FAULTS = (
    Fault("missing", ("missing_values",), 0.1, 0.5, blank, needs="numbers"),
    Fault("missing of one class", ("missing_by_label", "missing_values"), 0.25, 0.8, blank_of_one, needs="numbers"),
    Fault("filled with 0", ("constant_fill",), 0.1, 0.4, zeros, needs="numbers"),
    Fault("filled with -999", ("constant_fill",), 0.05, 0.3, nines, needs="numbers"),
    Fault("far out", ("outliers",), 0.02, 0.08, far_out, needs="numbers"),
    Fault("cents", ("unit_change",), 10.0, 100.0, other_unit, needs="numbers"),
    Fault("sensor off", ("covariate_drift",), 0.6, 2.0, moved, needs="numbers"),
    Fault("category renamed", ("covariate_drift",), 0.3, 1.0, renamed, needs="category"),
    Fault("fewer of one class", ("label_shift",), 0.5, 0.8, fewer_of_one),
    Fault("none of one class", ("class_lost", "label_shift"), 0.97, 1.0, none_of_one),
    Fault("wrong labels", ("label_noise",), 0.15, 0.4, flipped),
    Fault("another rule", ("concept_drift", "label_noise"), 0.15, 0.4, turned, needs="numbers"),
    Fault("rows twice", ("duplicates",), 0.3, 1.0, twice),
    Fault("cut off", ("row_count",), 0.6, 0.85, cut_off),
    Fault("column gone", ("schema_change", "missing_values"), 1.0, 2.0, without_column, needs="numbers"),
    Fault("learning rate high", ("learning_rate_high",), 100.0, 2000.0, settings=_rate),
    Fault("learning rate low", ("learning_rate_low",), 0.03, 0.001, settings=_rate),
    Fault("few epochs", ("too_few_epochs",), 2.0, 1.0, settings=lambda d, n: [f"train.epochs={n:.0f}"]),
    Fault("large batches", ("batch_size",), 1024.0, 8192.0, settings=lambda d, n: [f"train.batch_size={n:.0f}"]),
    Fault(
        "dropout",
        ("regularisation",),
        0.7,
        0.95,
        settings=lambda d, x: [f"train.model={{{d.model}: {{{d.size}dropout: {x:.2f}}}}}"],
    ),
    Fault(
        "penalty",
        ("regularisation",),
        0.03,
        1.0,
        settings=lambda d, x: [f"train.model={{{d.model}: {{{d.size}l2: {x:.3f}}}}}"],
    ),
    Fault(
        "narrow",
        ("model_too_small",),
        2.0,
        1.0,
        settings=lambda d, n: [f"train.model={{{d.model}: {{{d.narrow.format(n=round(n))}}}}}"],
    ),
    Fault(
        *("wide", ("model_too_large",), 256.0, 1024.0),
        settings=lambda d, n: [f"train.model={{{d.model}: {{{d.wide.format(n=round(n))}}}}}"],
    ),
    Fault(
        "impatient",
        ("early_stopping",),
        2.0,
        1.0,
        settings=lambda d, n: [f"train.early_stopping.patience={n:.0f}", "train.reduce_lr=none"],
    ),
    Fault(
        "no class weights",
        ("class_imbalance", "config_changed"),
        1.0,
        2.0,
        settings=lambda d, n: ["train.class_weights=none"],
    ),
    Fault(
        *("filled by us", ("misleading_fill", "config_changed"), 1.0, 100.0),
        needs="numbers",
        settings=lambda d, n: [f"transform.impute.{d.numeric[0]}={{constant: {-10 * n:.0f}}}"],
    ),
    Fault(
        "stricter gate",
        ("metric_changed",),
        0.99,
        0.999,
        settings=lambda d, x: [f"evaluate.gates.metric_floor={{{'accuracy' if d.pictures else 'auc'}: {x:.4f}}}"],
    ),
    Fault("warmer", ("unit_change",), 1.8, 3.6, warmer, needs="numbers"),
    Fault("told the answer", ("leakage",), 0.9, 1.0, told, needs="numbers"),
    Fault("lying down", ("turned_images",), 0.3, 1.0, lying_down, needs="pictures"),
    Fault("dark", ("covariate_drift",), 0.6, 0.3, dark, needs="pictures"),
    Fault(
        *("augmented wildly", ("augmentation_too_strong",), 60.0, 180.0),
        settings=lambda d, x: [f"transform.augment=[{{rotate: {min(x, 180.0):.0f}}}, {{translate: 0.4}}]"],
        needs="pictures",
    ),
    Fault(
        *("tiny test", ("small_test", "metric_changed"), 0.03, 0.015),
        settings=lambda d, x: [f"data.split={{{d.split}train: {0.85 - x:.3f}, eval: 0.15, test: {x:.3f}}}"],
    ),
    Fault(
        *("never stops", ("early_stopping", "overfitting"), 80.0, 200.0),
        settings=lambda d, n: ["train.early_stopping=none", "train.reduce_lr=none", f"train.epochs={n:.0f}"],
    ),
)

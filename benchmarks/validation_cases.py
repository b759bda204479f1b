"""The cases of the validation matrix: a fault, or two samples of the same data, and what is found in it.

A case names its fault by its place in the list, so that it can be sent to another process.
"""

from __future__ import annotations

import csv
import dataclasses
import functools
import random
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from benchmarks import faults, image_faults
from benchmarks.faults import LABEL, Fault, Rows
from benchmarks.validation_harness import Outcome, named, observe
from schemas.findings import Finding

Data = Literal["taxi", "digits"]
ROOT = Path(__file__).parents[1]
REFERENCE, CURRENT = 7, 8
CATEGORICAL = (
    "dropoff_census_tract",
    "dropoff_community_area",
    "pickup_community_area",
    "trip_start_day",
    "trip_start_hour",
)


@dataclass(frozen=True)
class Case:
    """One case.

    Attributes:
        kind: a fault, or two clean samples.
        at: place of the fault in the list; rows or images of each sample, when clean.
        strength: of the fault.
        source: folder that `build` filled.
    """

    data: Data
    kind: Literal["fault", "clean"]
    at: int
    strength: float
    seed: int
    source: Path


@dataclass(frozen=True)
class Result:
    """What was found.

    Attributes:
        named: how a fault was named, ``block``, ``warn`` or ``-``.
        tfdv: whether TFDV alone says anything about the fault's subject.
        raised: every warning and block, as ``code:severity:subject``; with the message when the data are clean.
    """

    named: str
    tfdv: bool
    raised: list[str]


def build(folder: Path) -> None:
    """Writes all data that cases use: taxi spans, and digits in two spans, the reference and the current one."""
    from data import digits, taxi

    taxi.build(folder / "taxi")
    digits.build(folder / "dealt")
    for number in range(1, digits.SPANS + 1):
        half = "before" if 2 * number <= digits.SPANS else "now"
        shutil.copytree(folder / "dealt" / f"span-{number}", folder / "digits" / half, dirs_exist_ok=True)


def taxi_config(changes: dict[str, Any], spans: int = 2) -> dict[str, Any]:
    """A configuration as `retrain init` would write it for the taxi data: everything at its default."""
    raw: dict[str, Any] = {
        "name": "matrix",
        "data": {
            "source": {"csv": "span-{SPAN}/*.csv"},
            "window": {"last_spans": spans},
            "label": LABEL,
            "exclude": ["tips", "pickup_census_tract", "trip_start_month", "trip_start_timestamp"],
            "features": dict.fromkeys(CATEGORICAL, "categorical"),
        },
    }
    for path, value in changes.items():
        *sections, key = path.split(".")
        node = raw
        for part in sections:
            node = node.setdefault(part, {})
        node[key] = value
        if key in ("time", "by_time") and value in raw["data"]["exclude"]:
            raw["data"]["exclude"] = [n for n in raw["data"]["exclude"] if n != value]
    return raw


def digits_config(spans: int = 2) -> dict[str, Any]:
    """The same for the digits."""
    source = {"images": "span-{SPAN}/{label}/*.png"}
    return {"name": "matrix", "data": {"source": source, "window": {"last_spans": spans}, "label": "label"}}


@functools.cache
def taxi_rows(source: Path) -> dict[int, Rows]:
    """The taxi spans as rows of texts."""
    spans = {}
    for number in range(1, 17):
        with (source / "taxi" / f"span-{number}" / "trips.csv").open(newline="", encoding="utf-8") as file:
            spans[number] = list(csv.DictReader(file))
    return spans


def run(case: Case) -> Result:
    """Runs a case."""
    if case.kind == "clean":
        return _run_clean(case)
    return _run_taxi(case) if case.data == "taxi" else _run_digits(case)


def _run_taxi(case: Case) -> Result:
    fault, rng = faults.FAULTS[case.at], random.Random(case.seed)
    spans, changes = taxi_rows(case.source), dict(fault.config)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "data.schema_file" in changes:
            (folder / "taxi.pbtxt").write_text((ROOT / "schemas" / "taxi.pbtxt").read_text())
        before_rows, rows = _reference(fault, spans[REFERENCE]), spans[CURRENT]
        plain = {k: v for k, v in changes.items() if k != "data.split.seed"}
        if plain or before_rows is not spans[REFERENCE]:
            before = observe({REFERENCE: before_rows}, taxi_config(plain, 1), folder=folder)
        else:
            before = dataclasses.replace(_taxi_before(case.source))
        if fault.before == "repeat":
            n = round(case.strength * len(before_rows))
            rows = [*before_rows[:n], *rows[n:]]
        newest, serving = CURRENT + 2 if fault.before == "late" else None, None
        if fault.serving:
            serving, changes["data.serving"] = fault.apply(rows, case.strength, rng), {"csv": "serving.csv"}
        else:
            rows = fault.apply(rows, case.strength, rng)
        if "data.split.seed" not in changes:
            before.trained = None
        both = {REFERENCE: before_rows, CURRENT: rows}
        found = observe(both, taxi_config(changes), before, serving, newest, folder)
    return _result(found, fault.codes, fault.subject, fault.subject)


@functools.cache
def _taxi_before(source: Path) -> Outcome:
    return observe({REFERENCE: taxi_rows(source)[REFERENCE]}, taxi_config({}, 1))


def _reference(fault: Fault, rows: Rows) -> Rows:
    """The reference's rows, with the columns that the fault adds."""
    column = fault.config.get("data.id") or fault.config.get("data.entity")
    if column:
        return [{**r, str(column): f"before-{i}"} for i, r in enumerate(rows)]
    if fault.name == "a column that says the label":
        return [{**r, "settled": r[LABEL]} for r in rows]
    return rows


def _run_digits(case: Case) -> Result:
    fault, then = image_faults.FAULTS[case.at], case.source / "digits" / "before"
    before = _digits_before(case.source)
    with tempfile.TemporaryDirectory() as name:
        now = Path(name) / "now"
        shutil.copytree(case.source / "digits" / "now", now)
        fault.apply(now, case.strength, random.Random(case.seed), then)
        found = observe({1: then, 2: now}, digits_config(), before)
    exactly = [f for f in found.findings if fault.subject in ("*", f.subject)]
    # TFDV knows the column of images, not what is in them.
    return _result(Outcome(exactly, found.tfdv), fault.codes, "*", "image", found.findings)


@functools.cache
def _digits_before(source: Path) -> Outcome:
    before = observe({1: source / "digits" / "before"}, digits_config(1))
    before.trained = None
    return before


def _result(
    found: Outcome, codes: Sequence[str], subject: str, column: str, everything: Sequence[Finding] | None = None
) -> Result:
    known = [
        f.code for f in found.findings if any(f.code.startswith(c) if c[-1] == "_" else f.code == c for c in codes)
    ]
    shown = found.findings if everything is None else everything
    raised = sorted({f"{f.code}:{f.severity.value}:{f.subject}" for f in shown if f.severity.rank})
    says = any(column in ("*", name) for name, _ in found.tfdv)
    return Result(named(found.findings, known, subject), says, raised)


def _run_clean(case: Case) -> Result:
    """Two samples of the same data, without replacement: the first is accepted, the second must be quiet."""
    rng = random.Random(case.seed)
    if case.data == "taxi":
        spans = taxi_rows(case.source)
        chosen = rng.sample([r for number in spans for r in spans[number]], 2 * case.at)
        before = observe({1: chosen[: case.at]}, taxi_config({}, 1))
        found = observe({1: chosen[: case.at], 2: chosen[case.at :]}, taxi_config({}), before)
    else:
        paths = rng.sample(image_faults.files(case.source / "digits", "*/*"), 2 * case.at)
        with tempfile.TemporaryDirectory() as name:
            halves = [_gathered(Path(name) / half, p) for half, p in (("a", paths[: case.at]), ("b", paths[case.at :]))]
            before = observe({1: halves[0]}, digits_config(1))
            found = observe(dict(enumerate(halves, 1)), digits_config(), before)
    raised = [f"{f.code}:{f.severity.value}: {f.message}" for f in found.findings if f.severity.rank]
    return Result("-", bool(found.tfdv), raised)


def _gathered(folder: Path, paths: Sequence[Path]) -> Path:
    """A span of these images."""
    for path in paths:
        target = folder / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return folder

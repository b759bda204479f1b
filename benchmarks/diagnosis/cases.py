"""What the suite runs, and what it writes down of it."""

from __future__ import annotations

import itertools
import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.diagnosis import unseen_datasets, unseen_faults
from benchmarks.diagnosis.datasets import DATASETS, Dataset
from benchmarks.diagnosis.injection import FAULTS, Fault

#: From this score on a cause counts as named.
NAMED = 0.5
#: After so many retrains with a fault comes one without.
CLEAN_EVERY = 4


@dataclass(frozen=True)
class Case:
    """One retrain: a data set with a fault, or with none (then the seed of training and the order of the rows differ)."""

    dataset: Dataset
    fault: Fault | None
    severity: str
    seed: int

    @property
    def name(self) -> str:
        return f"{self.dataset.name} / {self.fault.name if self.fault else 'clean'} / {self.severity} / {self.seed}"

    @property
    def folder(self) -> str:
        """The name as that of a folder."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower())

    @property
    def number(self) -> int:
        """A number of the name that is the same in every process."""
        return zlib.crc32(self.name.encode())


@dataclass
class Answer:
    """A line of the file of answers.

    Attributes:
        name: of the case.
        right: codes of the causes that are right; empty for a clean retrain.
        exit_code: what `retrain run` ended with; 2 when the fault cannot be configured at all.
        causes: codes with their scores, most likely first.
        outcome: how the run did against the champion.
        metric: the main metric of the run; None where nothing was evaluated.
        overrides: the remedy of the first cause.
        repaired: the main metric after a run with that remedy; None where there was none.
        proved: as `causes`, after experiments; None where none were made.
        experiments: codes of those, in their order, each with its effect.
        seconds: what the run took.
    """

    name: str
    right: list[str]
    exit_code: int
    causes: list[tuple[str, float]] = field(default_factory=list)
    headline: str = ""
    outcome: str = ""
    metric: float | None = None
    overrides: list[str] = field(default_factory=list)
    repaired: float | None = None
    seconds: float = 0.0
    proved: list[tuple[str, float]] | None = None
    experiments: list[tuple[str, str]] = field(default_factory=list)

    @property
    def dataset(self) -> str:
        return self.name.split(" / ")[0]

    @property
    def fault(self) -> str:
        return self.name.split(" / ")[1]

    @property
    def severity(self) -> str:
        return self.name.split(" / ")[2]

    @property
    def clean(self) -> bool:
        return self.fault == "clean"

    @property
    def place(self) -> int | None:
        """Place of the right cause, from 1."""
        return self._place(self.causes)

    @property
    def proved_place(self) -> int | None:
        """The same after experiments; without any, as before."""
        return self._place(self.causes if self.proved is None else self.proved)

    def _place(self, causes: list[tuple[str, float]]) -> int | None:
        return next((i for i, (code, _) in enumerate(causes, 1) if code in self.right), None)

    @property
    def named(self) -> bool:
        return bool(self.causes) and self.causes[0][1] >= NAMED

    def line(self) -> str:
        """As JSON on one line."""
        return json.dumps(asdict(self))


def load(path: Path) -> list[Answer]:
    """The answers of a file, the last one of each case; none when there is no file."""
    if not path.exists():
        return []
    lines = [json.loads(t) for t in path.read_text(encoding="utf-8").splitlines() if t.strip()]
    return list({v["name"]: _answer(v) for v in lines}.values())


def _answer(values: dict[str, Any]) -> Answer:
    """From JSON, which has lists for pairs."""
    pairs = {n: [(a, b) for a, b in values[n]] for n in ("causes", "proved", "experiments") if values.get(n)}
    return Answer(**{**values, **pairs})


@dataclass(frozen=True)
class Suite:
    """Data sets and the faults that are put into them."""

    datasets: tuple[Dataset, ...]
    faults: tuple[Fault, ...]


#: The suite that rules may be mended by, and the one that shows whether they hold beyond it.
KNOWN = Suite(DATASETS, FAULTS)
UNSEEN = Suite(unseen_datasets.DATASETS, unseen_faults.FAULTS)


def in_order(only: str, fault: str, seed: int, clean: int, suite: Suite = KNOWN) -> list[Case]:
    """All cases. Every fault comes once, on one of the data sets, before any comes twice; clean retrains are spread among them.

    Args:
        only: a part of the names of data sets.
        fault: a part of the names of faults.
        clean: clean retrains of each data set, every other one of the span before.
    """
    chosen = [d for d in suite.datasets if only in d.name]
    calm = iter([Case(d.earlier if i % 2 else d, None, "clean", i + seed) for i in range(clean) for d in chosen])
    out: list[Case] = []
    for number, case in enumerate(_faulty(chosen, [f for f in suite.faults if fault in f.name], seed), 1):
        out.append(case)
        if number % CLEAN_EVERY == 0:
            out += itertools.islice(calm, 1)
    return out + list(calm)


def _faulty(chosen: list[Dataset], faults: list[Fault], seed: int) -> Iterator[Case]:
    """Severe on one data set, mild on the next, then both the other way round, and so on."""
    for turn in range(2 * len(chosen)):
        for number, fault in enumerate(faults):
            fitting = [d for d in chosen if fault.fits(d)]
            if turn < 2 * len(fitting):
                step = turn + turn // len(fitting) if len(fitting) % 2 == 0 else turn
                severity = ("severe", "mild")[step % 2]
                yield Case(fitting[(number + turn) % len(fitting)], fault, severity, seed)

"""A line about every run, read once: run.json is parsed again only when its size or time has changed."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock
from typing import Any

from pipeline.explain import explanation_of, main_metric
from pipeline.wording import STATUS_TONES, STATUS_WORDS, outcome
from pipeline.workspace import RECORD, BadRecord, Workspace
from schemas.evidence import MetricValue
from schemas.findings import Severity
from schemas.run_record import RunRecord, Status

Stamp = tuple[int, int]
#: Whole records that are kept in memory: more than `retrain why` reads of earlier runs.
KEPT = 80


@dataclass(frozen=True, slots=True)
class Measured:
    """A statistic of a finding: the number whose course over the spans is shown."""

    code: str
    subject: str
    value: float
    severity: Severity
    span: int | None


@dataclass(frozen=True)
class RunLine:
    """What lists and trends show of a run.

    Attributes:
        status: None for a run whose record cannot be read; `problem` says why.
        metric: name of the metric that stands for the model.
        metrics: metric -> its value on all test rows.
        measured: statistics of the findings.
    """

    run_id: str
    name: str = ""
    status: Status | None = None
    outcome: str = "unreadable"
    tone: str = "bad"
    started: str | None = None
    seconds: float | None = None
    span: int | None = None
    version: int | None = None
    headline: str = ""
    problem: str = ""
    blocks: int = 0
    warnings: int = 0
    metric: str | None = None
    metrics: dict[str, MetricValue] = field(default_factory=dict)
    higher_is_better: dict[str, bool] = field(default_factory=dict)
    measured: tuple[Measured, ...] = ()

    @property
    def value(self) -> MetricValue | None:
        """Value of the metric that stands for the model."""
        return self.metrics.get(self.metric) if self.metric else None


def line_of_run(record: RunRecord | BadRecord) -> RunLine:
    """The line about a run."""
    if isinstance(record, BadRecord):
        return RunLine(record.run_id, problem=record.problem)
    severities = [f.severity for f in record.findings]
    return RunLine(
        run_id=record.run_id,
        name=record.name,
        status=record.status,
        outcome=outcome(record),
        tone=STATUS_TONES[record.status],
        started=record.started,
        seconds=record.seconds,
        span=record.span,
        version=record.pushed.version if record.pushed else None,
        headline=explanation_of(record).headline,
        blocks=severities.count(Severity.BLOCK),
        warnings=severities.count(Severity.WARN),
        metric=main_metric(record),
        metrics=record.evaluation.overall.candidate if record.evaluation else {},
        higher_is_better=record.evaluation.higher_is_better if record.evaluation else {},
        measured=tuple(
            Measured(f.code, f.subject, f.statistic, f.severity, f.span)
            for f in record.findings
            if f.statistic is not None
        ),
    )


@dataclass(frozen=True)
class CachingWorkspace(Workspace):
    """A workspace that keeps the newest records that it read, for as long as their files do not change."""

    kept: OrderedDict[str, tuple[Stamp, RunRecord | BadRecord]] = field(default_factory=OrderedDict, compare=False)
    guard: Lock = field(default_factory=Lock, compare=False)

    def _read(self, run_id: str) -> RunRecord | BadRecord:
        stamp = stamp_of(self.record_path(run_id))
        with self.guard:
            found = self.kept.get(run_id)
            if found is not None and found[0] == stamp:
                self.kept.move_to_end(run_id)
                return found[1]
        record = super()._read(run_id)
        with self.guard:
            self.kept[run_id] = (stamp, record)
            while len(self.kept) > KEPT:
                self.kept.popitem(last=False)
        return record


def stamp_of(path: str | Path) -> Stamp:
    """Time and size of a file; zeros where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return (0, 0)
    return (found.st_mtime_ns, found.st_size)


class Index:
    """The lines of all runs of a pipeline, newest first."""

    def __init__(self, workspace: Workspace, name: str):
        self._workspace, self._name = workspace, name
        self._lines: dict[str, tuple[Stamp, RunLine]] = {}
        self._guard = Lock()

    def lines(self) -> list[RunLine]:
        """All runs of the pipeline as they are now, and those that cannot be read; newest first."""
        with self._guard:
            ids = self._workspace.run_ids()
            # The newest ones are kept as a whole: causes and comparisons read them. Of the others, the line is enough.
            plain = Workspace(self._workspace.root)
            # Not Path: there may be thousands.
            folder = str(plain.runs)
            # Oldest first, so that the newest are those that were kept last.
            for at, run_id in reversed(list(enumerate(ids))):
                stamp = stamp_of(f"{folder}/{run_id}/{RECORD}")
                if run_id not in self._lines or self._lines[run_id][0] != stamp:
                    read = self._workspace if at < KEPT else plain
                    self._lines[run_id] = (stamp, line_of_run(read._read(run_id)))
            found = [self._lines[i][1] for i in ids]
        lines = [line for line in found if line.status is None or line.name == self._name]
        return [self._settled(line) for line in lines]

    def _settled(self, line: RunLine) -> RunLine:
        """A run that says it is running without holding the lock was interrupted (see `Workspace.load_record`)."""
        if line.status is not Status.RUNNING:
            return line
        note = self._workspace.lock_holder()
        if note is not None and note.run_id in (line.run_id, None):
            return line
        status = Status.INTERRUPTED
        return replace(
            line, status=status, outcome=STATUS_WORDS[status], tone=STATUS_TONES[status], headline="Interrupted."
        )


@dataclass(frozen=True)
class Query:
    """What is asked of the list of runs, as it comes from the address.

    Attributes:
        text: part of an id, an outcome or a headline; whatever the case.
        status: only runs that ended so; empty for all.
        span: only runs of this span.
        sort: a key of `SORTS`, with ``-`` before it for the other direction.
    """

    text: str = ""
    status: str = ""
    span: int | None = None
    sort: str = "-run"
    page: int = 1


SORTS: dict[str, Callable[[RunLine], Any]] = {
    "run": lambda line: line.run_id,
    "outcome": lambda line: line.outcome,
    "span": lambda line: line.span,
    "metric": lambda line: line.value.value if line.value else None,
    "version": lambda line: line.version,
    "time": lambda line: line.seconds,
    "findings": lambda line: (line.blocks, line.warnings),
}


def select(lines: Iterable[RunLine], query: Query) -> list[RunLine]:
    """The runs that were asked for, in the order that was asked for; those without the sorted value last."""
    text = query.text.casefold()
    found = [
        line
        for line in lines
        if (not query.status or (line.status.value if line.status else "unreadable") == query.status)
        and (query.span is None or line.span == query.span)
        and (not text or any(text in s.casefold() for s in (line.run_id, line.outcome, line.headline, line.problem)))
    ]
    key = SORTS.get(query.sort.removeprefix("-"), SORTS["run"])
    known = [line for line in found if key(line) is not None]
    known.sort(key=key, reverse=query.sort.startswith("-"))
    return known + [line for line in found if key(line) is None]

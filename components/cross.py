"""Cross scores: {champion, candidate} x {previous, new test rows}. They tell "the data got harder" from "the model got worse".

Both models score the same rows, so candidate minus champion is paired. New minus previous is not: other rows, so the two are drawn
independently, and the interval is that of the difference of two independent draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from components import amounts
from components.bootstrap import BY_CLASS, interval, resample
from components.frozen import HeldFile
from components.metric_definitions import HIGHER_IS_BETTER, METRICS, row_losses
from components.metrics import OF_DECISIONS
from components.threshold import decided
from schemas.config import PipelineConfig
from schemas.evidence import CrossCells, CrossScores, MetricValue

#: Metric -> whether more is better, of classes and of amounts.
DIRECTIONS = {**HIGHER_IS_BETTER, **amounts.HIGHER_IS_BETTER}
NEW, PREVIOUS = "new", "previous"
VERDICTS = {-1: "harder", 0: "same", 1: "easier"}
FIRST = "There is no champion yet, so there is nothing to cross: this is the first model."


class Previous(BaseModel):
    """What is known of the run that made the champion.

    Attributes:
        run: its id; empty when nothing tells.
        spans: its window; empty likewise.
        held: rows of the window's spans that were registered as test up to that run, by content and by id.
        files: examples of test rows of spans of that run that this run's window does not hold.
        gone: spans of that run of which the examples are gone.
        rows_gone: how many test rows that were, as far as the registry knows.
    """

    model_config = ConfigDict(extra="forbid")

    run: str = ""
    spans: list[int] = []
    held: list[HeldFile] = []
    files: list[str] = []
    gone: list[int] = []
    rows_gone: int = 0


@dataclass(frozen=True, eq=False)
class Scored:
    """Test rows that both models scored.

    Attributes:
        labels: index of the right class, int64 [n]; or the amount, float64 [n].
        candidate: probabilities, float64 [n, classes], or amounts, float64 [n, 1]; `champion` likewise.
        spans: span of each row, int64 [n].
    """

    labels: NDArray[Any]
    candidate: NDArray[np.float64]
    champion: NDArray[np.float64]
    spans: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, chosen: NDArray[np.bool_]) -> Scored:
        """Some of the rows."""
        return Scored(self.labels[chosen], self.candidate[chosen], self.champion[chosen], self.spans[chosen])


def join(parts: Sequence[Scored]) -> Scored:
    """Several as one; at least one."""
    fields = ("labels", "candidate", "champion", "spans")
    return Scored(*(np.concatenate([getattr(p, f) for p in parts]) for f in fields))


@dataclass(frozen=True, eq=False)
class _Measured:
    """The cells of one set of rows, and the champion's draws behind them."""

    cells: CrossCells
    champion: dict[str, NDArray[np.float64]]
    rest_on: dict[str, int]


def main_metric(config: PipelineConfig) -> str:
    """The metric that the sentences are about: the one guarded against regression, else the first configured one."""
    guarded = [str(g.params.get("metric", "auc")) for g in config.evaluate.gates if g.name == "no_regression"]
    known: list[str] = list(config.evaluate.metrics)
    return next(m for m in [*guarded, *known] if m in known)


def cross_scores(
    previous: Scored,
    new: Scored,
    config: PipelineConfig,
    label_values: Sequence[str],
    thresholds: Sequence[float | None] = (None, None),
    **about: Any,
) -> CrossScores:
    """The four cells, the champion's difference between the two sets, and two sentences.

    Args:
        previous: test rows that the champion's run had.
        new: those that came since.
        label_values: of the classes, in order; empty for amounts.
        thresholds: of candidate and champion, as in `metrics.evaluate`: each model decides by its own.
        about: further fields of `CrossScores`: where the rows come from.
    """
    sets = {PREVIOUS: previous, NEW: new}
    made = {n: _measure(n, rows, config, label_values, thresholds) for n, rows in sets.items() if len(rows)}
    main, metrics = main_metric(config), [str(m) for m in config.evaluate.metrics]
    cells = {n: m.cells for n, m in made.items()}
    found = CrossScores(metric=main, previous=cells.get(PREVIOUS), new=cells.get(NEW), **about)
    if len(made) == 2:
        harder = {m: _between(m, made[PREVIOUS], made[NEW]) for m in metrics}
        found = found.model_copy(update={"harder": harder, "verdict": VERDICTS[gained(harder[main], main)]})
    else:
        missing = (
            "none of the test rows came since the champion's run"
            if NEW not in made
            else "none of the test rows that the champion's run had is left"
        )
        found = found.model_copy(update={"reason": f"The two sets cannot be compared: {missing}."})
    return found.model_copy(update={"data": about_data(found), "model": about_model(found)})


def _measure(
    name: str,
    rows: Scored,
    config: PipelineConfig,
    label_values: Sequence[str],
    thresholds: Sequence[float | None],
) -> _Measured:
    metrics, models = [str(m) for m in config.evaluate.metrics], [rows.candidate, rows.champion]
    if config.data.task == "regression":
        return _measure_amounts(name, rows, config, metrics)
    decisions = [decided(m, t) for m, t in zip(models, thresholds, strict=True)]
    losses = [row_losses(rows.labels, m) for m in models]
    key = (config.train.seed, f"cross: {name}")
    draws = resample(rows.labels, models, losses, metrics, config.evaluate.bootstrap, key, decisions)
    points = [
        {m: METRICS[m](rows.labels, taken if m in OF_DECISIONS else model) for m in metrics}
        for model, taken in zip(models, decisions, strict=True)
    ]
    counts = np.bincount(rows.labels, minlength=len(label_values))
    rest_on = {m: int(min(counts[counts > 0], default=0)) if m in BY_CLASS else len(rows) for m in metrics}
    new, old = ({m: interval(p[m], d[m], rest_on[m]) for m in metrics} for p, d in zip(points, draws, strict=True))
    gap = {m: interval(_minus(points[0][m], points[1][m]), draws[0][m] - draws[1][m], rest_on[m]) for m in metrics}
    cells = CrossCells(
        rows=len(rows),
        spans=sorted(set(rows.spans.tolist())),
        labels={v: int(n) for v, n in zip(label_values, counts, strict=True)},
        candidate=new,
        champion=old,
        difference=gap,
    )
    return _Measured(cells, draws[1], rest_on)


def _measure_amounts(name: str, rows: Scored, config: PipelineConfig, metrics: Sequence[str]) -> _Measured:
    models, key = [rows.candidate[:, 0], rows.champion[:, 0]], (config.train.seed, f"cross: {name}")
    (new, old), gap, draws = amounts.compared(rows.labels, models, metrics, config.evaluate.bootstrap, key)
    spans = sorted(set(rows.spans.tolist()))
    cells = CrossCells(rows=len(rows), spans=spans, labels={}, candidate=new, champion=old, difference=gap)
    return _Measured(cells, draws[1], dict.fromkeys(metrics, len(rows)))


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def _between(metric: str, previous: _Measured, new: _Measured) -> MetricValue:
    """The champion on new minus previous rows."""
    point = _minus(new.cells.champion[metric].value, previous.cells.champion[metric].value)
    rows = min(previous.rest_on[metric], new.rest_on[metric])
    return interval(point, new.champion[metric] - previous.champion[metric], rows)


def gained(change: MetricValue | None, metric: str) -> int:
    """1 for a clear gain, -1 for a clear loss, 0 where the 95 % interval holds 0 or is not known."""
    if change is None or change.low is None or change.high is None or change.low <= 0 <= change.high:
        return 0
    return 1 if (change.low > 0) == DIRECTIONS[metric] else -1


def _said(change: MetricValue) -> str:
    """``+0.020 (95 % -0.010 to +0.050)``."""
    ends = "" if change.low is None or change.high is None else f" (95 % {change.low:+.3f} to {change.high:+.3f})"
    return f"{change.value:+.3f}{ends}"


def about_data(found: CrossScores) -> str:
    """How much harder the data got, by the champion, which did not change."""
    change = found.harder.get(found.metric)
    if found.previous is None or found.new is None or change is None:
        return found.reason
    sets = f"on the {found.new.rows} new test rows than on the {found.previous.rows} previous ones"
    if change.value is None:
        return f"Whether the data got harder cannot be told: {found.metric} is undefined on one of the two sets of test rows."
    same = "no clear sign that the data got harder or easier"
    word = same if found.verdict == "same" else f"the data got {found.verdict}"
    side = "lower" if change.value < 0 else "higher"
    ends = _said(change).partition(" ")[2]
    return (
        f"The champion's {found.metric} is {abs(change.value):.3f} {side} {sets}{' ' + ends if ends else ''}: {word}."
    )


def about_model(found: CrossScores) -> str:
    """How much the model changed, on each set: candidate minus champion."""
    words = {-1: "worse", 1: "better", 0: "no clear difference"}
    parts = []
    for name, cells in ((PREVIOUS, found.previous), (NEW, found.new)):
        change = cells.difference.get(found.metric) if cells else None
        if cells is None or change is None:
            continue
        told = "undefined" if change.value is None else f"{_said(change)}, {words[gained(change, found.metric)]}"
        parts.append(f"{told} on the {cells.rows} {name} rows")
    return f"Candidate minus champion, {found.metric}: {'; '.join(parts)}." if parts else found.reason

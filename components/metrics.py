"""Metrics of candidate and champion on the same rows, overall and per slice, with 95 % intervals: `evaluate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from components.bootstrap import BY_CLASS, interval, resample
from components.metric_definitions import (
    HIGHER_IS_BETTER,
    METRICS,
    Labels,
    Probabilities,
    class_f1,
    precisions,
    recalls,
    row_losses,
    wilson,
)
from components.threshold import decided
from schemas.evidence import OVERALL, MetricValue, ModelEvidence, SliceEvidence

#: Metrics that look at the class a row is taken for, which a threshold changes; others look at the probabilities.
OF_DECISIONS = frozenset({"accuracy", "balanced_accuracy", "kappa", "f1"})

__all__ = ["HIGHER_IS_BETTER", "METRICS", "evaluate"]


def evaluate(
    labels: NDArray[Any],
    candidate: NDArray[Any],
    champion: NDArray[Any] | None,
    slices: Mapping[str, NDArray[np.bool_]],
    metrics: Sequence[str],
    label_values: Sequence[str],
    resamples: int,
    seed: int,
    champion_name: str = "champion",
    thresholds: Sequence[float | None] = (None, None),
) -> ModelEvidence:
    """Metrics of candidate and champion on the same rows, overall first, then each slice.

    Args:
        labels: [n] index of the right class in `label_values`.
        candidate: [n, classes] probabilities.
        champion: the same of the champion, or None.
        slices: name -> [n] mask of its rows.
        metrics: names out of `METRICS`.
        resamples: bootstrap resamples of rows behind each 95 % interval; the same for both models.
        seed: of the resamples; each slice draws its own by its name, so slices do not influence each other.
        thresholds: of candidate and champion (two classes): the probability of the second beyond which a row is taken for it; None for the
            likelier class.

    Raises:
        ValueError: when shapes or label indices do not fit.
    """
    labels = np.asarray(labels, dtype=np.int64)
    models = [np.asarray(m, dtype=np.float64) for m in (candidate, champion) if m is not None]
    _check_shapes(labels, models, label_values)
    decisions = [decided(m, t) for m, t in zip(models, thresholds, strict=False)]
    parts = []
    for name, mask in {OVERALL: np.ones(len(labels), dtype=bool), **slices}.items():
        on, taken = [m[mask] for m in models], [d[mask] for d in decisions]
        parts.append(_evaluate_slice(name, labels[mask], on, taken, metrics, label_values, resamples, seed))
    directions = {m: HIGHER_IS_BETTER[m] for m in metrics}
    return ModelEvidence(
        slices=parts, champion=None if champion is None else champion_name, higher_is_better=directions
    )


def _evaluate_slice(
    name: str,
    labels: Labels,
    models: list[Probabilities],
    decisions: list[Probabilities],
    metrics: Sequence[str],
    label_values: Sequence[str],
    resamples: int,
    seed: int,
) -> SliceEvidence:
    losses = [row_losses(labels, m) for m in models]
    draws = resample(labels, models, losses, metrics, resamples, (seed, name), decisions)
    points = [
        {m: METRICS[m](labels, taken if m in OF_DECISIONS else model) for m in metrics}
        for model, taken in zip(models, decisions, strict=True)
    ]
    rows = np.bincount(labels, minlength=len(label_values))
    rest_on = {m: int(min(rows[rows > 0], default=0)) if m in BY_CLASS else len(labels) for m in metrics}
    values = [{m: interval(p[m], d[m], rest_on[m]) for m in metrics} for p, d in zip(points, draws, strict=True)]
    return SliceEvidence(
        slice=name,
        rows=len(labels),
        labels={value: int(n) for value, n in zip(label_values, rows, strict=True)},
        candidate=values[0],
        champion=values[1] if len(models) > 1 else None,
        difference={m: _difference(m, points, draws, rest_on[m]) for m in metrics} if len(models) > 1 else None,
        recalls=_shares(recalls(labels, decisions[0]), label_values),
        champion_recalls=_shares(recalls(labels, decisions[1]), label_values) if len(models) > 1 else None,
        precisions=_shares(precisions(labels, decisions[0]), label_values),
        f1={v: MetricValue(value=f) for v, f in zip(label_values, class_f1(labels, decisions[0]), strict=True)},
    )


def _shares(counts: Sequence[tuple[int, int] | None], label_values: Sequence[str]) -> dict[str, MetricValue]:
    values = {}
    for value, counted in zip(label_values, counts, strict=True):
        low, high = wilson(*counted) if counted else (None, None)
        values[value] = MetricValue(value=counted[0] / counted[1] if counted else None, low=low, high=high)
    return values


def _difference(
    metric: str, points: list[dict[str, float | None]], draws: list[dict[str, Probabilities]], rows: int
) -> MetricValue:
    candidate, champion = points[0][metric], points[1][metric]
    point = None if candidate is None or champion is None else candidate - champion
    return interval(point, draws[0][metric] - draws[1][metric], rows)


def _check_shapes(labels: Labels, models: list[Probabilities], label_values: Sequence[str]) -> None:
    shape = (len(labels), len(label_values))
    for model in models:
        if model.shape != shape:
            raise ValueError(f"probabilities must have the shape {shape} (rows, classes), got {model.shape}")
    if shape[1] < 2:
        raise ValueError(f"metrics need at least two classes, got {shape[1]}")
    if len(labels) and not 0 <= labels.min() <= labels.max() < shape[1]:
        raise ValueError(f"label indices must be in 0 to {shape[1] - 1}, got {labels.min()} to {labels.max()}")

"""Metrics of predicted amounts, with 95 % intervals: the counterpart of `metric_definitions` and `bootstrap` for regression.

Every metric follows from sums over rows: of 1, |e|, e², y and y², where y is the amount and e the error. Sums of whole numbers are exact in
any order, so every term is first rounded to 2**-30 of its largest value over the rows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from components import bootstrap
from components.bootstrap import interval
from components.residuals import residuals
from schemas.evidence import OVERALL, MetricValue, ModelEvidence, SliceEvidence

Floats = NDArray[np.float64]
#: Parts that the largest term of a sum is cut into: sums of up to 8 million rows stay exact in 53 bits.
PARTS = 2**30
HIGHER_IS_BETTER = {"rmse": False, "mae": False, "r2": True}
#: Metrics in the unit of the label: what is much or little of them, only a share can say.
IN_UNITS = frozenset({"rmse", "mae"})


def sums(targets: Floats, predicted: Floats, weights: NDArray[np.int32]) -> Floats:
    """Sums over rows of 1, |e|, e², y and y², float64 [m, 5], y counted from its middle, which changes none of the metrics.

    Args:
        targets: amounts, [n].
        predicted: likewise.
        weights: how often each row counts, [m, n].
    """
    error, middle = predicted - targets, _middle(targets)
    y = targets - middle
    terms = np.column_stack([np.ones(len(y)), np.abs(error), error**2, y, y**2])
    unit = np.abs(terms).max(axis=0, initial=0.0) / PARTS
    unit[unit == 0] = 1.0
    whole: Floats = weights.astype(np.float64) @ np.rint(terms / unit)
    return whole * unit


def _middle(targets: Floats) -> float:
    """Half-way between the smallest and the largest amount: the same in any order of the rows."""
    return float(targets.min() + targets.max()) / 2 if len(targets) else 0.0


def of_sums(found: Floats) -> dict[str, Floats]:
    """Metric -> [m] values, NaN where undefined: without rows, or R² where all amounts are equal.

    Root mean squared error and mean absolute error in the unit of the label; R² = 1 - sum of e² / sum of squared distances from the mean.
    """
    rows, absolute, squared, y, y2 = found.T
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = y2 - y**2 / rows
        spread = np.where(spread > 1e-12 * y2, spread, np.nan)
        return {"rmse": np.sqrt(squared / rows), "mae": absolute / rows, "r2": 1 - squared / spread}


def values(targets: Floats, predicted: Floats) -> dict[str, float | None]:
    """Metric -> value; None where it is undefined."""
    if not len(targets) or not np.isfinite(predicted).all():
        return dict.fromkeys(HIGHER_IS_BETTER)
    found = of_sums(sums(targets, predicted, np.ones((1, len(targets)), np.int32)))
    return {m: float(v[0]) if math.isfinite(v[0]) else None for m, v in found.items()}


def trivial(targets: Floats) -> dict[str, float]:
    """What a model reaches that gives every row the same amount, the best one for each metric: mean or median; nothing without rows."""
    if not len(targets):
        return {}
    return {
        "rmse": float(targets.std()),
        "mae": float(np.abs(targets - np.median(targets)).mean()),
        "r2": 0.0,
    }


def resample(
    targets: Floats, models: Sequence[Floats], resamples: int, key: tuple[int, str]
) -> list[dict[str, Floats]]:
    """For each model, metric -> [resamples] values on the same resamples of rows, NaN where undefined."""
    drawn: list[list[Floats]] = [[] for _ in models]
    usable = [bool(np.isfinite(m).all()) for m in models]
    for weights in bootstrap.weights(len(targets), resamples, key):
        for parts, model, finite in zip(drawn, models, usable, strict=True):
            nothing = np.full((len(weights), 5), np.nan)
            parts.append(sums(targets, model, weights) if finite and len(targets) else nothing)
    return [of_sums(np.concatenate(parts)) for parts in drawn]


def compared(
    targets: Floats, models: Sequence[Floats], metrics: Sequence[str], resamples: int, key: tuple[int, str]
) -> tuple[list[dict[str, MetricValue]], dict[str, MetricValue], list[dict[str, Floats]]]:
    """Metrics of one or two models with their intervals; first minus second (empty for one), paired over rows; and the draws.

    Args:
        targets: [n].
        models: [n] amounts each.
    """
    draws, points = resample(targets, models, resamples, key), [values(targets, m) for m in models]
    rows = len(targets)
    found = [{m: interval(p[m], d[m], rows) for m in metrics} for p, d in zip(points, draws, strict=True)]
    if len(models) < 2:
        return found, {}, draws
    gaps = {m: _minus(points[0][m], points[1][m]) for m in metrics}
    return found, {m: interval(gaps[m], draws[0][m] - draws[1][m], rows) for m in metrics}, draws


def _minus(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one - other


def evaluate(
    targets: Floats,
    candidate: Floats,
    champion: Floats | None,
    slices: Mapping[str, NDArray[np.bool_]],
    metrics: Sequence[str],
    resamples: int,
    seed: int,
) -> ModelEvidence:
    """Metrics of candidate and champion on the same rows, overall first, then each slice.

    Args:
        targets: amounts, [n].
        candidate: predicted, [n]; `champion` likewise.
        slices: name -> [n] mask of its rows.
        metrics: names out of `HIGHER_IS_BETTER`.
        resamples: bootstrap resamples behind each 95 % interval; the same for both models.
        seed: of the resamples; each slice draws its own by its name.

    Raises:
        ValueError: when the shapes do not fit.
    """
    models = [np.asarray(m, np.float64) for m in (candidate, champion) if m is not None]
    targets = np.asarray(targets, np.float64)
    for model in models:
        if model.shape != targets.shape:
            raise ValueError(f"amounts must have the shape {targets.shape} (rows), got {model.shape}")
    parts = []
    for name, mask in {OVERALL: np.ones(len(targets), bool), **slices}.items():
        found, gap, _ = compared(targets[mask], [m[mask] for m in models], metrics, resamples, (seed, name))
        parts.append(
            SliceEvidence(
                slice=name,
                rows=int(mask.sum()),
                labels={},
                candidate=found[0],
                champion=found[1] if len(found) > 1 else None,
                difference=gap if len(found) > 1 else None,
                trivial={m: v for m, v in trivial(targets[mask]).items() if m in metrics},
            )
        )
    directions = {m: HIGHER_IS_BETTER[m] for m in metrics}
    return ModelEvidence(
        slices=parts,
        champion=None if champion is None else "champion",
        higher_is_better=directions,
        residuals=residuals(targets, models[0]),
    )

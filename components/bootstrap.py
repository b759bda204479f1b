"""95 % intervals of metrics, and of the difference of two models, by resampling rows.

Both models see the same resamples (paired), which removes what they have in common: the rows. B. Efron and
R. Tibshirani, An Introduction to the Bootstrap (1993), chapters 13 and 16 (percentile intervals). Widened as Student's t is wider than
the normal distribution: T. Hesterberg, What Teachers Should Know about the Bootstrap (2015), section 5.3 (expanded percentile intervals).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from components.metric_definitions import grade_sums, kappa_of, row_miscalibrations, row_squares
from components.ranking import Ranking
from schemas.evidence import MetricValue

Floats = NDArray[np.float64]

#: Rows times resamples held at once: 1 MB in 32-bit counts, so that a block stays in the processor's cache.
BLOCK = 2**18

#: Below this share of resamples in which a metric is defined, there is no interval.
ENOUGH = 0.95

#: Log loss, Brier score and calibration error of rows are summed in units of 2**-24: whole numbers, exact in any order up to 30 million
#: rows.
LOSS_UNIT = 2**24


def resample(
    labels: NDArray[np.int64],
    models: Sequence[Floats],
    losses: Sequence[Floats],
    metrics: Sequence[str],
    resamples: int,
    key: tuple[int, str],
    decisions: Sequence[Floats] | None = None,
) -> list[dict[str, Floats]]:
    """Metrics of every model on the same resamples of rows.

    Args:
        labels: [n] class indices.
        models: [n, classes] probabilities each.
        losses: [n] log loss of each row, of each model.
        key: seed and a name; resamples depend on nothing else.
        decisions: [n, classes], whose largest is the class that a row is taken for (`threshold.decided`); by default `models`.

    Returns:
        For each model, metric -> [resamples] values, NaN where undefined.
    """
    drawn: list[list[dict[str, Floats]]] = [[] for _ in models]
    guesses = [d.argmax(axis=1) for d in decisions or models]
    scorers = [_Scorer(labels, *of, metrics) for of in zip(models, guesses, losses, strict=True)]
    for counts in weights(len(labels), resamples, key):
        for blocks, scorer in zip(drawn, scorers, strict=True):
            blocks.append(scorer.score(counts))
    return [{m: np.concatenate([b[m] for b in blocks]) for m in metrics} for blocks in drawn]


#: Metrics in which a class counts alike however few rows it has: the rarest class sets how much is known. In others, all rows do.
BY_CLASS = frozenset({"auc", "pr_auc", "balanced_accuracy", "f1"})


def interval(point: float | None, drawn: Floats, rows: int) -> MetricValue:
    """A metric with the middle 95 % of its resampled values; without, when too many resamples are undefined.

    Plain percentiles of the difference of two equal models excluded 0 in 5.5 to 7 of 100 cases with 10 to 60 rows of the rarer class, these
    do in 3 to 5 (`auc`).

    Args:
        point: the metric of the rows themselves.
        drawn: [resamples] values; NaN where undefined.
        rows: how many rows it rests on; with few, somewhat more than the middle 95 % are taken.
    """
    defined = drawn[np.isfinite(drawn)]
    if point is None or len(defined) < ENOUGH * len(drawn) or not len(defined):
        return MetricValue(value=point)
    tail = 100 * _tail(rows)
    # The k-th of B draws has k / (B + 1) of all below it on average; the default, (k - 1) / (B - 1), leaves out 5.6 % of them with B = 300.
    low, high = np.percentile(defined, [tail, 100 - tail], method="weibull")
    return MetricValue(value=point, low=float(low), high=float(high))


def _tail(rows: int) -> float:
    """Share of resamples on either side of the interval: 0.025 with many rows, less with few, 0 with hardly any.

    Student's t by its expansion in 1 / (rows - 1): G. W. Hill, Communications of the ACM 13 (1970); right to 0.01 from 5 rows on.
    """
    z, freedom = NormalDist().inv_cdf(0.975), max(rows - 1, 1)
    t = z + (z**3 + z) / (4 * freedom) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * freedom**2)
    return NormalDist().cdf(-t * math.sqrt((freedom + 1) / freedom))


def weights(rows: int, resamples: int, key: tuple[int, str]) -> Iterator[NDArray[np.int32]]:
    """Blocks of [m, rows] counts of how often each row was drawn: multinomial, each line sums to `rows`."""
    name = int.from_bytes(hashlib.sha256(key[1].encode()).digest()[:8], "little")
    random = np.random.Generator(np.random.PCG64(np.random.SeedSequence([key[0], name])))
    step = max(1, min(resamples, BLOCK // max(rows, 1)))
    for first in range(0, resamples, step):
        lines = min(step, resamples - first)
        drawn = random.integers(0, rows, size=(lines, rows)) if rows else np.zeros((lines, 0), dtype=np.int64)
        drawn += rows * np.arange(lines)[:, None]
        yield np.bincount(drawn.ravel(), minlength=lines * rows).astype(np.int32).reshape(lines, rows)


class _Scorer:
    """Everything about one model that is the same for all resamples."""

    def __init__(
        self,
        labels: NDArray[np.int64],
        model: Floats,
        guesses: NDArray[np.int64],
        loss: Floats,
        metrics: Sequence[str],
    ):
        self._metrics, self._classes = metrics, model.shape[1]
        self._usable = bool(len(labels)) and bool(np.isfinite(model).all())
        ranked = {"auc", "pr_auc"} & set(metrics)
        scored = range(1, 2) if self._classes == 2 else range(self._classes)
        self._rankings = [Ranking(model[:, c], labels == c) for c in scored if ranked and self._usable]
        of_class = labels[:, None] == np.arange(self._classes)
        right = of_class & (guesses == labels)[:, None]
        grades = grade_sums(labels, guesses) if "kappa" in metrics else np.zeros((len(labels), 0))
        taken = guesses[:, None] == np.arange(self._classes) if "f1" in metrics else grades[:, :0]
        self._means = {"log_loss": loss}
        if self._usable and "brier" in metrics:
            self._means["brier"] = row_squares(labels, model)
        if self._usable and "calibration_error" in metrics:
            self._means["calibration_error"] = row_miscalibrations(labels, model)
        means = np.rint(np.nan_to_num(np.column_stack([*self._means.values()])) * LOSS_UNIT)
        parts = [of_class, right, taken, grades, means]
        self._columns = np.column_stack(parts).astype(np.float64)
        self._ends = np.cumsum([p.shape[1] for p in parts])[:-1]

    def score(self, weights: NDArray[np.int32]) -> dict[str, Floats]:
        """Metric -> one value per line of `weights`."""
        if not self._usable:
            return {m: np.full(len(weights), math.nan) for m in self._metrics}
        sums = weights.astype(np.float64) @ self._columns  # Sums of whole numbers: exact, so any order will do.
        rows, right, taken, grades, means = np.split(sums, self._ends, axis=1)
        total = rows.sum(axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            values = {
                "accuracy": right.sum(axis=1) / total,
                "balanced_accuracy": (right / rows).mean(axis=1),
                **{m: means[:, i] / total / LOSS_UNIT for i, m in enumerate(self._means)},
            }
            if "f1" in self._metrics:
                values["f1"] = np.where(rows > 0, 2 * right / (rows + taken), np.nan).mean(axis=1)
        if "calibration_error" in values:
            values["calibration_error"] = np.maximum(values["calibration_error"], 0)
        if "kappa" in self._metrics:
            values["kappa"] = kappa_of(total, grades)
        areas = [r.areas(weights) for r in self._rankings]
        if areas:
            values["auc"] = np.mean([a.auc for a in areas], axis=0)
            values["pr_auc"] = np.mean([a.average_precision for a in areas], axis=0)
        return {m: values[m] for m in self._metrics}

"""What TFMA sees of scored rows: for each slice, rows that its metrics cannot tell apart as one row with a weight.

TFMA's extractors, slicing and combiners work row by row in Python, 0.2 ms a row and slice. Its metrics are sums over rows, so equal rows
may come once, with their number as example weight; and rows of a slice may come as one array, which TFMA's binary metrics take apart
themselves. TFMA still computes every metric, with its own thresholds: the results are those that it has for single rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from tensorflow_model_analysis import constants

Array = npt.NDArray[Any]

#: Buckets of scores in TFMA's histograms (`calibration_histogram.DEFAULT_NUM_BUCKETS`), from which it makes its curves: scores in
#: one bucket are the same to them.
BUCKETS = 10_000


def extracts(
    key: tuple[tuple[str, str], ...],
    targets: Array,
    scores: Mapping[str, Array],
    thresholds: Mapping[str, float],
) -> Iterator[dict[str, Any]]:
    """TFMA's extracts of one slice.

    Args:
        key: TFMA's key of the slice; empty for all rows.
        targets: index of the right class, or the amount, [n].
        scores: model -> probabilities [n, classes], or amounts [n, 1].
        thresholds: model -> probability of the second class beyond which a row is taken for it (two classes).
    """
    keys = np.empty(1, object)
    keys[0] = key
    width = next(iter(scores.values())).shape[1]
    two = width == 2
    weighted = {
        name: _amounts(targets, p[:, 0])
        if width == 1
        else _binary(targets, p[:, 1], thresholds[name])
        if two
        else _by_guess(targets, p.argmax(axis=1), width)
        for name, p in scores.items()
    }
    for labels, predictions, weights in _joined(weighted) if width <= 2 else _one_by_one(weighted):
        yield {
            constants.SLICE_KEY_TYPES_KEY: keys,
            constants.LABELS_KEY: labels,
            constants.PREDICTIONS_KEY: predictions,
            constants.EXAMPLE_WEIGHTS_KEY: weights,
        }


def _amounts(targets: Array, predicted: Array) -> tuple[Array, Array, Array]:
    """Labels, predictions and weights of all rows: TFMA's errors take arrays as they are."""
    return targets.astype(np.float32), predicted.astype(np.float32), np.ones(len(targets), np.float32)


def _binary(targets: Array, scores: Array, threshold: float) -> tuple[Array, Array, Array]:
    """Labels, scores and weights of rows that differ in label, bucket, or side of the threshold."""
    bucket = np.clip((scores.astype(np.float64) * BUCKETS).astype(np.int64), 0, BUCKETS)
    cell = (bucket * 2 + (scores > threshold)) * 2 + targets
    _, first, counts = np.unique(cell, return_index=True, return_counts=True)
    return targets[first].astype(np.float32), scores[first], counts.astype(np.float32)


def _by_guess(targets: Array, guesses: Array, classes: int) -> tuple[Array, Array, Array]:
    """Labels, one-hot guesses and weights of rows that differ in label or guess."""
    cells, counts = np.unique(targets * classes + guesses, return_counts=True)
    sure = np.eye(classes, dtype=np.float32)[cells % classes]
    return (cells // classes).astype(np.float32), sure, counts.astype(np.float32)


def _joined(weighted: Mapping[str, tuple[Array, Array, Array]]) -> Iterator[tuple[Any, Any, Any]]:
    """All rows of a slice as arrays [m], of each model in its own groups: the shorter ones end with rows of weight 0."""
    most = max(len(w) for _, _, w in weighted.values())
    padded = {
        name: [np.concatenate([a, np.zeros(most - len(a), np.float32)]) for a in arrays]
        for name, arrays in weighted.items()
    }
    yield _keyed({name: (a[0], a[1], a[2]) for name, a in padded.items()})


def _one_by_one(weighted: Mapping[str, tuple[Array, Array, Array]]) -> Iterator[tuple[Any, Any, Any]]:
    """Each group by itself; of the other model it has the weight 0."""
    for name, (labels, predictions, weights) in weighted.items():
        for label, prediction, weight in zip(labels, predictions, weights, strict=True):
            one = np.array([label], np.float32), prediction
            yield _keyed({n: (*one, np.array([weight if n == name else 0.0], np.float32)) for n in weighted})


def _keyed(by_model: Mapping[str, tuple[Array, Array, Array]]) -> tuple[Any, Any, Any]:
    """Labels, predictions and weights as TFMA wants them: by the model's name where there are two."""
    if len(by_model) == 1:
        return next(iter(by_model.values()))
    labels, predictions, weights = ({n: v[i] for n, v in by_model.items()} for i in range(3))
    return labels, predictions, weights

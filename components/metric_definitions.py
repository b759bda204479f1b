"""Metrics of a classifier: exact, vectorised, from the index of the right class [n] and probabilities [n, classes].

A metric that is undefined (no rows, a class without rows, outputs that are not finite) is None, never a number that
looks like one. With two classes, scores are the probability of the second; with more, auc and pr_auc are the means
over the classes, each against the rest.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from components.ranking import Ranking

Labels = NDArray[np.int64]
Probabilities = NDArray[np.float64]

HIGHER_IS_BETTER = {"auc": True, "pr_auc": True, "accuracy": True, "balanced_accuracy": True, "log_loss": False}

#: Probabilities are clipped to [CLIP, 1 - CLIP], as in Keras: one sure and wrong answer costs 16.1, not infinity.
CLIP = 1e-7


def auc(labels: Labels, probabilities: Probabilities) -> float | None:
    """Area under the ROC curve: chance that a row of the class scores above one of another; ties count half.

    J. A. Hanley and B. J. McNeil, Radiology 143 (1982).
    """
    return _over_classes(labels, probabilities, "auc")


def pr_auc(labels: Labels, probabilities: Probabilities) -> float | None:
    """Average precision: precision at each threshold, weighted by the recall it adds; scikit-learn's definition."""
    return _over_classes(labels, probabilities, "average_precision")


def accuracy(labels: Labels, probabilities: Probabilities) -> float | None:
    """Share of rows whose likeliest class is right."""
    if not _usable(labels, probabilities):
        return None
    return int(np.sum(probabilities.argmax(axis=1) == labels)) / len(labels)


def balanced_accuracy(labels: Labels, probabilities: Probabilities) -> float | None:
    """Mean over the classes of the share of their rows that are right."""
    classes = probabilities.shape[1]
    rows = np.bincount(labels, minlength=classes)
    if not _usable(labels, probabilities) or not rows.all():
        return None
    right = np.bincount(labels[probabilities.argmax(axis=1) == labels], minlength=classes)
    return math.fsum(int(r) / int(n) for r, n in zip(right, rows, strict=True)) / classes


def log_loss(labels: Labels, probabilities: Probabilities) -> float | None:
    """Mean of -log(probability of the right class), natural logarithm."""
    if not _usable(labels, probabilities):
        return None
    return math.fsum(row_losses(labels, probabilities)) / len(labels)


def row_losses(labels: Labels, probabilities: Probabilities) -> Probabilities:
    """-log(probability of the right class) of each row."""
    right = probabilities[np.arange(len(labels)), labels]
    # math.log, not np.log: the same bits on every processor.
    return np.array([-math.log(p) for p in np.clip(right, CLIP, 1 - CLIP).tolist()])


METRICS = {
    "auc": auc,
    "pr_auc": pr_auc,
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "log_loss": log_loss,
}


def _usable(labels: Labels, probabilities: Probabilities) -> bool:
    return bool(len(labels)) and bool(np.isfinite(probabilities).all())


def _over_classes(labels: Labels, probabilities: Probabilities, area: str) -> float | None:
    if not _usable(labels, probabilities):
        return None
    once = np.ones((1, len(labels)), dtype=np.int64)
    scored = range(1, 2) if probabilities.shape[1] == 2 else range(probabilities.shape[1])
    areas = [float(getattr(Ranking(probabilities[:, c], labels == c).areas(once), area)[0]) for c in scored]
    mean = math.fsum(areas) / len(areas)
    return mean if math.isfinite(mean) else None

"""Metrics of a classifier: exact, vectorised, from the index of the right class [n] and probabilities [n, classes].

A metric that is undefined (no rows, a class without rows, outputs that are not finite) is None, never a number that
looks like one. With two classes, scores are the probability of the second; with more, auc, pr_auc and
calibration_error are the means over the classes, each against the rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from components.ranking import Ranking

Labels = NDArray[np.int64]
Probabilities = NDArray[np.float64]

HIGHER_IS_BETTER = {
    "auc": True,
    "pr_auc": True,
    "accuracy": True,
    "balanced_accuracy": True,
    "log_loss": False,
    "kappa": True,
    "f1": True,
    "brier": False,
    "calibration_error": False,
}

#: Probabilities are clipped to [CLIP, 1 - CLIP], as in Keras: one sure and wrong answer costs 16.1, not infinity.
CLIP = 1e-7

#: Bins of `calibration_error`, as many as C. Guo, G. Pleiss, Y. Sun and K. Weinberger use, ICML (2017).
BINS = 15


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


def kappa(labels: Labels, probabilities: Probabilities) -> float | None:
    """Agreement of the likeliest class with the right one beyond chance, -1 to 1; being off by k classes weighs k squared.

    The classes are grades, in the order of the label values; with two of them the weights do not matter. Undefined where all rows are of
    one class: no agreement is then beyond chance. J. Cohen, Psychological Bulletin 70 (1968).
    """
    if not _usable(labels, probabilities):
        return None
    sums = grade_sums(labels, probabilities.argmax(axis=1)).sum(axis=0)
    value = float(kappa_of(len(labels), sums.astype(np.float64)))
    return value if math.isfinite(value) else None


def f1(labels: Labels, probabilities: Probabilities) -> float | None:
    """Mean over the classes of the harmonic mean of precision and recall; each class counts alike, however rare.

    A class that is never guessed has 0; one without rows makes it undefined.
    """
    values = class_f1(labels, probabilities)
    defined = [v for v in values if v is not None]
    if len(defined) < len(values) or not np.bincount(labels, minlength=len(values)).all():
        return None
    return math.fsum(defined) / len(values)


def brier(labels: Labels, probabilities: Probabilities) -> float | None:
    """Mean squared distance of the probabilities from what happened, 1 for the right class and 0 for others.

    With two classes, of the probability of the second: 0 to 1. With more, summed over the classes: 0 to 2. As in scikit-learn.
    G. W. Brier, Monthly Weather Review 78 (1950).
    """
    if not _usable(labels, probabilities):
        return None
    return math.fsum(row_squares(labels, probabilities)) / len(labels)


def calibration_error(labels: Labels, probabilities: Probabilities) -> float | None:
    """Expected calibration error: by how much the probability of a class and its share of the rows differ, 0 to 1.

    Rows are put in `BINS` bins of equally many by their probability (equal ones stay together); the absolute difference between mean
    probability and share is averaged over the rows, and with more than two classes over the classes. J. Nixon, M. Dusenberry, L. Zhang,
    G. Jerfel and D. Tran, Measuring Calibration in Deep Learning, CVPR Workshops (2019): adaptive calibration error.

    It is never quite 0: `calibration_noise` is what a calibrated model has by chance.
    """
    if not _usable(labels, probabilities):
        return None
    return max(math.fsum(row_miscalibrations(labels, probabilities)) / len(labels), 0.0)


def calibration_noise(counts: Sequence[int]) -> float:
    """What the calibration error of a calibrated model stays below with a chance of 99 %, at least; 0 without rows.

    The mean of n / BINS answers has a standard deviation of s / sqrt(n / BINS) with s <= sqrt(share * (1 - share)); the error is the
    mean of the absolute values of BINS such normal numbers, with mean sqrt(2 / pi) and variance 1 - 2 / pi each.

    Args:
        counts: rows of each class.
    """
    rows = sum(counts)
    if not rows:
        return 0.0
    spread = math.fsum(math.sqrt(n * (rows - n)) / rows for n in counts) / len(counts)
    quantile = math.sqrt(BINS * 2 / math.pi) + 2.3263478740408408 * math.sqrt(1 - 2 / math.pi)
    return spread * quantile / math.sqrt(rows)


def grade_sums(labels: Labels, guesses: Labels) -> NDArray[np.int64]:
    """What `kappa_of` needs of each row, to be added up over rows: int64 [n, 5], whole numbers."""
    return np.stack([labels, guesses, labels**2, guesses**2, labels * guesses], axis=1).astype(np.int64)


def kappa_of(rows: float | NDArray[np.float64], sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Quadratic weighted kappa from sums over rows; NaN where all rows are of one class.

    With y the right and p the guessed class, the observed disagreement is the mean of (y - p)^2, the one expected by chance the mean of
    (y - p)^2 over all pairs of a y and a p. Every product is a whole number below 2^53 up to a million rows of 50 classes: exact.

    Args:
        rows: number of rows, [...].
        sums: of `grade_sums`, float64 [..., 5].
    """
    y, p, y2, p2, yp = np.moveaxis(np.asarray(sums), -1, 0)
    observed = rows * (y2 + p2 - 2 * yp)
    by_chance = rows * (y2 + p2) - 2 * y * p
    with np.errstate(divide="ignore", invalid="ignore"):
        value: NDArray[np.float64] = np.where(rows * y2 > y * y, 1 - observed / by_chance, np.nan)
    return value


def recalls(labels: Labels, probabilities: Probabilities) -> list[tuple[int, int] | None]:
    """For each class, how many of its rows are recognised, and how many it has; None where that is undefined."""
    classes = probabilities.shape[1]
    if not _usable(labels, probabilities):
        return [None] * classes
    rows = np.bincount(labels, minlength=classes)
    right = np.bincount(labels[probabilities.argmax(axis=1) == labels], minlength=classes)
    return [(int(r), int(n)) if n else None for r, n in zip(right, rows, strict=True)]


def precisions(labels: Labels, probabilities: Probabilities) -> list[tuple[int, int] | None]:
    """For each class, how many of the rows taken for it are of it, and how many are taken for it; None where there are none."""
    classes = probabilities.shape[1]
    if not _usable(labels, probabilities):
        return [None] * classes
    guesses = probabilities.argmax(axis=1)
    taken = np.bincount(guesses, minlength=classes)
    right = np.bincount(labels[guesses == labels], minlength=classes)
    return [(int(r), int(n)) if n else None for r, n in zip(right, taken, strict=True)]


def class_f1(labels: Labels, probabilities: Probabilities) -> list[float | None]:
    """For each class, the harmonic mean of its precision and recall; None where it has no rows and none are taken for it."""
    found = []
    for recall, precision in zip(recalls(labels, probabilities), precisions(labels, probabilities), strict=True):
        right = (recall or precision or (0, 0))[0]
        rows = (recall[1] if recall else 0) + (precision[1] if precision else 0)
        found.append(2 * right / rows if rows else None)
    return found


def wilson(right: int, rows: int) -> tuple[float, float]:
    """95 % interval of a share. E. B. Wilson, Journal of the American Statistical Association 22 (1927).

    Not by resampling, as rare classes have few rows: 12 right ones of 12 resample to 1 always, and Wilson's interval says 0.76 to 1.
    """
    share, z2 = right / rows, 1.959963984540054**2
    centre = (share + z2 / (2 * rows)) / (1 + z2 / rows)
    half = math.sqrt(z2 * (share * (1 - share) / rows + z2 / (4 * rows * rows))) / (1 + z2 / rows)
    low = 0.0 if right == 0 else centre - half
    return low, 1.0 if right == rows else centre + half


def row_losses(labels: Labels, probabilities: Probabilities) -> Probabilities:
    """-log(probability of the right class) of each row."""
    right = probabilities[np.arange(len(labels)), labels]
    # math.log, not np.log: the same bits on every processor.
    return np.array([-math.log(p) for p in np.clip(right, CLIP, 1 - CLIP).tolist()])


def row_squares(labels: Labels, probabilities: Probabilities) -> Probabilities:
    """What each row adds to `brier`, [n]."""
    scored = _scored(probabilities)
    squares = np.zeros(len(labels))
    for c in scored:  # One by one, not by np.sum: the same order of additions on every processor.
        squares += (probabilities[:, c] - (labels == c)) ** 2
    return squares


def row_miscalibrations(labels: Labels, probabilities: Probabilities) -> Probabilities:
    """What each row adds to `calibration_error`, [n]: its answer minus its probability, with the sign that its bin has.

    The mean over rows is the error. Resampled with the signs of the original bins, it varies as the error does and keeps its mean; with
    new signs, each resample would add noise of its own to an error that cannot fall below 0.
    """
    scored = _scored(probabilities)
    total = np.zeros(len(labels))
    for c in scored:
        excess = (labels == c) - probabilities[:, c]
        bins = _equal_bins(probabilities[:, c])
        signs = [np.sign(math.fsum(excess[bins == b])) for b in range(BINS)]
        total += np.array(signs)[bins] * excess
    return total / len(scored)


def _equal_bins(scores: Probabilities) -> Labels:
    """The bin of each row, 0 to BINS - 1: equally many rows each; equal scores share one, that of their middle rank."""
    _, group, counts = np.unique(scores, return_inverse=True, return_counts=True)
    middle_twice = 2 * (np.cumsum(counts) - counts) + counts - 1
    bins: Labels = (middle_twice * BINS // (2 * max(len(scores), 1)))[group.reshape(-1)]
    return bins


def _scored(probabilities: Probabilities) -> range:
    """Classes whose probabilities are looked at: with two of them, those of the second say all."""
    return range(1, 2) if probabilities.shape[1] == 2 else range(probabilities.shape[1])


METRICS = {
    "auc": auc,
    "pr_auc": pr_auc,
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
    "log_loss": log_loss,
    "kappa": kappa,
    "f1": f1,
    "brier": brier,
    "calibration_error": calibration_error,
}


def _usable(labels: Labels, probabilities: Probabilities) -> bool:
    return bool(len(labels)) and bool(np.isfinite(probabilities).all())


def _over_classes(labels: Labels, probabilities: Probabilities, area: str) -> float | None:
    if not _usable(labels, probabilities):
        return None
    once = np.ones((1, len(labels)), dtype=np.int64)
    areas = [
        float(getattr(Ranking(probabilities[:, c], labels == c).areas(once), area)[0]) for c in _scored(probabilities)
    ]
    mean = math.fsum(areas) / len(areas)
    return mean if math.isfinite(mean) else None

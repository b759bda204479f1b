"""The threshold of a model of two classes: from which probability of the second on a row is taken for it. Chosen on eval, never on test."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from schemas.config import DEFAULT_THRESHOLD, ConfigError, Cost, ThresholdRule

F64 = npt.NDArray[np.float64]

#: What can be made largest, from counts of rows at each threshold: second class taken for second (tp) and for first (fn), first class
#: taken for second (fp) and for first (tn). The same definitions as the metrics of these names; `f1` is the mean of both classes'.
OBJECTIVES: Mapping[str, Callable[[F64, F64, F64, F64], F64]] = {
    "accuracy": lambda tp, fp, fn, tn: (tp + tn) / (tp + fp + fn + tn),
    "balanced_accuracy": lambda tp, fp, fn, tn: (tp / (tp + fn) + tn / (fp + tn)) / 2,
    "f1": lambda tp, fp, fn, tn: (2 * tp / (2 * tp + fp + fn) + 2 * tn / (2 * tn + fp + fn)) / 2,
}


def choose(targets: npt.NDArray[Any], scores: npt.NDArray[Any], rule: ThresholdRule) -> float:
    """The threshold that a rule wants for these rows; of equally good ones the nearest to 0.5.

    It lies in the middle between two scores, so that the last bits of a score decide nothing.

    Args:
        targets: whether each row is of the second class, [n].
        scores: probability of the second class, [n].

    Raises:
        ValueError: when there is nothing to choose by: a class without rows, or scores that are not finite.
    """
    if isinstance(rule, float):
        return rule
    positive, scores = np.asarray(targets, bool), np.asarray(scores, np.float64)
    if positive.all() or not positive.any() or not np.isfinite(scores).all():
        raise ValueError(
            "evaluate.threshold: is chosen on eval, which must have rows of both classes and finite scores; "
            f"got {int(positive.sum())} of {len(positive)} rows of the second class. Widen the window, or give a number."
        )
    values, index = np.unique(scores, return_inverse=True)
    positives, rows = (np.bincount(index.reshape(-1), w, len(values)) for w in (positive, np.ones(len(scores))))
    # At the k-th threshold, rows with one of the k lowest scores are taken for the first class.
    fn, below = (np.concatenate([[0.0], np.cumsum(c)]) for c in (positives, rows))
    tn = below - fn
    tp, fp = fn[-1] - fn, tn[-1] - tn
    if isinstance(rule, Cost):
        gain = -(rule.cost.false_positive * fp + rule.cost.false_negative * fn)
    else:
        gain = OBJECTIVES[rule.maximize](tp, fp, fn, tn)
    cuts = np.concatenate([[values[0] / 2], (values[:-1] + values[1:]) / 2, [(values[-1] + 1) / 2]])
    best = np.flatnonzero(gain == gain.max())
    return float(cuts[best[np.argmin(np.abs(cuts[best] - DEFAULT_THRESHOLD))]])


def settle(
    rule: ThresholdRule, labels: Sequence[str], of_rows: npt.NDArray[Any], scores: Callable[[], npt.NDArray[Any]]
) -> float | None:
    """The threshold of a trained model; None with more than two classes.

    Args:
        rule: `evaluate.threshold`.
        labels: label values in the order of the model's outputs.
        of_rows: label of each row of eval, as text.
        scores: gives the probability of the second class of each row; only asked where one is chosen.

    Raises:
        ConfigError: when one is to be chosen, and there are not two classes, or eval does not have both.
    """
    if len(labels) != 2:
        if rule != DEFAULT_THRESHOLD:
            raise ConfigError([f"evaluate.threshold: is for two classes, and there are {len(labels)}. Take it out."])
        return None
    if isinstance(rule, float):
        return rule
    found = scores()
    if not np.isfinite(found).all():
        return DEFAULT_THRESHOLD  # no gate passes such a model
    try:
        return choose(of_rows == labels[1], found, rule)
    except ValueError as error:
        raise ConfigError([str(error)]) from None


def decided(probabilities: npt.NDArray[Any], threshold: float | None) -> npt.NDArray[Any]:
    """Probabilities whose largest is the class that a row is taken for: as they are at 0.5 and with more classes, else 0 and 1.

    Rows that are not finite stay so.
    """
    if threshold in (None, DEFAULT_THRESHOLD) or probabilities.shape[1] != 2:
        return probabilities
    second = (probabilities[:, 1] > threshold).astype(np.float64)
    sure = np.stack([1 - second, second], axis=1)
    sure[~np.isfinite(probabilities).all(axis=1)] = np.nan
    return sure

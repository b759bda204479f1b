"""What all rules share: every class needs rows, and the weights of all rows have the mean 1."""

from __future__ import annotations

from collections.abc import Mapping


def require_rows(rule: str, counts: Mapping[str, int]) -> None:
    """Keras would give a class that is not in `class_weight` the weight 1, without a word.

    Raises:
        ValueError: naming the classes without rows, or saying that there are no classes.
    """
    empty = sorted(label for label, n in counts.items() if n <= 0)
    if empty or not counts:
        which = ", ".join(repr(label) for label in empty) or "there are no classes"
        raise ValueError(f"class_weights {rule}: every class needs rows in train; without any: {which}")


def mean_one(weights: Mapping[str, float], counts: Mapping[str, int]) -> dict[str, float]:
    """The same proportions, scaled so that the mean over all rows is 1: the loss then keeps its scale beside `l2` and the learning rate.

    Args:
        weights: label value -> weight of a row, positive.
        counts: label value -> rows, of the same classes, positive.
    """
    mean = sum(weights[label] * n for label, n in counts.items()) / sum(counts.values())
    return {label: weights[label] / mean for label in counts}

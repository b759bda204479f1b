"""What a model is trained towards: classes by cross entropy, or amounts by squared error. What differs between the two is here.

A model's outputs are logits, one for each class; for amounts, one number: the amount in widths from the centre, both learned on train.
So a loss of 1 is that of always giving the mean, whatever the unit of the label, and one learning rate suits all of them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Protocol

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.metric_definitions import METRICS
from components.training_data import Rows
from schemas.config import Train
from schemas.features import NO_CLASS, order_labels
from schemas.run_record import Amounts

Array = npt.NDArray[Any]
F64 = npt.NDArray[np.float64]


class Objective(Protocol):
    """What training and its curves need to know.

    Attributes:
        labels: label values in the order of the outputs; `NO_CLASS` alone for amounts. There are as many outputs.
        amounts: how outputs become amounts; None for classes.
    """

    @property
    def labels(self) -> list[str]: ...

    @property
    def amounts(self) -> Amounts | None: ...

    def targets(self, rows: Rows) -> Array:
        """What the loss compares outputs with, [n]."""

    def keras_loss(self, config: Train) -> Any:
        """The loss that is minimised."""

    def losses_in_graph(self, targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        """Loss of each row, plain, float32 [n]."""

    def losses(self, targets: Array, outputs: F64) -> F64:
        """The same in numpy, float64 [n], from outputs [n, outputs]."""

    def trivial(self, targets: Array, prior: F64) -> F64:
        """Loss of each row of a model that knows no inputs, float64 [n].

        Args:
            prior: share of the weight of train that each class has.
        """

    def measured(self, targets: Array, outputs: F64) -> dict[str, float | None]:
        """Further measures of the curves."""

    def scores(self, outputs: tf.Tensor) -> tf.Tensor:
        """What is served: probabilities float32 [n, classes], or amounts float32 [n, 1]."""


@dataclass(frozen=True)
class Classes:
    """The likeliest of some classes: cross entropy of logits."""

    labels: list[str]
    amounts: None = None

    def targets(self, rows: Rows) -> Array:
        """Index of the right class, int64 [n].

        Raises:
            ValueError: when there are classes that are not among the labels.
        """
        places = {v: i for i, v in enumerate(self.labels)}
        unknown = sorted(set(rows.labels.tolist()) - set(places))
        if unknown:
            raise ValueError(f"eval has classes that train lacks: {unknown}")
        return np.array([places[v] for v in rows.labels], np.int64)

    def keras_loss(self, config: Train) -> Any:
        """Cross entropy of logits, with targets smoothed when asked for (Szegedy et al. 2016)."""
        if not config.label_smoothing:
            return keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        classes, share = len(self.labels), config.label_smoothing

        def smoothed(target: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
            exact = tf.one_hot(tf.reshape(tf.cast(target, tf.int64), [-1]), classes, dtype=tf.float32)
            return keras.losses.categorical_crossentropy(
                exact, tf.cast(logits, tf.float32), from_logits=True, label_smoothing=share
            )

        return smoothed

    def losses_in_graph(self, targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        """See `Objective.losses_in_graph`."""
        return tf.nn.sparse_softmax_cross_entropy_with_logits(targets, outputs)

    def losses(self, targets: Array, outputs: F64) -> F64:
        """See `Objective.losses`."""
        found: F64 = -_log_shares(outputs)[np.arange(len(outputs)), targets]
        return found

    def trivial(self, targets: Array, prior: F64) -> F64:
        """That of the shares of the classes."""
        found: F64 = -np.log(prior)[targets]
        return found

    def measured(self, targets: Array, outputs: F64) -> dict[str, float | None]:
        """Accuracy, balanced accuracy and AUC."""
        shares = np.exp(_log_shares(outputs))
        return {m: METRICS[m](targets, shares) for m in ("accuracy", "balanced_accuracy", "auc")}

    def scores(self, outputs: tf.Tensor) -> tf.Tensor:
        """See `Objective.scores`."""
        return tf.nn.softmax(tf.cast(outputs, tf.float32))


@dataclass(frozen=True)
class Amount:
    """A number: squared error, in squared widths."""

    amounts: Amounts

    @property
    def labels(self) -> list[str]:
        """One output."""
        return [NO_CLASS]

    def targets(self, rows: Rows) -> Array:
        """Amounts in widths from the centre, float32 [n]."""
        assert rows.amounts is not None
        found: npt.NDArray[np.float32] = ((rows.amounts - self.amounts.centre) / self.amounts.width).astype(np.float32)
        return found

    def keras_loss(self, config: Train) -> Any:
        """Mean squared error."""

        def squared(target: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
            return tf.square(tf.reshape(tf.cast(outputs, tf.float32), [-1]) - tf.reshape(target, [-1]))

        return squared

    def losses_in_graph(self, targets: tf.Tensor, outputs: tf.Tensor) -> tf.Tensor:
        """See `Objective.losses_in_graph`."""
        return tf.square(tf.reshape(outputs, [-1]) - targets)

    def losses(self, targets: Array, outputs: F64) -> F64:
        """See `Objective.losses`."""
        found: F64 = (outputs[:, 0] - targets.astype(np.float64)) ** 2
        return found

    def trivial(self, targets: Array, prior: F64) -> F64:
        """That of always giving the centre."""
        found: F64 = targets.astype(np.float64) ** 2
        return found

    def measured(self, targets: Array, outputs: F64) -> dict[str, float | None]:
        """None: the skill is R² on train."""
        return {}

    def scores(self, outputs: tf.Tensor) -> tf.Tensor:
        """See `Objective.scores`."""
        return tf.cast(outputs, tf.float32) * self.amounts.width + self.amounts.centre


def of_train(train: Rows) -> Objective:
    """The objective that the rows of train set: their classes, or the centre and width of their amounts."""
    if train.amounts is None:
        return Classes(order_labels(set(train.labels.tolist())))
    centre = math.fsum(train.amounts) / max(len(train), 1)
    width = math.sqrt(math.fsum((train.amounts - centre) ** 2) / max(len(train), 1))
    return Amount(Amounts(centre=centre, width=width or 1.0))


def _log_shares(logits: F64) -> F64:
    wide = logits - logits.max(axis=1, keepdims=True)
    found: F64 = wide - np.log(np.exp(wide).sum(axis=1, keepdims=True))
    return found

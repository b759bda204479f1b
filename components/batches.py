"""What training is fed: which rows an epoch has, in an order keyed by content, augmented where a policy says so."""

from __future__ import annotations

import collections
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.fingerprints import mix
from components.training_data import I64, U64, Rows
from schemas.findings import DataBlocked, Finding, Severity

if TYPE_CHECKING:
    from components.augmentation import Policy


#: In the place of an epoch: the order in which balanced epochs draw the rows of a class.
DRAWING = 0xFFFFFFFE


def epoch_order(keys: U64, seed: int, epoch: int) -> I64:
    """Order of rows in one epoch: sorted by a hash of (row content, seed, epoch), ties in canonical order."""
    with np.errstate(over="ignore"):
        salt = mix(np.array([seed], np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(epoch))
    return np.argsort(mix(keys ^ salt), kind="stable").astype(np.int64)


def equal_parts(rows: int, classes: int) -> I64:
    """How many of so many rows each class gets, int64 [classes]; the first ones get one more where it does not come out even."""
    return (rows // classes + (np.arange(classes) < rows % classes)).astype(np.int64)


def row_weights(rows: Rows) -> npt.NDArray[np.float32] | None:
    """The weights of rows, scaled so that their mean is 1, float32 [n]; None where there are none.

    Raises:
        DataBlocked: when all rows of a class have the weight 0: it would not be learned.
    """
    if rows.weights is None:
        return None
    lost = sorted(v for v in set(rows.labels.tolist()) if not rows.weights[rows.labels == v].any())
    if lost:
        classes = ", ".join(map(repr, lost))
        text = f"train.sample_weight: every class needs rows in train that weigh more than 0; all rows of {classes} weigh nothing."
        if rows.amounts is not None:
            text = "train.sample_weight: some rows of train must weigh more than 0; all of them weigh nothing."
        remedy = "Correct the weights, or leave the class out of the data."
        block, stage = Severity.BLOCK, "trainer"
        raise DataBlocked(
            [Finding(code="sample_weight", severity=block, subject=classes, message=text, remedy=remedy, stage=stage)]
        )
    exact = rows.weights.astype(np.float64)
    return (exact / (math.fsum(exact) / len(exact))).astype(np.float32)


class Feed:
    """The rows that every epoch trains on.

    Args:
        rows: of train.
        labels: label values in the order of the model's outputs.
        seed: of the order.
        policy: how rows are augmented; None for not at all: every epoch has every row once.
        numeric: how many columns of ``numeric`` are scaled features, the first ones; what a policy may change.
        balanced: every epoch, and every batch, has equally many rows of each class (to one row). An epoch has as many rows as train. A
            class has its rows in one fixed order, keyed by their content, and every epoch goes on where the one before ended: rows of
            rare classes come several times, and over the epochs all rows of a class come equally often (to one time). A policy must be
            `per_epoch`: with copies, rows of rare classes would be augmented more than others.
        goals: what the loss compares outputs with, [n]; None for the classes (`targets`).

    Attributes:
        targets: index in `labels` of every row of train, int64 [n].
        counts: label value -> rows of it in one epoch, copies included.

    Raises:
        ValueError: when it is to be balanced, and a class has no rows or the policy has copies.
    """

    def __init__(
        self,
        rows: Rows,
        labels: list[str],
        seed: int,
        policy: Policy | None = None,
        numeric: int = 0,
        balanced: bool = False,
        goals: npt.NDArray[Any] | None = None,
    ):
        places = {v: i for i, v in enumerate(labels)}
        self.rows, self.labels, self.seed, self._policy, self._numeric = rows, labels, seed, policy, numeric
        self.targets = np.array([places[v] for v in rows.labels], np.int64)
        self.goals = self.targets if goals is None else goals
        index, number = np.arange(len(rows)), np.zeros(len(rows), np.int64)
        if policy is not None:
            index, number = policy.rows(rows.labels)
        self._index, self._number = index.astype(np.int64), number.astype(np.int64)
        self._weights = row_weights(rows)
        self._classes = self._fixed_orders() if balanced else []
        self.counts = collections.Counter(rows.labels[self._index].tolist())
        if balanced:
            parts = equal_parts(len(rows), len(labels)).tolist()
            self.counts = collections.Counter(dict(zip(labels, parts, strict=True)))

    def _fixed_orders(self) -> list[I64]:
        """The rows of each class in the order in which balanced epochs draw them."""
        if self._policy is not None and not self._policy.per_epoch:
            raise ValueError("balanced sampling needs augmentation per epoch: copies would tell rare classes")
        order = epoch_order(self.rows.keys, self.seed, DRAWING)
        classes = [order[self.targets[order] == i] for i in range(len(self.labels))]
        empty = [v for v, chosen in zip(self.labels, classes, strict=True) if not len(chosen)]
        if empty:
            raise ValueError(f"balanced sampling: every class needs rows in train; without any: {empty}")
        return classes

    def __len__(self) -> int:
        """Rows of one epoch."""
        return len(self._index)

    def epoch(self, epoch: int) -> I64:
        """The rows of one epoch in their order, int64 [m, 2]: index in train, and number of the draw (0: the row as it is).

        Args:
            epoch: counted from 0.
        """
        if self._classes:
            return self._balanced_epoch(epoch)
        number = self._number
        if self._policy is not None and self._policy.per_epoch:
            number = number + epoch
        # mix(0) is 0: rows as they are have the order that they would have without augmentation.
        keys = self.rows.keys[self._index] ^ mix(number.astype(np.uint64))
        order = epoch_order(keys, self.seed, epoch)
        return np.stack([self._index[order], number[order]], axis=1)

    def _balanced_epoch(self, epoch: int) -> I64:
        """As `epoch`; the number of a draw counts how often the row has come, from 1: no two draws of a row are augmented alike."""
        parts, rounds = [], []
        for rows, count in zip(self._classes, equal_parts(len(self.rows), len(self.labels)).tolist(), strict=True):
            slots = epoch * count + np.arange(count, dtype=np.int64)
            drawn = np.stack([rows[slots % len(rows)], 1 + slots // len(rows)], axis=1)
            parts.append(drawn[self._shuffled(drawn, epoch)])
            rounds.append(np.arange(count))
        drawn, turn = np.concatenate(parts), np.concatenate(rounds)
        # Round by round, one row of each class in each: so every batch is stratified.
        order = self._shuffled(drawn, epoch)
        return drawn[order[np.argsort(turn[order], kind="stable")]]

    def _shuffled(self, drawn: I64, epoch: int) -> I64:
        keys = self.rows.keys[drawn[:, 0]] ^ mix(drawn[:, 1].astype(np.uint64))
        return epoch_order(keys, self.seed, epoch)

    def batches(self, weights: npt.NDArray[np.float32], size: int, epochs: int, first: int = 0) -> tf.data.Dataset:
        """Batches of (inputs, goal, weight) for all epochs one after the other.

        Args:
            first: epoch to begin with, counted from 0; `epochs` are counted from 0 all the same.
            weights: of a row of each class, in the order of `labels`, float32 [classes]; rows with weights of their own (`row_weights`)
                have the product.
        """
        inputs = {name: tf.constant(values) for name, values in self.rows.inputs.items()}
        keys, targets, weight = tf.constant(self.rows.keys), tf.constant(self.targets), tf.constant(weights)
        goals = tf.constant(self.goals)
        own = None if self._weights is None else tf.constant(self._weights)

        def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
            order = tf.numpy_function(lambda e: self.epoch(int(e)), [epoch], tf.int64)
            return tf.data.Dataset.from_tensor_slices(tf.ensure_shape(order, [len(self), 2])).batch(size)

        def gather(chosen: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
            i, number = chosen[:, 0], chosen[:, 1]
            batch, target = {name: tf.gather(values, i) for name, values in inputs.items()}, tf.gather(targets, i)
            if self._policy is not None:
                batch = self._policy.in_graph(batch, tf.gather(keys, i), number, target, self.labels, self._numeric)
            weighs = tf.gather(weight, target)
            return batch, tf.gather(goals, i), weighs if own is None else weighs * tf.gather(own, i)

        return tf.data.Dataset.range(first, epochs).flat_map(one_epoch).map(gather).prefetch(2)

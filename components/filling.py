"""Numbers without gaps, in the graph: by one value, by group, or from the other numbers."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from components import exact
from components.analysis_plan import Plan
from components.learned import STEPS


def filled_numbers(
    numbers: tf.Tensor, groups: tf.Tensor | None, plan: Plan, table: dict[str, tf.Tensor], weights: tf.Tensor
) -> tf.Tensor:
    """Numbers without gaps, cut off at their bounds: float64 [rows, F]. `groups` are the values by group [rows, grouped features]."""
    lacking, width = tf.math.is_nan(numbers), len(plan.numeric)
    filled = tf.where(lacking, table["fill"], numbers)
    if groups is not None:
        filled = _replaced(filled, lacking, groups, [i for i, _ in plan.grouped], width)
    filled = tf.minimum(tf.maximum(filled, table["low"]), table["high"])
    if plan.regressed:
        at = plan.regressed
        mean, deviation, low, high = (tf.gather(table[k], at) for k in ("mean", "deviation", "minimum", "maximum"))
        values = mean + predicted(filled, lacking, table, weights) * deviation
        filled = _replaced(filled, lacking, tf.minimum(tf.maximum(values, low), high), at, width)
        filled = tf.minimum(tf.maximum(filled, table["low"]), table["high"])
    return filled


def _replaced(filled: tf.Tensor, lacking: tf.Tensor, values: tf.Tensor, at: list[int], width: int) -> tf.Tensor:
    """`filled` [rows, width] with `values` [rows, len(at)] in the columns `at`, where values are lacking."""
    source = np.array([at.index(i) if i in at else 0 for i in range(width)])
    chosen = tf.constant([i in at for i in range(width)])
    return tf.where(lacking & chosen, tf.gather(values, source, axis=1), filled)


def group_values(
    plan: Plan, index: tf.Tensor, unknown: tf.Tensor, blank: tf.Tensor, truth: tf.Tensor, values: tf.Tensor
) -> tf.Tensor:
    """The value of each row's group, float64 [rows, grouped features].

    Args:
        index: lines of the categories, [rows, C]; `unknown` [C] those for unknown ones.
        blank: where the category is missing, [rows, C].
        truth: booleans, [rows, B], NaN where missing.
        values: see `learned.Learned.groups`.
    """
    place = tf.where(blank | (index < 0), tf.zeros_like(index), index - unknown)
    yes = tf.where(tf.math.is_nan(truth), tf.zeros_like(truth), truth + 1.0)
    places = tf.concat([place, tf.cast(yes, tf.int64)], axis=1)
    own = tf.gather(places, [column for _, column in plan.grouped], axis=1)
    own = tf.where(own > plan.group_width, tf.zeros_like(own), own)
    first = tf.range(len(plan.grouped), dtype=tf.int64) * (plan.group_width + 1)
    return tf.gather(tf.reshape(values, [-1]), own + first)


def predicted(numbers: tf.Tensor, lacking: tf.Tensor, table: dict[str, tf.Tensor], weights: tf.Tensor) -> tf.Tensor:
    """Regression imputers' values.

    Standardised values and coefficients are whole numbers so small that float64 adds their products exactly (see
    `learned.Learned`): no matrix product depends on the batch.

    Args:
        numbers: float64 [rows, F], cut off; anything where `lacking`.
        lacking: bool [rows, F].
        table: rows of `learned.TABLE`, each [F].
        weights: whole numbers, float64 [R, F].

    Returns:
        float64 [rows, R], standardised.
    """
    whole = tf.round((numbers - table["mean"]) * table["inverse"] * float(exact.GRID))
    bound = float(exact.FAR * exact.GRID)
    whole = tf.clip_by_value(tf.where(lacking, tf.zeros_like(whole), whole), -bound, bound)
    return tf.matmul(whole, weights, transpose_b=True) / float(exact.GRID * STEPS)

"""Raw features side by side: one operation per storage type, whatever the number of features."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from components.examples import RECORDS
from schemas.features import ColumnType, Feature, FeatureContract

_TYPES = {ColumnType.INT: tf.int64, ColumnType.FLOAT: tf.float32, ColumnType.STRING: tf.string}


def parsed(inputs: dict[str, Any], contract: FeatureContract) -> dict[str, Any]:
    """Raw features, also from serialized examples."""
    if RECORDS not in inputs:
        return inputs
    spec = {f.name: tf.io.VarLenFeature(_TYPES[f.type]) for f in contract.features}
    features: dict[str, Any] = tf.io.parse_example(tf.reshape(inputs[RECORDS], [-1]), spec)
    return features


def row_count(inputs: dict[str, Any]) -> tf.Tensor:
    """Number of rows, int64."""
    first = next(iter(inputs.values()))
    return first.dense_shape[0] if isinstance(first, tf.SparseTensor) else tf.shape(first, tf.int64)[0]


def numbers(inputs: dict[str, Any], features: tuple[Feature, ...]) -> tf.Tensor:
    """float64 [rows, F]; NaN where there is no (finite) number."""

    def convert(values: tf.Tensor) -> tf.Tensor:
        wide = tf.cast(values, tf.float64)
        return tf.where(tf.math.is_finite(wide), wide, _nan())

    return _columns(inputs, features, convert, _nan())


def texts(inputs: dict[str, Any], features: tuple[Feature, ...]) -> tf.Tensor:
    """tf.string [rows, F]; b"" where there is none."""

    def convert(values: tf.Tensor) -> tf.Tensor:
        return values if values.dtype == tf.string else tf.strings.as_string(values)

    return _columns(inputs, features, convert, tf.constant(b""))


def by_storage(
    inputs: dict[str, Any],
    features: tuple[Feature, ...],
    of_texts: Callable[[tf.Tensor], tf.Tensor],
    of_numbers: Callable[[tf.Tensor], tf.Tensor],
    width: int,
    dtype: tf.DType,
) -> tf.Tensor:
    """Features that are read from texts or from numbers: `width` columns each, shape [rows, width F]."""
    parts, order = [tf.zeros(tf.stack([row_count(inputs), 0, width]), dtype)], []
    for stored, read, convert in ((True, texts, of_texts), (False, numbers, of_numbers)):
        at = [i for i, f in enumerate(features) if (f.type is ColumnType.STRING) is stored]
        if at:
            flat = convert(tf.reshape(read(inputs, tuple(features[i] for i in at)), [-1]))
            parts.append(tf.reshape(flat, tf.stack([row_count(inputs), len(at), width])))
            order += at
    joined = tf.gather(tf.concat(parts, axis=1), np.argsort(order).astype(np.int64), axis=1)
    return tf.ensure_shape(
        tf.reshape(joined, tf.stack([row_count(inputs), len(features) * width])), [None, len(features) * width]
    )


def _columns(
    inputs: dict[str, Any], features: tuple[Feature, ...], convert: Callable[[tf.Tensor], tf.Tensor], default: tf.Tensor
) -> tf.Tensor:
    """Features side by side, one value a row, shape [rows, F]; rows without one have the default.

    One operation per storage type, whatever the number of features: Transform builds the graph a dozen times.
    """
    rows, parts, order = row_count(inputs), [], []
    for sparse in (True, False):
        for kind in ColumnType:
            at = [i for i, f in enumerate(features) if f.type is kind and _is_sparse(inputs[f.name]) is sparse]
            group = [inputs[features[i].name] for i in at]
            if group:
                parts.append(_side_by_side(group, rows, convert, default) if sparse else _dense(group, convert))
                order += at
    if not parts:
        return tf.zeros(tf.stack([rows, 0]), default.dtype)
    joined = tf.concat(parts, axis=1) if len(parts) > 1 else parts[0]
    return joined if order == sorted(order) else tf.gather(joined, np.argsort(order), axis=1)


def _is_sparse(raw: Any) -> bool:
    return isinstance(raw, tf.SparseTensor)


def _dense(group: list[tf.Tensor], convert: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
    return convert(tf.stack([tf.reshape(raw, [-1]) for raw in group], axis=1))


def _side_by_side(
    group: list[tf.SparseTensor], rows: tf.Tensor, convert: Callable[[tf.Tensor], tf.Tensor], default: tf.Tensor
) -> tf.Tensor:
    shape = tf.stack([rows, tf.constant(1, tf.int64)])
    indices, values, full = group[0].indices, group[0].values, shape
    if len(group) > 1:
        indices, values, full = tf.raw_ops.SparseConcat(
            indices=[raw.indices for raw in group],
            values=[raw.values for raw in group],
            shapes=[shape] * len(group),
            concat_dim=0,
        )
    below = tf.SparseTensor(indices, convert(values), full)
    flat = tf.sparse.to_dense(below, default)
    return tf.transpose(tf.reshape(flat, tf.stack([tf.constant(len(group), tf.int64), rows])))


def _nan() -> tf.Tensor:
    return tf.constant(float("nan"), tf.float64)

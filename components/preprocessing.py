"""The `preprocessing_fn` of Transform: fills missing values, scales numbers, indexes categories; features of a kind stacked.

Outputs: ``numeric`` float32 [rows, F + indicators] and ``categorical`` int64 [rows, C], indices into one joint vocabulary.
The same graph serves. Nothing in it is random, and the label is not in it.
"""

from __future__ import annotations

import json
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from components import analysis, compat, registry
from schemas.config import PluginSpec
from schemas.features import ColumnType, Feature, FeatureContract, Kind


def _column(raw: Any, default: Any) -> tf.Tensor:
    """One value per row, shape [rows]; rows without one have the default."""
    if isinstance(raw, tf.SparseTensor):
        shape = tf.stack([raw.dense_shape[0], tf.constant(1, tf.int64)])
        return tf.sparse.to_dense(tf.SparseTensor(raw.indices, raw.values, shape), default)[:, 0]
    return tf.reshape(raw, [-1])


def _number(raw: Any, feature: Feature) -> tf.Tensor:
    if feature.type is ColumnType.INT:  # NaN does not exist in integers: cast the present values, then fill
        raw = tf.SparseTensor(raw.indices, tf.cast(raw.values, tf.float64), raw.dense_shape)
        return _column(raw, tf.constant(float("nan"), tf.float64))
    value = tf.cast(_column(raw, tf.constant(float("nan"), tf.float32)), tf.float64)
    return tf.where(tf.math.is_finite(value), value, tf.constant(float("nan"), tf.float64))


def _text(raw: Any, feature: Feature) -> tf.Tensor:
    if feature.type is ColumnType.STRING:
        return _column(raw, b"")
    as_text = tf.strings.as_string(raw.values)
    return _column(tf.SparseTensor(raw.indices, as_text, raw.dense_shape), b"")


def _stack(columns: list[tf.Tensor], rows: tf.Tensor, dtype: tf.DType) -> tf.Tensor:
    return tf.stack(columns, axis=1) if columns else tf.zeros(tf.stack([rows, 0]), dtype)


def _rows(inputs: dict[str, Any]) -> tf.Tensor:
    first = next(iter(inputs.values()))
    return tf.cast(first.dense_shape[0], tf.int32) if isinstance(first, tf.SparseTensor) else tf.shape(first)[0]


def _index(text: tf.Tensor, asset: tf.Tensor, count: int) -> tf.Tensor:
    """Joint index of each value, shape [rows, C]; unknown values have their feature's index for those."""
    prefix = tf.constant([[b"%d:" % i for i in range(count)]])
    # the asset's lines have base64 without padding; TensorFlow's is the same alphabet
    keys = tf.strings.join([tf.broadcast_to(prefix, tf.shape(text)), tf.io.encode_base64(text)])
    unknown = tf.constant([[b"%d:?" % i for i in range(count)]])
    found = tft.apply_vocabulary(
        tf.concat([keys, unknown], axis=0), deferred_vocab_filename_tensor=asset, lookup_fn=compat.lookup_lines
    )
    known, fallback = found[:-1], found[-1:]
    return tf.where(known < 0, tf.broadcast_to(fallback, tf.shape(known)), known)


def _imputers(features: tuple[Feature, ...], config: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    specs = {f.name: PluginSpec.model_validate(config["features"].get(f.name, config[f.kind.value])) for f in features}
    built = {n: registry.build("imputers", s, f"transform.impute.{n}") for n, s in specs.items()}
    return built, {n: s.name for n, s in specs.items()}


def preprocessing_fn(inputs: dict[str, Any], custom_config: dict[str, Any]) -> dict[str, tf.Tensor]:
    """Raw features to model inputs.

    Args:
        inputs: raw features of the schema, sparse, at most one value per row.
        custom_config: ``contract`` and ``impute`` (JSON), ``vocabulary_size``.
    """
    contract = FeatureContract.model_validate_json(custom_config["contract"])
    impute = json.loads(custom_config["impute"])
    numeric, categorical = contract.of_kind(Kind.NUMERIC), contract.of_kind(Kind.CATEGORICAL)
    rows = _rows(inputs)
    numbers = _stack([_number(inputs[f.name], f) for f in numeric], rows, tf.float64)
    text = _stack([_text(inputs[f.name], f) for f in categorical], rows, tf.string)
    imputers, names = _imputers(contract.features, impute)
    size = int(custom_config["vocabulary_size"])
    analyze = analysis.Analyze([f.name for f in numeric], [f.name for f in categorical], imputers, names, size)
    outputs = [(tf.float64, [len(numeric) + 1])] * 3 + [(tf.string, [len(categorical) + 1])]
    fill, mean, scale, text_fill, asset = compat.analyzer_with_asset(
        [numbers, text], analyze, outputs, analysis.EMPTY_ASSET
    )
    fill, mean, scale = fill[:-1], mean[:-1], scale[:-1]
    lacking = tf.math.is_nan(numbers)
    scaled = tf.cast((tf.where(lacking, fill[tf.newaxis, :], numbers) - mean) * scale, tf.float32)
    blank = tf.equal(text, b"")
    filled = tf.where(blank, tf.broadcast_to(text_fill[tf.newaxis, :-1], tf.shape(text)), text)
    columns = [scaled]
    if impute["indicator"]:
        columns += [tf.cast(lacking, tf.float32), tf.cast(blank, tf.float32)]
    width = len(numeric) + (len(contract.features) if impute["indicator"] else 0)
    index = _index(filled, asset, len(categorical)) if categorical else tf.zeros(tf.stack([rows, 0]), tf.int64)
    return {
        "numeric": tf.ensure_shape(tf.concat(columns, axis=1), [None, width]),
        "categorical": tf.ensure_shape(index, [None, len(categorical)]),
    }

"""Transformed examples for training: canonical order in, an order keyed by content out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components import examples as example_files
from components.fingerprints import mix
from schemas.features import ColumnType, FeatureContract, Kind, label_text

TF_TYPES = {ColumnType.INT: tf.int64, ColumnType.FLOAT: tf.float32, ColumnType.STRING: tf.string}


@dataclass(frozen=True)
class Rows:
    """Transformed rows of one split: numeric float32 [n, F], categorical int64 [n, C], labels as text [n], keys uint64 [n]."""

    numeric: npt.NDArray[np.float32]
    categorical: npt.NDArray[np.int64]
    labels: npt.NDArray[np.object_]
    keys: npt.NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.keys)

    def take(self, index: npt.NDArray[np.int64]) -> Rows:
        """Some rows, in the order of the index."""
        return Rows(self.numeric[index], self.categorical[index], self.labels[index], self.keys[index])

    @property
    def inputs(self) -> dict[str, npt.NDArray[np.generic]]:
        """What the model takes."""
        return {"numeric": self.numeric, "categorical": self.categorical}


def raw_spec(contract: FeatureContract, with_label: bool) -> dict[str, tf.io.VarLenFeature]:
    """Parsing spec of the raw inputs, all of them optional; with the label where it is there."""
    spec = {f.name: tf.io.VarLenFeature(TF_TYPES[f.type]) for f in contract.features}
    if with_label:
        spec[contract.label] = tf.io.VarLenFeature(TF_TYPES[contract.label_type])
    return spec


def load_rows(
    files: list[str], contract: FeatureContract, transform: Callable[[dict[str, tf.SparseTensor]], dict[str, tf.Tensor]]
) -> Rows:
    """Reads a split in canonical order and transforms it batch by batch.

    Args:
        files: TFRecord files in canonical order.
        transform: the exported transform graph; raw features in, ``numeric`` and ``categorical`` out.
    """
    spec = raw_spec(contract, with_label=True)

    # Nothing here needs AutoGraph, which would convert the whole transform layer: seconds of Python.
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def convert(records: tf.Tensor) -> tuple[tf.Tensor, ...]:
        raw = tf.io.parse_example(records, spec)
        label = raw.pop(contract.label)
        out = transform(raw)
        return out["numeric"], out["categorical"], label.values, tf.fingerprint(records)

    parts: list[tuple[npt.NDArray[np.generic], ...]] = []
    for file in files:
        for records in example_files.read_records(file):
            parts.append(tuple(t.numpy() for t in convert(tf.constant(records, tf.string))))
    if not parts:
        empty = np.zeros((0, len(contract.of_kind(Kind.NUMERIC))), np.float32)
        return Rows(empty, np.zeros((0, 0), np.int64), np.empty(0, object), np.empty(0, np.uint64))
    numeric, categorical, labels, prints = (np.concatenate(column) for column in zip(*parts, strict=True))
    values, inverse = np.unique(labels, return_inverse=True)
    texts = np.array([label_text(v.item() if hasattr(v, "item") else v) for v in values], object)
    return Rows(numeric, categorical, texts[inverse], prints.reshape(-1).view(np.uint64))


def epoch_order(keys: npt.NDArray[np.uint64], seed: int, epoch: int) -> npt.NDArray[np.int64]:
    """Order of rows in one epoch: sorted by a hash of (row content, seed, epoch), ties in canonical order."""
    with np.errstate(over="ignore"):
        salt = mix(np.array([seed], np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(epoch))
    return np.argsort(mix(keys ^ salt), kind="stable").astype(np.int64)


def batches(
    rows: Rows, targets: npt.NDArray[np.int64], weights: npt.NDArray[np.float32], size: int, seed: int, epochs: int
) -> tf.data.Dataset:
    """Batches of (inputs, target, weight) for all epochs one after the other; every epoch has every row once."""
    numeric, categorical = tf.constant(rows.numeric), tf.constant(rows.categorical)
    target, weight = tf.constant(targets), tf.constant(weights)

    def one_epoch(epoch: tf.Tensor) -> tf.data.Dataset:
        order = tf.numpy_function(lambda e: epoch_order(rows.keys, seed, int(e)), [epoch], tf.int64)
        return tf.data.Dataset.from_tensor_slices(tf.ensure_shape(order, [len(rows)])).batch(size)

    def gather(i: tf.Tensor) -> tuple[dict[str, tf.Tensor], tf.Tensor, tf.Tensor]:
        inputs = {"numeric": tf.gather(numeric, i), "categorical": tf.gather(categorical, i)}
        return inputs, tf.gather(target, i), tf.gather(weight, i)

    return tf.data.Dataset.range(epochs).flat_map(one_epoch).map(gather).prefetch(2)

"""The features of a batch by kind, before anything that is learned."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from components import columns
from components.kinds import booleans, pictures, texts, timestamps
from components.logarithm import log_scaled_tensor
from schemas import config as configuration
from schemas.features import FeatureContract, Kind


@dataclass(frozen=True, eq=False)
class Raw:
    """The features of a batch, before anything that is learned.

    Attributes:
        numbers: float64 [rows, N]; NaN is missing.
        text: of categorical features, tf.string [rows, C]; b"" is missing.
        truth: of boolean features, float64 [rows, B], 0 or 1; NaN is missing.
        moments: parts of timestamps, float32 [rows, 6 T].
        tokens: for each text feature, tf.string [rows, tokens]; b"" is padding.
        images: for each image feature, float32 [rows, height, width, channels].
        there: bool [rows, n] for each of timestamp, text and image: which features have a value.
    """

    numbers: tf.Tensor
    text: tf.Tensor
    truth: tf.Tensor
    moments: tf.Tensor
    tokens: list[tf.Tensor]
    images: list[tf.Tensor]
    there: list[tf.Tensor]


def read_raw(inputs: dict[str, Any], contract: FeatureContract, config: configuration.Transform) -> Raw:
    """The features of a batch; `inputs` are the raw features, or serialized examples as the one input `RECORDS`."""
    inputs = columns.parsed(inputs, contract)
    kinds = {k: contract.of_kind(k) for k in Kind}
    numbers = columns.numbers(inputs, kinds[Kind.NUMERIC])
    if config.log:
        numbers = tf.where([f.name in config.log for f in kinds[Kind.NUMERIC]], log_scaled_tensor(numbers), numbers)
    moments = columns.by_storage(
        inputs, kinds[Kind.TIMESTAMP], timestamps.parts, timestamps.parts_of_seconds, 6, tf.float32
    )
    passages, t = columns.texts(inputs, kinds[Kind.TEXT]), config.text
    pixels = [pictures.decode_known(columns.texts(inputs, (f,))[:, 0], f.shape or (1, 1, 1)) for f in kinds[Kind.IMAGE]]
    nothing = tf.zeros(tf.stack([columns.row_count(inputs), 0]), tf.bool)
    by_part = tf.reshape(moments, tf.stack([columns.row_count(inputs), len(kinds[Kind.TIMESTAMP]), 6]))
    return Raw(
        numbers=numbers,
        text=columns.texts(inputs, kinds[Kind.CATEGORICAL]),
        truth=columns.by_storage(inputs, kinds[Kind.BOOLEAN], booleans.numbers, _not_zero, 1, tf.float64),
        moments=moments,
        tokens=[texts.tokens(passages[:, i], t.max_words, t.ngrams, t.lowercase) for i in range(len(kinds[Kind.TEXT]))],
        images=[image for image, _ in pixels],
        there=[
            tf.reduce_any(tf.not_equal(by_part, 0.0), axis=2),  # no moment is at the centre of the circle
            tf.not_equal(passages, b""),
            tf.stack([known for _, known in pixels], axis=1) if pixels else nothing,
        ],
    )


def _not_zero(values: tf.Tensor) -> tf.Tensor:
    return tf.where(tf.math.is_nan(values), values, tf.cast(tf.not_equal(values, 0.0), tf.float64))

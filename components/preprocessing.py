"""The `preprocessing_fn` of Transform: raw features to what models take; features of a kind stacked, no operation per feature.

Outputs, features of a kind in the order of the contract:

- ``numeric`` float32 [rows, N + B + 6 T + indicators]: scaled numbers; booleans (0 or 1); parts of timestamps (sine and cosine of hour,
  weekday and day of the year; zeros where missing); then, with `impute.indicator`, 1 where a value was missing, for all numeric,
  categorical, boolean, timestamp and image features in this order.
- ``categorical`` int64 [rows, C]: indices into the joint vocabulary.
- ``text_<i>`` int64 [rows, tokens] for each text feature: indices into the joint vocabulary. 0 is padding, and so are tokens that train
  has not (or too rarely): an index for "unknown" would be a vector that training hardly ever saw, in most texts that are served.
- ``image_<i>`` float32 [rows, height, width, channels], 0 to 1, for each image feature; zeros where missing.

The same graph serves. Nothing in it is random, a row gives the same bytes in any batch, and the label is not in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from components import analysis, compat, learned
from components.analysis_plan import Plan, plan_of
from components.filling import filled_numbers, group_values
from components.raw_features import Raw, read_raw
from schemas import config as configuration
from schemas.features import FeatureContract


@dataclass(frozen=True, eq=False)
class Known:
    """What the analysis gives to the graph; see `learned.Learned`. `table` is by row, each [N]; `asset` is a path."""

    table: dict[str, tf.Tensor]
    weights: tf.Tensor
    groups: tf.Tensor
    truth: tf.Tensor
    text: tf.Tensor
    asset: tf.Tensor


def _learn(raw: Raw, plan: Plan) -> Known:
    yes, no, none = (tf.constant(v) for v in (b"1", b"0", b""))
    words = tf.where(tf.math.is_nan(raw.truth), none, tf.where(raw.truth > 0.0, yes, no))
    there = [tf.where(t, yes, none) for t in raw.there]
    shapes = [
        (len(learned.TABLE), len(plan.numeric)),
        (len(plan.regressed), len(plan.numeric)),
        (len(plan.grouped), 1 + plan.group_width),
        (1, len(plan.boolean)),
    ]
    outputs = [(tf.float64, [n + 1, m + 1]) for n, m in shapes] + [(tf.string, [len(plan.categorical) + 1])]
    table, weights, groups, truth, text, asset = compat.analyzer_with_asset(
        [raw.numbers, tf.concat([raw.text, words, *there, *raw.tokens], axis=1)],
        analysis.Analyze(plan),
        outputs,
        learned.EMPTY_ASSET,
    )
    rows = dict(zip(learned.TABLE, tf.unstack(table[:-1, :-1]), strict=True))
    return Known(rows, weights[:-1, :-1], groups[:-1, :-1], truth[0, :-1], text[:-1], asset)


def _indices(raw: Raw, given: Known, plan: Plan) -> tuple[tf.Tensor, tf.Tensor, list[tf.Tensor]]:
    """Lines in the asset: of categories [rows, C] (-1 for unknown ones), of what stands for unknown ones [C], and of tokens."""
    blank, categories = tf.equal(raw.text, b""), len(plan.categorical)
    filled = tf.where(blank, tf.broadcast_to(given.text, tf.shape(raw.text)), raw.text)
    numbers = [*range(categories)]
    numbers += [categories + i for i in range(len(plan.texts)) for _ in range(plan.tokens)]
    if not numbers:
        return tf.zeros_like(raw.text, tf.int64), tf.zeros([0], tf.int64), []
    found, unknown = _lookup(tf.concat([filled, *raw.tokens], axis=1), numbers, categories, given.asset)
    starts = [categories + i * plan.tokens for i in range(len(plan.texts))]
    return found[:, :categories], unknown, [tf.maximum(found[:, n : n + plan.tokens], 0) for n in starts]


def _lookup(text: tf.Tensor, numbers: list[int], categories: int, asset: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Line of each value in the asset, int64 [rows, columns], -1 where there is none; and the lines for unknown categories, [categories].

    Args:
        text: tf.string [rows, columns].
        numbers: of the feature of each column, in the vocabulary.
        categories: how many of the first columns are categorical.
    """
    prefix = tf.constant([[b"%d:" % n for n in numbers]])
    # the asset's lines have base64 without padding; TensorFlow's is the same alphabet
    keys = tf.strings.join([tf.broadcast_to(prefix, tf.shape(text)), tf.io.encode_base64(text)])
    unknown = tf.constant([[b"%d:?" % n if i < categories else b"" for i, n in enumerate(numbers)]])
    found = tft.apply_vocabulary(
        tf.concat([keys, unknown], axis=0), deferred_vocab_filename_tensor=asset, lookup_fn=compat.lookup_lines
    )
    return found[:-1], found[-1, :categories]


def preprocessing_fn(inputs: dict[str, Any], custom_config: dict[str, Any]) -> dict[str, tf.Tensor]:
    """Raw features to model inputs; see the module.

    Args:
        inputs: raw features of the schema, at most one value per row; or serialized examples as the one input `RECORDS`.
        custom_config: ``contract`` and ``transform`` (JSON; the section of the configuration without ``augment``).
    """
    contract = FeatureContract.model_validate_json(custom_config["contract"])
    config = configuration.Transform.model_validate_json(custom_config["transform"])
    plan = plan_of(contract, config)
    raw = read_raw(inputs, contract, config)
    given = _learn(raw, plan)
    category, unknown, tokens = _indices(raw, given, plan)
    gaps = [tf.math.is_nan(raw.numbers), tf.equal(raw.text, b""), tf.math.is_nan(raw.truth)]
    by_group = group_values(plan, category, unknown, gaps[1], raw.truth, given.groups) if plan.grouped else None
    filled = filled_numbers(raw.numbers, by_group, plan, given.table, given.weights)
    columns = [
        tf.cast((filled - given.table["centre"]) * given.table["scale"], tf.float32),
        tf.cast(tf.where(gaps[2], tf.broadcast_to(given.truth, tf.shape(raw.truth)), raw.truth), tf.float32),
        raw.moments,
    ]
    width = len(plan.numeric) + len(plan.boolean) + raw.moments.shape[1]
    if config.impute.indicator:
        gaps += [tf.logical_not(raw.there[0]), tf.logical_not(raw.there[2])]
        columns += [tf.cast(g, tf.float32) for g in gaps]
        width += len(contract.features) - len(plan.texts)
    known = tf.where(category < 0, tf.broadcast_to(unknown, tf.shape(category)), category)
    return {
        "numeric": tf.ensure_shape(tf.concat(columns, axis=1), [None, width]),
        "categorical": tf.ensure_shape(known, [None, len(plan.categorical)]),
        **{f"text_{i}": tf.ensure_shape(t, [None, plan.tokens]) for i, t in enumerate(tokens)},
        **{f"image_{i}": image for i, image in enumerate(raw.images)},
    }

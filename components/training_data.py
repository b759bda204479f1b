"""Transformed examples for training: canonical order in, an order keyed by content out.

All rows of a split are in memory, twice while training. A table of 100 columns takes 40 MB per 100,000 rows; a picture of 64 x 64 x 3
takes 48 KB, so that 10,000 of them take 0.5 GB each time: choose `transform.image` accordingly.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components import examples as example_files
from components.counting import span_of_file
from components.interfaces import ModelInputs
from schemas.features import NO_CLASS, ColumnType, FeatureContract, Kind, label_text

I64 = npt.NDArray[np.int64]
U64 = npt.NDArray[np.uint64]
Inputs = Mapping[str, npt.NDArray[Any]]

TF_TYPES = {ColumnType.INT: tf.int64, ColumnType.FLOAT: tf.float32, ColumnType.STRING: tf.string}
#: Rows that go through the transform or a model at once when nothing is learned from them. Activations of pictures are large:
#: 256 pictures of 96 x 96 take 150 MB in 16 filters.
AT_ONCE, PICTURES_AT_ONCE = 4096, 256


def rows_at_once(pictures: bool) -> int:
    """How many rows to score at once."""
    return PICTURES_AT_ONCE if pictures else AT_ONCE


@dataclass(frozen=True, eq=False)
class Rows:
    """Transformed rows of one split.

    Attributes:
        inputs: what the transform graph gives: ``numeric`` float32 [n, F], ``categorical`` int64 [n, C], ``text_<i>`` int64 [n, T],
            ``image_<i>`` float32 [n, h, w, c].
        labels: label values as text, object [n]; `NO_CLASS` where they are amounts.
        keys: fingerprints of the raw examples, uint64 [n].
        spans: the span that each row came with, int64 [n].
        weights: as the column of weights has them, at least 0, float32 [n]; None without such a column.
        amounts: of a label that is an amount, float64 [n]; None for classes.
    """

    inputs: dict[str, npt.NDArray[Any]]
    labels: npt.NDArray[np.object_]
    keys: U64
    spans: I64
    weights: npt.NDArray[np.float32] | None = None
    amounts: npt.NDArray[np.float64] | None = None

    def __len__(self) -> int:
        return len(self.keys)

    def take(self, index: I64) -> Rows:
        """Some rows, in the order of the index."""
        inputs = {name: values[index] for name, values in self.inputs.items()}
        weights = None if self.weights is None else self.weights[index]
        amounts = None if self.amounts is None else self.amounts[index]
        return Rows(inputs, self.labels[index], self.keys[index], self.spans[index], weights, amounts)


def model_inputs(inputs: Inputs, vocabulary: int, classes: int) -> ModelInputs:
    """What a model has to take, read off the shapes of transformed rows."""
    widths = {name: values.shape[1:] for name, values in sorted(inputs.items())}
    return ModelInputs(
        numeric=widths["numeric"][0],
        categorical=widths["categorical"][0],
        vocabulary=vocabulary,
        classes=classes,
        texts={n: shape[0] for n, shape in widths.items() if n.startswith("text_")},
        images={n: (shape[0], shape[1], shape[2]) for n, shape in widths.items() if n.startswith("image_")},
    )


def load_rows(
    files: list[str],
    contract: FeatureContract,
    transform: Callable[[dict[str, tf.Tensor]], dict[str, tf.Tensor]],
    limit: int | None = None,
) -> Rows:
    """Reads a split in canonical order and transforms it batch by batch. A split without rows has inputs of the right shapes.

    Args:
        files: TFRecord files in canonical order, named as `ingest` does.
        transform: the exported transform graph; serialized examples in, model inputs out.
        limit: most rows to read. Every file gives its share, and at least one: its first rows, which are a random sample, since rows
            of a file are in the order of their fingerprints.
    """
    spec = {contract.label: tf.io.VarLenFeature(TF_TYPES[contract.label_type])}
    weight = contract.sample_weight
    if weight is not None:
        spec[weight] = tf.io.FixedLenFeature([], TF_TYPES[contract.sample_weight_type])

    # Nothing here needs AutoGraph, which would convert the whole transform layer: seconds of Python.
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def convert(records: tf.Tensor) -> tuple[dict[str, tf.Tensor], ...]:
        raw = tf.io.parse_example(records, spec)
        weights = () if weight is None else (tf.cast(raw[weight], tf.float32),)
        inputs = transform({example_files.RECORDS: records})
        return inputs, raw[contract.label].values, tf.fingerprint(records), *weights

    size = rows_at_once(bool(contract.of_kind(Kind.IMAGE)))
    parts, spans = [_arrays(convert(tf.constant([], tf.string)))], [np.empty(0, np.int64)]
    for file, wanted in _shares(files, limit).items():
        for records in example_files.read_records(file, min(size, wanted)):
            parts.append(_arrays(convert(tf.constant(records[:wanted], tf.string))))
            spans.append(np.full(len(records[:wanted]), span_of_file(file), np.int64))
            wanted -= len(records)
            if wanted <= 0:
                break
    inputs = {name: np.concatenate([p[0][name] for p in parts]) for name in parts[0][0]}
    labels, prints, *weights = (np.concatenate([p[i] for p in parts]) for i in range(1, len(parts[0])))
    keys, of_spans, own = prints.reshape(-1).view(np.uint64), np.concatenate(spans), weights[0] if weights else None
    if contract.amounts:
        nameless = np.full(len(labels), NO_CLASS, object)
        return Rows(inputs, nameless, keys, of_spans, own, labels.astype(np.float64))
    values, inverse = np.unique(labels, return_inverse=True)
    texts = np.array([label_text(v.item() if hasattr(v, "item") else v) for v in values], object)
    return Rows(inputs, texts[inverse], keys, of_spans, own)


def _arrays(converted: Any) -> Any:
    inputs, *columns = converted
    return {name: values.numpy() for name, values in inputs.items()}, *(c.numpy() for c in columns)


def _shares(files: list[str], limit: int | None) -> dict[str, int]:
    """How many rows to read of each file."""
    if limit is None:
        return dict.fromkeys(files, np.iinfo(np.int64).max)
    rows = {f: sum(len(batch) for batch in example_files.read_records(f)) for f in files}
    total = max(sum(rows.values()), 1)
    return {f: n if total <= limit else max(1, n * limit // total) for f, n in rows.items() if n}

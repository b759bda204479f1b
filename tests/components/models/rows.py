"""Transformed rows of every kind for tests of models and training."""

from __future__ import annotations

import numpy as np

from components.interfaces import ModelInputs
from components.training_data import Rows

TABLE = ModelInputs(numeric=3, categorical=2, vocabulary=11, classes=3)
TEXTS = ModelInputs(0, 0, 21, 3, texts={"text_0": 6})
PICTURES = ModelInputs(0, 0, 1, 3, images={"image_0": (8, 8, 1)})
ALL_KINDS = ModelInputs(
    2, 1, 21, 3, texts={"text_1": 6, "text_2": 3}, images={"image_3": (8, 8, 1), "image_4": (16, 20, 3)}
)
SHAPES = {
    "table": TABLE,
    "numbers": ModelInputs(3, 0, 1, 2),
    "categories": ModelInputs(0, 2, 11, 2),
    "texts": TEXTS,
    "pictures": PICTURES,
    "all kinds": ALL_KINDS,
}


def suits(family, inputs: ModelInputs) -> bool:
    """Whether a model takes these inputs."""
    there = {kind for kind, given in (("image", inputs.images), ("text", inputs.texts)) if given}
    return there <= {*family.takes} and {*family.needs} <= there


def make_rows(inputs: ModelInputs, n: int, seed: int = 0) -> Rows:
    """Random rows; the first column, token or pixel rows of every input tell the class."""
    rng = np.random.default_rng(seed)
    target = rng.integers(0, inputs.classes, n)
    numeric = rng.normal(size=(n, inputs.numeric)).astype("f4")
    categorical = rng.integers(1, max(inputs.vocabulary, 2), (n, inputs.categorical)) % inputs.vocabulary
    if inputs.numeric:
        numeric[:, 0] += 3 * target
    if inputs.categorical:
        categorical[:, 0] = 1 + target
    arrays = {"numeric": numeric, "categorical": categorical}
    for name, tokens in inputs.texts.items():
        words = rng.integers(4, inputs.vocabulary, (n, tokens))
        words[:, 0] = 1 + target
        words[:, tokens // 2 :] *= rng.random((n, 1)) < 0.5
        arrays[name] = words
    for name, shape in inputs.images.items():
        pictures = 0.3 * rng.random((n, *shape))
        for i, t in enumerate(target):
            pictures[i, 2 * t : 2 * t + 2] += 0.7
            pictures[i, :, : 1 + 2 * t] = 0
        arrays[name] = pictures.astype("f4")
    keys = rng.integers(0, 2**63, n).astype(np.uint64)
    return Rows(arrays, np.array([str(t) for t in target], object), keys, np.full(n, 1, np.int64))

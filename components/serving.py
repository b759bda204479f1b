"""The exported model: a SavedModel that scores serialized raw tf.Examples without the label, and how to use one."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.training_data import raw_spec
from schemas.features import FeatureContract

EXTRA = os.path.join("assets.extra", "retrain.json")
SIGNATURE = "serving_default"


class ServingModule(tf.Module):
    """Parse, transform, predict: exactly the graph that training used."""

    def __init__(self, model: Any, transform: Any, contract: FeatureContract):
        super().__init__()
        self.model, self.transform = model, transform
        self._spec = raw_spec(contract, with_label=False)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")], autograph=False)
    def serve(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Serialized tf.Examples [n] to ``probabilities`` float32 [n, classes]."""
        inputs = self.transform(tf.io.parse_example(examples, self._spec))
        logits = self.model({k: inputs[k] for k in ("numeric", "categorical")}, training=False)
        return {"probabilities": tf.nn.softmax(tf.cast(logits, tf.float32))}


def export(model: Any, transform: Any, contract: FeatureContract, labels: list[str], path: str) -> None:
    """Writes the SavedModel; contract and label values go into ``assets.extra`` (TF Serving leaves that alone)."""
    module = ServingModule(model, transform, contract)
    tf.saved_model.save(module, path, signatures={SIGNATURE: module.serve})
    os.makedirs(os.path.dirname(os.path.join(path, EXTRA)), exist_ok=True)
    with open(os.path.join(path, EXTRA), "w", encoding="utf-8") as file:
        json.dump({"contract": contract.model_dump(mode="json"), "labels": labels}, file, sort_keys=True, indent=1)


def read_extra(path: str) -> dict[str, Any]:
    """Contract and label values of an exported model."""
    with open(os.path.join(path, EXTRA), encoding="utf-8") as file:
        extra: dict[str, Any] = json.load(file)
    return extra


class Scorer:
    """A SavedModel on disk, ready to score."""

    def __init__(self, path: str):
        extra = read_extra(path)
        self.contract = FeatureContract.model_validate(extra["contract"])
        self.labels: list[str] = extra["labels"]
        self._model = tf.saved_model.load(path)
        self._serve = self._model.signatures[SIGNATURE]

    def __call__(self, records: list[bytes]) -> npt.NDArray[np.float32]:
        """Serialized raw examples to probabilities, float32 [n, classes] in the order of `labels`."""
        out: npt.NDArray[np.float32] = self._serve(examples=tf.constant(records, tf.string))["probabilities"].numpy()
        return out

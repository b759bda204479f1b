"""The exported model: a SavedModel that scores serialized raw tf.Examples without the label, and how to use one."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.examples import RECORDS
from components.objective import Objective
from components.training_data import rows_at_once
from schemas.features import FeatureContract, Kind

EXTRA = os.path.join("assets.extra", "retrain.json")
SIGNATURE = "serving_default"


#: What a model answers with: probabilities [n, classes], or amounts [n, 1].
PROBABILITIES, AMOUNTS = "probabilities", "amounts"


class ServingModule(tf.Module):
    """Transform (parsing included), then predict: exactly the graph that training used."""

    def __init__(self, model: Any, transform: Any, aim: Objective):
        super().__init__()
        self.model, self.transform, self.aim = model, transform, aim
        self.answer = AMOUNTS if aim.amounts else PROBABILITIES

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")], autograph=False)
    def serve(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        """Serialized tf.Examples [n] to ``probabilities`` float32 [n, classes], or ``amounts`` float32 [n, 1]."""
        inputs = self.transform({RECORDS: examples})
        outputs = self.model({k.name: inputs[k.name] for k in self.model.inputs}, training=False)
        return {self.answer: self.aim.scores(outputs)}


def export(
    model: Any, transform: Any, contract: FeatureContract, aim: Objective, path: str, threshold: float | None = None
) -> None:
    """Writes the SavedModel; contract, label values and threshold go into ``assets.extra`` (TF Serving leaves that alone).

    Args:
        threshold: with two classes, the probability of the second beyond which a row is taken for it; None for the likelier class.
    """
    module = ServingModule(model, transform, aim)
    tf.saved_model.save(module, path, signatures={SIGNATURE: module.serve})
    os.makedirs(os.path.dirname(os.path.join(path, EXTRA)), exist_ok=True)
    with open(os.path.join(path, EXTRA), "w", encoding="utf-8") as file:
        labels = [] if aim.amounts else aim.labels
        extra = {"contract": contract.model_dump(mode="json"), "labels": labels, "threshold": threshold}
        json.dump(extra, file, sort_keys=True, indent=1)


def read_extra(path: str) -> dict[str, Any]:
    """Contract, label values and threshold of an exported model."""
    with open(os.path.join(path, EXTRA), encoding="utf-8") as file:
        extra: dict[str, Any] = json.load(file)
    return extra


class Scorer:
    """A SavedModel on disk, ready to score.

    Attributes:
        labels: label values in the order of the probabilities; empty for amounts.
        width: numbers that a row gets.
    """

    def __init__(self, path: str):
        extra = read_extra(path)
        self.contract = FeatureContract.model_validate(extra["contract"])
        self.labels: list[str] = extra["labels"]
        self.threshold: float | None = extra.get("threshold")
        self._model = tf.saved_model.load(path)
        self._serve = self._model.signatures[SIGNATURE]
        self._answer = AMOUNTS if self.contract.amounts else PROBABILITIES
        self.width = 1 if self.contract.amounts else len(self.labels)
        self._at_once = rows_at_once(bool(self.contract.of_kind(Kind.IMAGE)))

    def __call__(self, records: list[bytes]) -> npt.NDArray[np.float32]:
        """Serialized raw examples to probabilities, float32 [n, classes] in the order of `labels`, or to amounts, float32 [n, 1]."""
        if not records:
            return np.zeros((0, self.width), np.float32)
        parts = [records[i : i + self._at_once] for i in range(0, len(records), self._at_once)]
        scored = [self._serve(examples=tf.constant(p, tf.string))[self._answer].numpy() for p in parts]
        out: npt.NDArray[np.float32] = np.concatenate(scored)
        return out

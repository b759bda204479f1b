"""What is measured of a model between two epochs: how good it is on fixed rows, and whether it still learns.

Everything goes through two compiled functions that are traced once, so that an epoch pays for arithmetic only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.objective import Objective
from components.training_data import Rows, rows_at_once
from schemas.run_record import LARGEST

F64 = npt.NDArray[np.float64]
#: Rows of the batch that gradients are taken of; pictures are many pixels a row, and the norm of a mean needs no more.
GRADIENT_ROWS = 256


@dataclass(frozen=True, eq=False)
class Watched:
    """Fixed rows with what is known about them.

    Attributes:
        rows: transformed rows.
        targets: index of the right class, int64 [n]; of amounts, what `objective.Amount.targets` gives.
        weights: what a row of each class weighs in training, augmentation and sampling included, float64 [classes].
        prior: share of the weight of train that each class has, float64 [classes], sum 1.
        objective: what the model is trained towards.
    """

    rows: Rows
    targets: npt.NDArray[Any]
    weights: F64
    prior: F64
    objective: Objective

    def scores(self, logits: npt.NDArray[np.float32]) -> dict[str, float | None]:
        """Loss, skill with its standard error, accuracy, balanced accuracy and AUC; None where the logits are not finite, and of amounts
        the last three.

        Args:
            logits: float32 [n, outputs].
        """
        empty: dict[str, float | None] = dict.fromkeys(("skill", "skill_error", "accuracy", "balanced_accuracy", "auc"))
        if not len(logits) or not np.isfinite(logits).all():
            return {"loss": float("nan"), **empty}
        wide = logits.astype(np.float64)
        losses, measured = self.objective.losses(self.targets, wide), self.objective.measured(self.targets, wide)
        return {"loss": float(losses.mean()), **empty, **self._skill(losses), **measured}

    def _skill(self, losses: F64) -> dict[str, float | None]:
        """1 - (weighted loss) / (weighted loss of the prior), and the standard error of that ratio by the delta method."""
        weights = self.weights[0] if self.objective.amounts else self.weights[self.targets]
        with_model, without = weights * losses, weights * self.objective.trivial(self.targets, self.prior)
        total = float(without.sum())
        if not total > 0:
            return {}
        ratio = float(with_model.sum()) / total
        error = float(np.sqrt(((with_model - ratio * without) ** 2).sum()) / total)
        return {"skill": 1 - ratio, "skill_error": error}


def known_beforehand(natural: Mapping[str, int], fed: Mapping[str, int], weights: F64) -> tuple[F64, F64]:
    """What rows of each class weigh in an epoch, and the shares of the classes by weight, each float64 [classes].

    Args:
        natural: label value -> rows of train, in the order of the labels.
        fed: label value -> rows of an epoch.
        weights: of a row of each class, [classes].
    """
    rows = np.array(list(natural.values()), np.float64)
    effective = weights * np.array([fed.get(v, 0) for v in natural], np.float64) / rows
    return effective, effective * rows / (effective * rows).sum()


class Watch:
    """Measures a model.

    Attributes:
        first: name of the first layer with weights; `last` of the last one.
    """

    def __init__(self, model: keras.Model, train: Watched, val: Watched):
        self._model, self._train, self._val = model, train, val
        layers = [layer for layer in model.layers if layer.trainable_weights]
        self.first, self.last = layers[0].name, layers[-1].name
        self._ends = [{id(v) for v in layer.trainable_weights} for layer in (layers[0], layers[-1])]
        spec = {n: tf.TensorSpec([None, *v.shape[1:]], v.dtype) for n, v in train.rows.inputs.items()}
        inner = _with_activations(model)

        @tf.function(input_signature=[spec], autograph=False)
        def outputs(inputs: dict[str, tf.Tensor]) -> tuple[tf.Tensor, list[tf.Tensor]]:
            given = inner(inputs, training=False)
            logits, active = given["logits"], [given[k] for k in sorted(given) if k != "logits"]
            highest = [tf.reduce_max(a, axis=list(range(a.shape.rank - 1))) for a in active]
            return tf.cast(logits, tf.float32), highest

        @tf.function(input_signature=[spec, tf.TensorSpec([None], train.targets.dtype)], autograph=False)
        def norms(inputs: dict[str, tf.Tensor], targets: tf.Tensor) -> list[tf.Tensor]:
            with tf.GradientTape() as tape:
                logits = tf.cast(model(inputs, training=False), tf.float32)
                loss = tf.reduce_mean(train.objective.losses_in_graph(targets, logits))
            found = tape.gradient(loss, [_here(v) for v in model.trainable_variables], unconnected_gradients="zero")
            # A gradient of an embedding may name a row twice: only the sum of both has a norm.
            return [tf.norm(tf.convert_to_tensor(g)) for g in found]

        self._outputs, self._norms = outputs, norms

    def measure(self) -> dict[str, float | None]:
        """What `Epoch` has under these names. Norms that are not finite are `LARGEST`."""
        logits, dead = self._score(self._train.rows)
        result: dict[str, float | None] = {f"train_{k}": v for k, v in self._train.scores(logits).items()}
        del result["train_skill_error"]
        result |= {f"val_{k}": v for k, v in self._val.scores(self._score(self._val.rows)[0]).items()}
        return {**result, "dead_units": dead, **self._gradients()}

    def weights(self) -> list[npt.NDArray[np.float32]]:
        """The trainable weights, copied."""
        return [np.array(v.numpy()) for v in self._model.trainable_variables]

    def _score(self, rows: Rows) -> tuple[npt.NDArray[np.float32], float | None]:
        size = rows_at_once(any(n.startswith("image_") for n in rows.inputs))
        parts, highest = [], None
        for i in range(0, len(rows), size):
            inputs = {n: tf.constant(v[i : i + size]) for n, v in rows.inputs.items()}
            logits, active = self._outputs(inputs)
            parts.append(logits.numpy())
            seen = np.concatenate([a.numpy() for a in active]) if active else np.empty(0, np.float32)
            highest = seen if highest is None else np.maximum(highest, seen)
        dead = None if highest is None or not len(highest) else float(np.mean(highest <= 0))
        return np.concatenate(parts) if parts else np.empty((0, 0), np.float32), dead

    def _gradients(self) -> dict[str, float | None]:
        rows = self._train.rows
        inputs = {n: tf.constant(v[:GRADIENT_ROWS]) for n, v in rows.inputs.items()}
        norms = np.array([g.numpy() for g in self._norms(inputs, self._train.targets[:GRADIENT_ROWS])], np.float64)
        variables = [id(v) for v in self._model.trainable_variables]
        ends = [norms[[i in end for i in variables]] for end in self._ends]
        whole, first, last = (_norm(part) for part in (norms, *ends))
        return {"gradient_norm": whole, "gradient_first": first, "gradient_last": last}


def _here(variable: keras.Variable) -> tf.Variable:
    """The variable itself; of one on several devices, the copy on the first."""
    value = variable.value
    return value.values[0] if isinstance(value, tf.distribute.DistributedValues) else value


def _norm(parts: F64) -> float:
    with np.errstate(over="ignore", invalid="ignore"):
        norm = float(np.sqrt((parts**2).sum()))
    return norm if np.isfinite(norm) else LARGEST


def change(before: list[npt.NDArray[np.float32]], after: list[npt.NDArray[np.float32]]) -> float | None:
    """Norm of the change of weights over their norm before; None when that was 0 or is not finite."""
    with np.errstate(over="ignore", invalid="ignore"):
        moved = sum(float(((b - a).astype(np.float64) ** 2).sum()) for b, a in zip(before, after, strict=True))
        there = sum(float((b.astype(np.float64) ** 2).sum()) for b in before)
    ratio = float(np.sqrt(moved / there)) if there > 0 else float("nan")
    return ratio if np.isfinite(ratio) else None


def _with_activations(model: keras.Model) -> Any:
    """A model that gives the logits and what every layer of ReLU units gives; of a model without a graph of layers, the logits only."""
    if not isinstance(model, keras.Function):
        return lambda inputs, training: {"logits": model(inputs, training=training)}
    relus = {f"active_{i}": layer.output for i, layer in enumerate(filter(_is_relu, model.layers))}
    return keras.Model({k.name: k for k in model.inputs}, {"logits": model.output, **relus})


def _is_relu(layer: keras.layers.Layer) -> bool:
    return isinstance(layer, keras.layers.ReLU) or getattr(layer, "activation", None) is keras.activations.relu

"""The Trainer's `run_fn`: a Keras model on transformed examples, trained the same way every time.

Classes are weighted by a weight per row, never through `compile(loss_weights=...)`, which weights outputs. Early stopping watches
eval, unweighted; the best epoch's weights are kept also when the epochs run out. The test split is never opened here.
"""

from __future__ import annotations

import collections
import hashlib
import json
import os
import time
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_transform as tft

from components import analysis, registry, training_data
from components.interfaces import ModelInputs
from components.serving import export
from schemas.config import Train
from schemas.features import FeatureContract, order_labels
from schemas.run_record import Epoch, Training

CLEAN_SAMPLE = 2000
#: Keras' own val_loss has the L2 penalty in it and would not compare with the clean training loss; the cross entropy has not.
MONITORS = {"val_loss": ("val_cross_entropy", "min"), "val_accuracy": ("val_accuracy", "max")}


class Curves(keras.callbacks.Callback):
    """Records every epoch and keeps the weights of the best one.

    `train_loss` is measured on a fixed sample of train without dropout and class weights, so it compares with `val_loss`.
    """

    def __init__(self, monitor: str, sample: training_data.Rows, targets: npt.NDArray[np.int64]):
        super().__init__()
        self.epochs: list[Epoch] = []
        self.best_epoch = 0
        self.best_weights: list[Any] | None = None
        self._monitor, mode = MONITORS[monitor]
        self._sign = 1 if mode == "min" else -1
        self._best = np.inf
        self._sample, self._targets = sample, targets
        self._began = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._began = time.monotonic()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs = logs or {}
        logits = self.model(self._sample.inputs, training=False)
        clean = tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(self._targets, logits))
        self.epochs.append(
            Epoch(
                epoch=epoch + 1,
                loss=float(logs["loss"]),
                train_loss=float(clean),
                val_loss=float(logs["val_cross_entropy"]),
                val_accuracy=float(logs["val_accuracy"]),
                learning_rate=float(self.model.optimizer.learning_rate),
                seconds=round(time.monotonic() - self._began, 3),
            )
        )
        value = self._sign * float(logs[self._monitor])
        if value < self._best and np.isfinite(float(logs["val_cross_entropy"])):
            self._best, self.best_epoch = value, epoch + 1
            self.best_weights = [w.numpy().copy() for w in self.model.weights]


def class_weights(config: Train, labels: list[str], counts: dict[str, int]) -> dict[str, float]:
    """Weight of a row of each class; empty without class weights.

    Raises:
        ValueError: when a class has no rows or no weight.
    """
    if config.class_weights is None:
        return {}
    rule = registry.build("class_weights", config.class_weights, "train.class_weights")
    weights: dict[str, float] = rule.weights({v: counts.get(v, 0) for v in labels})
    lacking = [v for v in labels if v not in weights]
    if lacking:
        raise ValueError(f"class_weights: no weight for the classes {lacking}; every class needs one")
    return weights


def callbacks(config: Train, curves: Curves) -> list[keras.callbacks.Callback]:
    """Our curves first, so that they see what the others act on."""
    chosen: list[keras.callbacks.Callback] = [curves, keras.callbacks.TerminateOnNaN()]
    if config.reduce_lr:
        r = config.reduce_lr
        name, mode = MONITORS[r.monitor]
        chosen.append(
            keras.callbacks.ReduceLROnPlateau(
                name, mode=mode, factor=r.factor, patience=r.patience, min_lr=r.min_lr, min_delta=0.0
            )
        )
    if config.early_stopping:
        e = config.early_stopping
        name, mode = MONITORS[e.monitor]
        chosen.append(keras.callbacks.EarlyStopping(name, mode=mode, patience=e.patience, min_delta=e.min_delta))
    return chosen


def fit(
    config: Train, model: keras.Model, train: training_data.Rows, val: training_data.Rows, labels: list[str]
) -> Training:
    """Trains in place and leaves the weights of the best epoch in the model."""
    index = {v: i for i, v in enumerate(labels)}
    targets = {id(rows): np.array([index[v] for v in rows.labels], np.int64) for rows in (train, val)}
    weights = class_weights(config, labels, collections.Counter(train.labels.tolist()))
    table = np.array([weights.get(v, 1.0) for v in labels], np.float32)
    sample = np.sort(training_data.epoch_order(train.keys, config.seed, -1 & 0xFFFFFFFF)[:CLEAN_SAMPLE])
    curves = Curves(
        config.early_stopping.monitor if config.early_stopping else "val_loss",
        train.take(sample),
        targets[id(train)][sample],
    )
    model.compile(
        optimizer=keras.optimizers.Adam(config.learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[
            keras.metrics.SparseCategoricalAccuracy(name="accuracy"),
            keras.metrics.SparseCategoricalCrossentropy(from_logits=True, name="cross_entropy"),
        ],
    )
    steps = -(-len(train) // config.batch_size)
    history = model.fit(
        training_data.batches(
            train, targets[id(train)], table[targets[id(train)]], config.batch_size, config.seed, config.epochs
        ),
        epochs=config.epochs,
        steps_per_epoch=steps,
        validation_data=tf.data.Dataset.from_tensor_slices((val.inputs, targets[id(val)])).batch(4096),
        callbacks=callbacks(config, curves),
        verbose=2,
    )
    if curves.best_weights is not None:
        for variable, value in zip(model.weights, curves.best_weights, strict=True):
            variable.assign(value)
    finite = bool(curves.epochs) and all(np.isfinite(e.loss) for e in curves.epochs)
    stopped = "nan" if not finite else "epochs" if len(history.epoch) == config.epochs else "early_stopping"
    return Training(
        epochs=[_finite(e) for e in curves.epochs],
        best_epoch=curves.best_epoch,
        stopped=stopped,
        class_weights=weights,
        parameters=int(model.count_params()),
        labels=labels,
    )


def _finite(epoch: Epoch) -> Epoch:
    """JSON has no NaN: a loss that is not finite becomes the largest float, its optional companions None."""
    big = float(np.finfo(np.float64).max)
    values = {k: (v if v is None or np.isfinite(v) else None) for k, v in epoch.model_dump().items()}
    return Epoch(**{**values, "loss": epoch.loss if np.isfinite(epoch.loss) else big})


def weights_digest(model: keras.Model) -> str:
    """SHA-256 over names, types, shapes and bytes of all weights, in the model's order."""
    digest = hashlib.sha256()
    for variable in model.weights:
        value = variable.numpy()
        digest.update(f"{variable.path} {value.dtype} {value.shape}\n".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()


def build_model(config: Train, inputs: ModelInputs) -> keras.Model:
    """The configured model, initialised from the seed alone."""
    keras.utils.set_random_seed(config.seed)
    return registry.build("models", config.model, "train.model").build(inputs)


def load_splits(
    fn_args: Any, contract: FeatureContract, transform: Any
) -> tuple[training_data.Rows, training_data.Rows]:
    """Train and eval, in canonical order. TFX hands over patterns like ``.../Split-train/*``."""
    loaded = []
    for patterns in (fn_args.train_files, fn_args.eval_files):
        files = sorted(f for p in patterns for f in tf.io.gfile.glob(p))
        loaded.append(training_data.load_rows(files, contract, transform))
    return loaded[0], loaded[1]


def run_fn(fn_args: Any) -> None:
    """Called by TFX's Trainer; `custom_config` has ``contract`` and ``train`` (JSON)."""
    if not keras.__version__.startswith("3."):
        raise RuntimeError(
            f"Keras 3 is needed, got {keras.__version__}: TF_USE_LEGACY_KERAS must be 0 before any import"
        )
    tf.config.experimental.enable_op_determinism()
    contract = FeatureContract.model_validate_json(fn_args.custom_config["contract"])
    config = Train.model_validate_json(fn_args.custom_config["train"])
    output = tft.TFTransformOutput(fn_args.transform_graph_path)
    layer = output.transform_features_layer()
    train, val = load_splits(fn_args, contract, layer)
    labels = order_labels(set(train.labels.tolist()))
    unknown = sorted(set(val.labels.tolist()) - set(labels))
    if unknown:
        raise ValueError(f"eval has classes that train lacks: {unknown}")
    _, vocabulary = analysis.read_learned(os.path.join(output.transform_savedmodel_dir, "assets", analysis.ASSET))
    inputs = ModelInputs(train.numeric.shape[1], train.categorical.shape[1], vocabulary, len(labels))
    model = build_model(config, inputs)
    training = fit(config, model, train, val, labels)
    os.makedirs(fn_args.model_run_dir, exist_ok=True)
    document = {"training": training.model_dump(), "weights": weights_digest(model)}
    with open(os.path.join(fn_args.model_run_dir, "training.json"), "w", encoding="utf-8") as file:
        json.dump(document, file, sort_keys=True)
    export(model, layer, contract, labels, fn_args.serving_model_dir)

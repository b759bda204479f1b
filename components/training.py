"""The Trainer's `run_fn`: a Keras model on transformed examples, trained the same way every time.

Classes are weighted by a weight per row, never through `compile(loss_weights=...)`, which weights outputs. Early stopping watches
eval, unweighted; the best epoch's weights are kept also when the epochs run out. Only train is augmented, batch by batch. The test
split is never opened here.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tensorflow_transform as tft

from components import learned, model_choice, registry, threshold, training_data
from components.augmentation import Policy
from components.batches import Feed, epoch_order
from components.curves import Curves, callbacks
from components.interfaces import ModelInputs
from components.serving import export
from schemas.config import Augment, Evaluate, Train
from schemas.features import FeatureContract, Kind, order_labels
from schemas.run_record import Epoch, Training

CLEAN_SAMPLE = 2000


def class_weights(config: Train, labels: list[str], counts: Mapping[str, int]) -> dict[str, float]:
    """Weight of a row of each class; empty without class weights.

    Args:
        counts: label value -> rows that an epoch trains on, copies by augmentation included.

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


def fit(config: Train, model: keras.Model, feed: Feed, val: training_data.Rows) -> Training:
    """Trains in place and leaves the weights of the best epoch in the model.

    Args:
        feed: what to train on.
        val: the eval split, whose labels `feed.labels` has.
    """
    labels, train = feed.labels, feed.rows
    weights = class_weights(config, labels, feed.counts)
    sample = np.sort(epoch_order(train.keys, config.seed, -1 & 0xFFFFFFFF)[:CLEAN_SAMPLE])
    monitor = config.early_stopping.monitor if config.early_stopping else "val_loss"
    curves = Curves(monitor, train.take(sample), feed.targets[sample])
    model.compile(
        optimizer=keras.optimizers.Adam(config.learning_rate),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=[
            keras.metrics.SparseCategoricalAccuracy(name="accuracy"),
            keras.metrics.SparseCategoricalCrossentropy(from_logits=True, name="cross_entropy"),
        ],
    )
    table = np.array([weights.get(v, 1.0) for v in labels], np.float32)
    history = model.fit(
        feed.batches(table, config.batch_size, config.epochs),
        epochs=config.epochs,
        steps_per_epoch=-(-len(feed) // config.batch_size),
        validation_data=_validation(val, labels),
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
        rows=len(feed),
        sampling=config.sampling,
    )


def _validation(val: training_data.Rows, labels: list[str]) -> tf.data.Dataset:
    places = {v: i for i, v in enumerate(labels)}
    targets = np.array([places[v] for v in val.labels], np.int64)
    size = training_data.rows_at_once(any(n.startswith("image_") for n in val.inputs))
    return tf.data.Dataset.from_tensor_slices((val.inputs, targets)).batch(size)


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


def build_model(config: Train, inputs: ModelInputs) -> tuple[keras.Model, str, str]:
    """The configured model, or the one that suits the inputs, initialised from the seed alone; its name, and why it is this one.

    Raises:
        ConfigError: when it cannot take a kind of input, or does not exist.
    """
    spec, reason = model_choice.settle(config.model, model_choice.kinds_of(inputs))
    keras.utils.set_random_seed(config.seed)
    return registry.build("models", spec, "train.model").build(inputs), spec.name, reason


def load_splits(
    fn_args: Any, contract: FeatureContract, transform: Any
) -> tuple[training_data.Rows, training_data.Rows]:
    """Train and eval, in canonical order. TFX hands over patterns like ``.../Split-train/*``."""
    loaded = []
    for patterns in (fn_args.train_files, fn_args.eval_files):
        files = sorted(f for p in patterns for f in tf.io.gfile.glob(p))
        loaded.append(training_data.load_rows(files, contract, transform))
    return loaded[0], loaded[1]


def _second_scores(model: keras.Model, val: training_data.Rows) -> Any:
    """The probability of the second class of each row of eval, as serving computes it."""
    size = training_data.rows_at_once(any(n.startswith("image_") for n in val.inputs))
    return tf.nn.softmax(model.predict(val.inputs, batch_size=size, verbose=0)).numpy()[:, 1]


def run_fn(fn_args: Any) -> None:
    """Called by TFX's Trainer.

    `custom_config` has, as JSON, ``contract``, ``train``, ``augment`` (empty for no augmentation) and ``threshold`` (`evaluate.threshold`).
    """
    if not keras.__version__.startswith("3."):
        raise RuntimeError(
            f"Keras 3 is needed, got {keras.__version__}: TF_USE_LEGACY_KERAS must be 0 before any import"
        )
    tf.config.experimental.enable_op_determinism()
    contract = FeatureContract.model_validate_json(fn_args.custom_config["contract"])
    config = Train.model_validate_json(fn_args.custom_config["train"])
    augment = fn_args.custom_config["augment"]
    output = tft.TFTransformOutput(fn_args.transform_graph_path)
    layer = output.transform_features_layer()
    train, val = load_splits(fn_args, contract, layer)
    labels = order_labels(set(train.labels.tolist()))
    unknown = sorted(set(val.labels.tolist()) - set(labels))
    if unknown:
        raise ValueError(f"eval has classes that train lacks: {unknown}")
    policy = Policy.of(Augment.model_validate_json(augment)) if augment else None
    feed = Feed(train, labels, config.seed, policy, len(contract.of_kind(Kind.NUMERIC)), config.sampling is not None)
    _, vocabulary = learned.read_learned(os.path.join(output.transform_savedmodel_dir, "assets", learned.ASSET))
    model, name, reason = build_model(config, training_data.model_inputs(train.inputs, vocabulary, len(labels)))
    training = fit(config, model, feed, val).model_copy(update={"model": name, "model_reason": reason})
    rule = Evaluate.model_validate_json(fn_args.custom_config["threshold"]).threshold
    chosen = threshold.settle(rule, labels, val.labels, lambda: _second_scores(model, val))
    training = training.model_copy(update={"threshold": chosen})
    os.makedirs(fn_args.model_run_dir, exist_ok=True)
    document = {"training": training.model_dump(), "weights": weights_digest(model)}
    with open(os.path.join(fn_args.model_run_dir, "training.json"), "w", encoding="utf-8") as file:
        json.dump(document, file, sort_keys=True)
    export(model, layer, contract, labels, fn_args.serving_model_dir, chosen)

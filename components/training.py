"""The Trainer's `run_fn`: a Keras model on transformed examples, trained the same way every time.

Classes are weighted by a weight per row, never through `compile(loss_weights=...)`, which weights outputs. Early stopping watches
eval, unweighted; the best epoch's weights are kept also when the epochs run out. Only train is augmented, batch by batch. The test
split is never opened here.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_transform as tft

from components import (
    compat,
    learned,
    model_choice,
    numerics,
    objective,
    registry,
    threshold,
    training_data,
    tuning_space,
    warm_start,
)
from components.augmentation import Policy
from components.backup import Backup, key_of
from components.batches import Feed, epoch_order
from components.callbacks import Scalars, acting
from components.curves import Curves
from components.interfaces import ModelInputs
from components.serving import export
from components.transform_graph import AppliedGraph
from components.watch import Watched, known_beforehand
from schemas.config import Augment, Evaluate, Train
from schemas.features import FeatureContract, Kind
from schemas.run_record import Training, WarmStart

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


def fit(
    config: Train,
    model: keras.Model,
    feed: Feed,
    val: training_data.Rows,
    backup: Backup | None = None,
    logs: str | None = None,
    also: Sequence[keras.callbacks.Callback] = (),
    aim: objective.Objective | None = None,
) -> Training:
    """Trains in place and leaves the weights of the best epoch in the model.

    Args:
        feed: what to train on.
        val: the eval split, whose labels `feed.labels` has.
        backup: what a killed training left is taken over from here; None for neither writing nor reading one.
        logs: folder for TensorBoard; None for none.
        also: callbacks besides the configured ones.
        aim: what `feed.goals` are; None for the classes of `feed.labels`.
    """
    weights = class_weights(config, feed.labels, feed.counts)
    table = np.array([weights.get(v, 1.0) for v in feed.labels], np.float32)
    aim = aim or objective.Classes(feed.labels)
    curves = Curves(config.monitor, *watched(config, feed, val, table, aim))
    steps = -(-len(feed) // config.batch_size)
    model.compile(optimizer=numerics.optimizer(config, steps), loss=aim.keras_loss(config))
    chosen = acting(config)
    ended = backup.resume(model, curves, chosen) if backup else False
    done = len(curves.epochs)
    if not ended and done < config.epochs:
        model.fit(
            feed.batches(table, config.batch_size, config.epochs, done),
            initial_epoch=done,
            epochs=config.epochs,
            steps_per_epoch=steps,
            callbacks=[
                curves,
                *chosen,
                *also,
                *([Scalars(curves, logs)] if logs else []),
                *([backup] if backup else []),
            ],
            verbose=2,
        )
    if curves.best_weights is not None:
        for variable, value in zip(model.weights, curves.best_weights, strict=True):
            variable.assign(value)
    ran_out = "epochs" if len(curves.epochs) == config.epochs else "early_stopping"
    return Training(
        epochs=curves.epochs,
        best_epoch=curves.best_epoch,
        stopped=ran_out if curves.finite else "nan",
        class_weights=weights,
        parameters=int(model.count_params()),
        labels=[] if aim.amounts else feed.labels,
        amounts=aim.amounts,
        rows=len(feed),
        sampling=config.sampling,
        sample_rows=min(len(feed.rows), CLEAN_SAMPLE),
        val_rows=len(val),
        watched=curves.watched,
        resumed=done or None,
    )


def watched(
    config: Train, feed: Feed, val: training_data.Rows, table: npt.NDArray[np.float32], aim: objective.Objective
) -> tuple[Watched, Watched]:
    """A fixed sample of train, and eval, with what classes weigh.

    Args:
        table: weight of a row of each class, in the order of `feed.labels`.
        aim: what `feed.goals` are.
    """
    train = feed.rows
    sample = np.sort(epoch_order(train.keys, config.seed, -1 & 0xFFFFFFFF)[:CLEAN_SAMPLE])
    natural = dict(zip(feed.labels, np.bincount(feed.targets, minlength=len(feed.labels)).tolist(), strict=True))
    weights, prior = known_beforehand(natural, feed.counts, table.astype(np.float64))
    of_train = Watched(train.take(sample), feed.goals[sample], weights, prior, aim)
    return of_train, Watched(val, aim.targets(val), weights, prior, aim)


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
    compat.reset_names()
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


@dataclass(frozen=True, eq=False)
class Prepared:
    """What is trained on: loaded once, for one training or for many trials.

    Attributes:
        config: as configured; a training may have another one.
        settings: the node's `custom_config`.
        layer: the transform graph; `asset` is the path of what it learned.
        champion: folder of the model that a warm start begins with; None when nothing is served.
        aim: what is trained towards.
    """

    config: Train
    settings: Mapping[str, str]
    contract: FeatureContract
    layer: Any
    asset: str
    inputs: ModelInputs
    feed: Feed
    val: training_data.Rows
    champion: str | None
    aim: objective.Objective


def prepare(fn_args: Any) -> Prepared:
    """Loads train and eval for what TFX's Trainer or Tuner asks; see `run_fn`."""
    if not keras.__version__.startswith("3."):
        raise RuntimeError(
            f"Keras 3 is needed, got {keras.__version__}: TF_USE_LEGACY_KERAS must be 0 before any import"
        )
    tf.config.experimental.enable_op_determinism()
    contract = FeatureContract.model_validate_json(fn_args.custom_config["contract"])
    config = Train.model_validate_json(fn_args.custom_config["train"])
    augment = fn_args.custom_config["augment"]
    output = tft.TFTransformOutput(fn_args.transform_graph_path)
    layer = AppliedGraph(output)
    train, val = load_splits(fn_args, contract, layer)
    aim = objective.of_train(train)
    aim.targets(val)
    policy, numbers = (
        Policy.of(Augment.model_validate_json(augment)) if augment else None,
        contract.of_kind(Kind.NUMERIC),
    )
    goals = aim.targets(train) if aim.amounts else None
    feed = Feed(train, aim.labels, config.seed, policy, len(numbers), config.sampling is not None, goals)
    asset = os.path.join(output.transform_savedmodel_dir, "assets", learned.ASSET)
    _, vocabulary = learned.read_learned(asset)
    inputs = training_data.model_inputs(train.inputs, vocabulary, len(aim.labels))
    return Prepared(config, fn_args.custom_config, contract, layer, asset, inputs, feed, val, fn_args.base_model, aim)


def train(
    p: Prepared,
    config: Train,
    backup: Backup | None = None,
    logs: str | None = None,
    also: Sequence[keras.callbacks.Callback] = (),
) -> tuple[keras.Model, Training, warm_start.Described]:
    """One training, from the model's first weights to the best epoch's; the same whatever was trained before.

    Args:
        config: in the place of `p.config`.
        backup, logs, also: see `fit`.
    """
    described = warm_start.describe({**p.settings, "train": config.model_dump_json()}, p.inputs, p.feed.labels, p.asset)

    def begin(model: keras.Model) -> WarmStart | None:
        return warm_start.begin(model, described, p.champion, p.val, p.aim) if config.warm_start else None

    model, training = train_model(config, p.inputs, p.feed, p.val, begin, backup, logs, also, p.aim)
    return model, training, described


def run_fn(fn_args: Any) -> None:
    """Called by TFX's Trainer.

    `custom_config` has, as JSON, ``contract``, ``train``, ``augment`` (empty for no augmentation), ``indicator`` (whether missing values
    have columns), ``model_files`` (names and digests of what a user's model is made from) and ``threshold`` (`evaluate.threshold`); and
    ``backup``, the folder that a killed training is taken over from. `hyperparameters` are the values that the Tuner found, in the place
    of the configured ones; None without one.
    """
    p = prepare(fn_args)
    spec, _ = model_choice.settle(p.config.model, model_choice.kinds_of(p.inputs))
    config = tuning_space.apply(p.config, spec, (fn_args.hyperparameters or {}).get("values", {}))
    settings = {**p.settings, "train": config.model_dump_json()}
    backup = Backup(Path(settings["backup"]), _key(settings, p.feed.rows, p.val))
    logs = os.path.join(fn_args.model_run_dir, "logs") if config.tensorboard else None
    model, training, described = train(p, config, backup, logs)
    rule = Evaluate.model_validate_json(settings["threshold"]).threshold
    chosen = None
    if not p.aim.amounts:
        chosen = threshold.settle(rule, p.feed.labels, p.val.labels, lambda: _second_scores(model, p.val))
    training = training.model_copy(update={"threshold": chosen})
    os.makedirs(fn_args.model_run_dir, exist_ok=True)
    document = {"training": training.model_dump(), "weights": weights_digest(model)}
    with open(os.path.join(fn_args.model_run_dir, "training.json"), "w", encoding="utf-8") as file:
        json.dump(document, file, sort_keys=True)
    export(model, p.layer, p.contract, p.aim, fn_args.serving_model_dir, chosen)
    warm_start.keep(model, described, fn_args.serving_model_dir)
    backup.remove()


def _key(settings: Mapping[str, str], train: training_data.Rows, val: training_data.Rows) -> str:
    """Where the backup lies changes nothing about the training."""
    return key_of([v for k, v in sorted(settings.items()) if k != "backup"], [train, val])


def train_model(
    config: Train,
    inputs: ModelInputs,
    feed: Feed,
    val: training_data.Rows,
    begin: Callable[[keras.Model], WarmStart | None] = lambda model: None,
    backup: Backup | None = None,
    logs: str | None = None,
    also: Sequence[keras.callbacks.Callback] = (),
    aim: objective.Objective | None = None,
) -> tuple[keras.Model, Training]:
    """Builds and trains, in the precision and on the devices that there are; the model that comes out computes in float32.

    Args:
        begin: gives the new model the weights that it begins with, where those are not its own.

    Raises:
        ConfigError: see `build_model`.
        ValueError: see `numerics.precision`.
    """
    gpus = numerics.devices()
    precision = numerics.precision(config, len(gpus))
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(precision)
    try:
        with numerics.strategy(gpus):
            model, name, reason = build_model(config, inputs)
            start = begin(model)
            training = fit(config, model, feed, val, backup, logs, also, aim)
    finally:
        keras.config.set_dtype_policy(before)
    if gpus or precision != "float32":
        exact, *_ = build_model(config, inputs)
        for variable, value in zip(exact.weights, model.weights, strict=True):
            variable.assign(value.numpy())
        model = exact
    about = {"model": name, "model_reason": reason, "warm_start": start, "precision": precision}
    return model, training.model_copy(update=about)

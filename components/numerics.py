"""How a training computes: optimizer, the precision of arithmetic, and on how many devices."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager
from typing import Any

import keras
import tensorflow as tf

from components.callbacks import learning_rate
from schemas.config import Train


def precision(config: Train, gpus: int) -> str:
    """Keras' dtype policy: float32, or float16 arithmetic with float32 weights where there is a GPU.

    Raises:
        ValueError: when it must be on and there is no GPU.
    """
    if config.mixed_precision == "on" and not gpus:
        raise ValueError("train.mixed_precision: on needs a GPU, and TensorFlow finds none; write auto or off")
    return "mixed_float16" if gpus and config.mixed_precision != "off" else "float32"


def devices() -> list[str]:
    """Names of the GPUs that TensorFlow can use."""
    return [device.name for device in tf.config.list_logical_devices("GPU")]


def strategy(gpus: list[str]) -> AbstractContextManager[Any]:
    """Where variables are made: on all GPUs when there are several. With one, or on the CPU, nothing is changed."""
    return tf.distribute.MirroredStrategy(gpus).scope() if len(gpus) > 1 else contextlib.nullcontext()


def optimizer(config: Train, steps: int) -> keras.optimizers.Optimizer:
    """Adam (Kingma and Ba 2015); AdamW (Loshchilov and Hutter 2019) with weight decay, from which biases are left out.

    Args:
        steps: batches of an epoch.
    """
    rate = learning_rate(config, steps)
    if not config.weight_decay:
        return keras.optimizers.Adam(rate, global_clipnorm=config.clip_norm)
    decayed = keras.optimizers.AdamW(rate, weight_decay=config.weight_decay, global_clipnorm=config.clip_norm)
    decayed.exclude_from_weight_decay(var_names=["bias"])
    return decayed

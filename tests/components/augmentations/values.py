"""Values that operations are tested on."""

import numpy as np
import tensorflow as tf

from components import plugins
from schemas.config import ConfigError, PluginSpec

ROWS = 23


def build(name, params=None):
    return plugins.build("augmentations", PluginSpec(name=name, params={} if params is None else params), "op")


def refused(name, params):
    """The sentence that refuses parameters."""
    try:
        build(name, params)
    except ConfigError as error:
        return " ".join(error.problems)
    raise AssertionError(f"{name}: {params} was accepted")


def pictures(height=9, width=12, channels=3, rows=ROWS):
    return np.random.default_rng(5).random((rows, height, width, channels), np.float32)


def numbers(features=5, rows=ROWS):
    return np.random.default_rng(6).normal(size=(rows, features)).astype(np.float32)


def keys(rows=ROWS):
    return np.random.default_rng(7).integers(-(2**63), 2**63, rows)


def uniform(op, rows=ROWS):
    return np.random.default_rng(8).random((rows, op.uniforms))


def applied(op, values, *parameters):
    """What an operation makes of values, with these parameters for all rows."""
    lines = np.tile(np.array(parameters, np.float32), (len(values), 1))
    return op.apply(tf.constant(values), tf.constant(lines), tf.constant(keys(len(values)))).numpy()

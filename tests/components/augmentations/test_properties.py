"""What every augmentation must keep, checked for each file that is found."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from components import registry
from components.augmentation import Policy
from schemas.config import Augment, ConfigError
from tests.components.augmentations.values import ROWS, build, keys, numbers, pictures, uniform

NAMES = registry.names("augmentations")
#: Those whose first parameter is a number: its strength.
STRONG = [n for n in NAMES if n != "flip"]
SHAPES = [(9, 12, 3), (8, 8, 1), (1, 5, 3), (7, 1, 1)]


def values(op, shape=SHAPES[0]):
    return pictures(*shape) if op.kind == "image" else numbers()


def run(op, given, key, parameters=None):
    drawn = op.parameters(uniform(op, len(given))) if parameters is None else parameters
    return op.apply(tf.constant(given), tf.constant(drawn), tf.constant(key)).numpy()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", SHAPES)
def test_shape_type_and_range_are_kept(name, shape):
    op = build(name)
    given = values(op, shape)
    out = run(op, given, keys())
    assert (out.shape, out.dtype) == (given.shape, np.float32)
    assert np.isfinite(out).all()
    if op.kind == "image":
        assert out.min() >= 0
        assert out.max() <= 1


@pytest.mark.parametrize("name", NAMES)
def test_something_changes_by_default(name):
    op = build(name)
    given = values(op, (32, 32, 3))
    assert (run(op, given, keys()) != given).any()


@pytest.mark.parametrize("name", NAMES)
def test_parameters(name):
    op = build(name)
    assert op.kind in ("image", "numeric")
    drawn = op.parameters(uniform(op))
    assert drawn.dtype == np.float32
    assert drawn.shape[0] == ROWS
    assert np.isfinite(drawn).all()
    assert op.parameters(np.zeros((0, op.uniforms))).shape == (0, drawn.shape[1])
    # Row by row: what is drawn for one does not depend on the others.
    alone = [op.parameters(uniform(op)[i : i + 1]) for i in range(ROWS)]
    assert np.concatenate(alone).tobytes() == drawn.tobytes()


@pytest.mark.parametrize("name", STRONG)
@pytest.mark.parametrize("shape", SHAPES)
def test_strength_0_changes_no_byte(name, shape):
    op = build(name, {dataclasses.fields(build(name))[0].name: 0})
    given = values(op, shape)
    assert run(op, given, keys()).tobytes() == given.tobytes()


@pytest.mark.parametrize("name", STRONG)
@pytest.mark.parametrize("wrong", [-0.1, 181, float("nan"), float("inf"), True, "a"])
def test_impossible_strengths_are_refused(name, wrong):
    with pytest.raises(ConfigError, match=name):
        build(name, wrong)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", SHAPES[:2])
def test_eagerly_in_a_graph_in_any_batch_and_order_the_bytes_are_the_same(name, shape):
    op = build(name)
    given, key, drawn = values(op, shape), keys(), op.parameters(uniform(op))
    eager = run(op, given, key, drawn)
    # Traced as tf.data traces: with its optimiser, and shapes known beyond the batch.
    for size in (1, 4, ROWS):
        data = tf.data.Dataset.from_tensor_slices((given, drawn, key)).batch(size)
        batches = list(data.map(op.apply, num_parallel_calls=2))
        assert np.concatenate([b.numpy() for b in batches]).tobytes() == eager.tobytes()
    graph = tf.function(op.apply, reduce_retracing=True)
    assert graph(*(tf.constant(x) for x in (given, drawn, key))).numpy().tobytes() == eager.tobytes()
    order = np.random.default_rng(0).permutation(ROWS)
    assert run(op, given[order], key[order], drawn[order]).tobytes() == eager[order].tobytes()


@pytest.mark.parametrize("name", NAMES)
def test_the_key_decides(name):
    op = build(name)
    given, drawn = values(op, (16, 16, 3)), op.parameters(uniform(op))
    assert run(op, given, keys(), drawn).tobytes() == run(op, given, keys(), drawn).tobytes()
    if name in ("noise", "jitter", "feature_dropout"):
        assert (run(op, given, keys() + 1, drawn) != run(op, given, keys(), drawn)).any()


@pytest.mark.parametrize("name", NAMES)
def test_no_rows(name):
    op = build(name)
    given = values(op)[:0]
    assert run(op, given, keys(0)).shape == given.shape


@pytest.mark.parametrize("name", NAMES)
def test_by_a_policy_in_a_graph_as_eagerly(name):
    policy = Policy.of(Augment.model_validate({"ops": [{name: {"probability": 0.7}}], "copies": 1}))
    given = {"image_0": pictures(), "numeric": numbers(), "categorical": np.arange(2 * ROWS).reshape(ROWS, 2)}
    key, number = keys().view(np.uint64), np.arange(ROWS, dtype=np.int64) % 3
    classes = np.arange(ROWS, dtype=np.int64) % 2
    draws = policy.draw(key, number, np.array(["no", "yes"], object)[classes])
    eager = policy.apply(given, draws, 3)

    def mapped(inputs, k, n, c):
        return policy.in_graph(inputs, k, n, c, ["no", "yes"], 3)

    data = tf.data.Dataset.from_tensor_slices((given, key, number, classes)).batch(5).map(mapped)
    assert {k: s.shape.as_list() for k, s in data.element_spec.items()} == {
        "image_0": [None, 9, 12, 3],
        "numeric": [None, 5],
        "categorical": [None, 2],
    }
    out = list(data)
    for input_name, value in eager.items():
        assert np.concatenate([b[input_name].numpy() for b in out]).tobytes() == value.numpy().tobytes()
    still = ~draws[0].applied
    assert still[number == 0].all()
    for input_name in given:
        assert eager[input_name].numpy()[still].tobytes() == given[input_name][still].tobytes()

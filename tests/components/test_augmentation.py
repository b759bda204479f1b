"""The policy: which rows there are, what is drawn for them, and what applying it changes."""

import hashlib
import json

import numpy as np
import pytest

from components import registry
from components.augmentation import Policy
from schemas.config import Augment, ConfigError

ALL_BITS = 2**64 - 1


def policy(*ops, **rest):
    return Policy.of(Augment.model_validate({"ops": list(ops), **rest}))


def labels(**counts):
    return np.array([label for label, n in counts.items() for _ in range(n)], object)


def keys(n, start=0):
    return np.arange(start, start + n, dtype=np.uint64) * np.uint64(0x1234567890ABCDF)


def ones(n):
    return np.ones(n, np.int64)


def same(n):
    return np.array(["a"] * n, object)


def by_example(index, number):
    out = {}
    for i, k in zip(index.tolist(), number.tolist(), strict=True):
        out.setdefault(i, []).append(k)
    return out


def test_copies_are_beside_the_example_itself():
    index, number = policy("flip", copies=3).rows(labels(a=2, b=1))
    assert index.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert number.tolist() == [0, 1, 2, 3] * 3


def test_per_epoch_has_every_row_once():
    index, number = policy("flip", per_epoch=True).rows(labels(a=2, b=1))
    assert index.tolist() == [0, 1, 2]
    assert number.tolist() == [1, 1, 1]


@pytest.mark.parametrize(
    ("copies", "max_copies", "expected"),
    [(1, 20, {"a": 1, "b": 4, "c": 20}), (2, 20, {"a": 2, "b": 8, "c": 20}), (1, 3, {"a": 1, "b": 3, "c": 3})],
)
def test_balance_gives_rare_classes_more_draws_and_no_row_as_it_is(copies, max_copies, expected):
    values = labels(a=100, b=25, c=3)
    index, number = policy("flip", balance=True, copies=copies, max_copies=max_copies).rows(values)
    for i, drawn in by_example(index, number).items():
        assert drawn == list(range(1, expected[values[i]] + 1))
    assert len({*index.tolist()}) == 128


def test_no_rows():
    for rest in ({}, {"balance": True}, {"per_epoch": True}):
        index, number = policy("flip", **rest).rows(np.empty(0, object))
        assert (len(index), len(number)) == (0, 0)
    assert policy("flip").draw(keys(0), ones(0), np.empty(0, object))[0].parameters.shape == (0, 2)


def splitmix(value):
    value = ((value ^ value >> 30) * 0xBF58476D1CE4E5B9) & ALL_BITS
    value = ((value ^ value >> 27) * 0x94D049BB133111EB) & ALL_BITS
    return value ^ value >> 31


@pytest.mark.parametrize(("key", "number", "seed"), [(0, 1, 0), (2**64 - 1, 7, 5), (123456789, 2, 2**31 - 1)])
def test_a_draw_is_this_function_of_seed_example_name_and_number(key, number, seed):
    # Computed with Python's integers. A change here changes what is trained, with the same configuration and data.
    drawn = policy({"rotate": 10}, {"rotate": 10}, seed=seed).draw(
        np.array([key], np.uint64), np.array([number]), same(1)
    )
    golden = 0x9E3779B97F4A7C15
    for occurrence, draw in enumerate(drawn):
        name = int.from_bytes(hashlib.blake2b(f"rotate#{occurrence}".encode(), digest_size=8).digest(), "little")
        salt = splitmix((name + seed * golden) & ALL_BITS)
        state = splitmix((splitmix(key ^ salt) + number * golden) & ALL_BITS)
        uniform = (splitmix((state + 2 * golden) & ALL_BITS) >> 11) / 2**53
        assert draw.parameters[0, 0] == np.float32((2 * uniform - 1) * 10)
        own = splitmix((state + (2**32 + 1) * golden) & ALL_BITS)
        assert int(draw.keys[0]) % 2**64 == own


def test_each_of_key_number_seed_and_name_decides():
    base = policy({"rotate": 10}).draw(keys(50), ones(50), same(50))[0].parameters
    assert np.array_equal(base, policy({"rotate": 10}).draw(keys(50), ones(50), same(50))[0].parameters)
    others = [
        policy({"rotate": 10}).draw(keys(50, 1000), ones(50), same(50))[0],
        policy({"rotate": 10}).draw(keys(50), 2 * ones(50), same(50))[0],
        policy({"rotate": 10}, seed=1).draw(keys(50), ones(50), same(50))[0],
        policy({"hue": 10}).draw(keys(50), ones(50), same(50))[0],
        policy({"rotate": 10}, {"rotate": 10}).draw(keys(50), ones(50), same(50))[1],
    ]
    for other in others:
        assert (other.parameters != base).all()
        assert abs(np.corrcoef(other.parameters[:, 0], base[:, 0])[0, 1]) < 0.5


def test_neither_row_order_nor_other_operations_before_nor_other_rows_matter():
    n = 60
    base = policy({"rotate": 10}).draw(keys(n), ones(n), same(n))[0]
    longer = policy("noise", "blur", {"rotate": 10}).draw(keys(n), ones(n), same(n))[2]
    order = np.random.default_rng(0).permutation(n)[:37]
    part = policy({"rotate": 10}).draw(keys(n)[order], ones(37), same(37))[0]
    for other, rows in ((longer, np.arange(n)), (part, order)):
        for one, two in zip(other, base, strict=True):
            assert one.tobytes() == two[rows].tobytes()


@pytest.mark.parametrize("probability", [0.05, 0.5, 0.9])
def test_the_probability_is_the_share_of_draws(probability):
    n = 4000
    draws = policy({"rotate": {"probability": probability}}, {"flip": {"probability": 0.5}}).draw(
        keys(n), ones(n), same(n)
    )
    # Four standard errors.
    assert abs(draws[0].applied.mean() - probability) < 4 * (probability * (1 - probability) / n) ** 0.5
    # Whether it is applied has nothing to do with what is drawn, nor with the other operation.
    applied = draws[0].applied.astype(float)
    assert abs(np.corrcoef(applied, draws[0].parameters[:, 0])[0, 1]) < 0.07
    assert abs(np.corrcoef(applied, draws[1].applied.astype(float))[0, 1]) < 0.07


def test_number_0_and_other_classes_are_left_alone():
    values, number = labels(a=3, b=3), np.array([0, 1, 2, 0, 1, 2])
    draws = policy({"rotate": {"degrees": 9, "classes": ["b"]}}, "flip").draw(keys(6), number, values)
    assert draws[0].applied.tolist() == [False, False, False, False, True, True]
    assert draws[1].applied.tolist() == [False, True, True, False, True, True]


def test_all_pictures_of_an_example_get_the_same_and_nothing_else_changes():
    n = 12
    picture = np.random.default_rng(0).random((n, 8, 8, 1), np.float32)
    given = {
        "image_0": picture,
        "image_1": picture,
        "numeric": np.ones((n, 4), np.float32),
        "text_0": np.ones((n, 3), np.int64),
    }
    chosen = policy({"rotate": 30}, "noise", {"jitter": 0.5})
    out = chosen.apply(given, chosen.draw(keys(n), ones(n), same(n)), 3)
    assert out["image_0"].numpy().tobytes() == out["image_1"].numpy().tobytes() != picture.tobytes()
    assert (out["numeric"].numpy()[:, :3] != 1).all()
    # Indicators and the like stay.
    assert (out["numeric"].numpy()[:, 3] == 1).all()
    assert np.array_equal(out["text_0"].numpy(), given["text_0"])


def test_one_operation_alone():
    n = 12
    given = {"image_0": np.random.default_rng(0).random((n, 8, 8, 1), np.float32)}
    both, second = policy({"rotate": 30}, {"brightness": 0.1}), policy({"brightness": 0.1})
    alone = both.apply(given, both.draw(keys(n), ones(n), same(n)), 0, only=1)
    expected = second.apply(given, second.draw(keys(n), ones(n), same(n)), 0)
    assert alone["image_0"].numpy().tobytes() == expected["image_0"].numpy().tobytes()


def test_without_numeric_features_numeric_operations_do_nothing():
    given = {"numeric": np.ones((2, 3), np.float32)}
    chosen = policy("jitter")
    out = chosen.apply(given, chosen.draw(keys(2), ones(2), same(2)), 0)
    assert out["numeric"].numpy().tolist() == given["numeric"].tolist()


def test_document_and_digest_say_all_that_counts():
    chosen = policy({"rotate": 15}, {"flip": {"probability": 0.5, "classes": ["b", "a"]}}, seed=3)
    expected = {
        "ops": [
            {"op": "rotate", "degrees": 15.0, "fill": "edge", "probability": 1.0, "classes": None},
            {"op": "flip", "axes": "horizontal", "probability": 0.5, "classes": ["a", "b"]},
        ],
        "seed": 3,
        "copies": 1,
    }
    assert chosen.document() == expected
    text = json.dumps(expected, sort_keys=True, separators=(",", ":"))
    assert chosen.digest == hashlib.sha256(text.encode()).hexdigest()
    assert chosen.digest == policy({"rotate": {"degrees": 15.0, "fill": "edge"}}, *_flip(), seed=3).digest


def _flip():
    return [{"flip": {"axes": "horizontal", "probability": 0.5, "classes": ["a", "b"]}}]


@pytest.mark.parametrize(
    "other",
    [
        policy({"rotate": 16}),
        policy({"rotate": {"degrees": 15, "fill": "reflect"}}),
        policy({"rotate": {"degrees": 15, "probability": 0.9}}),
        policy({"rotate": {"degrees": 15, "classes": ["1"]}}),
        policy({"rotate": 15}, "flip"),
        policy({"rotate": 15}, copies=2),
        policy({"rotate": 15}, balance=True),
        policy({"rotate": 15}, per_epoch=True),
        policy({"rotate": 15}, seed=1),
    ],
)
def test_every_difference_changes_the_digest(other):
    assert other.digest != policy({"rotate": 15}).digest


def test_what_has_no_effect_does_not_change_the_digest():
    assert policy("flip", max_copies=5).digest == policy("flip").digest


def test_all_problems_are_told_together():
    with pytest.raises(ConfigError) as caught:
        policy({"rotat": 15}, {"zoom": -1})
    first, second = caught.value.problems
    assert first == "transform.augment.ops.0: unknown augmentation 'rotat'. Did you mean 'rotate'?"
    assert second.startswith("transform.augment.ops.1.zoom.share: ")


def test_operations_without_anything_to_work_on():
    chosen = policy("jitter", "flip")
    assert chosen.problems(["numeric", "image"]) == []
    (problem,) = chosen.problems(["numeric", "text"])
    assert problem.startswith("transform.augment.ops.1: flip changes image inputs, and the data have none.")


def test_titles_tell_operations_of_one_name_apart():
    assert [s.title for s in policy("flip", "noise", "flip").steps] == ["flip", "noise", "flip_2"]


def test_all_operations_can_be_named_in_a_policy():
    names = registry.names("augmentations")
    assert [s.name for s in policy(*names).steps] == names

"""Weights move by name: categories, columns and classes keep theirs, whatever their index."""

import numpy as np

from components.input_names import InputNames
from components.interfaces import WeightLayout
from components.weight_transfer import Shape, transfer

LAYOUT = WeightLayout(
    rows={"hidden_0": [("image_0", 2), ("numeric", 2), ("categorical", 2), ("text_0", 1)], "wide": [("numeric", 2)]},
    entries=("table",),
    scores=("wide", "logits"),
)
BEFORE = InputNames(
    numeric=("age", "fare"),
    categorical=("shop",),
    others={"image_0": "eye", "text_0": "note"},
    entries=("", "shop:?", "shop:YQ", "note:YQ"),
    labels=("no", "yes"),
)


def numbered(*shape):
    return np.arange(1, 1 + np.prod(shape), dtype="f4").reshape(shape)


def test_nothing_changed_takes_everything():
    old = {"table/embeddings": numbered(4, 2), "hidden_0/kernel": numbered(7, 3), "wide/bias": numbered(2)}
    shape = Shape(LAYOUT, BEFORE)
    taken = transfer(old, {n: np.zeros_like(v) for n, v in old.items()}, shape, shape)
    assert (taken.share, taken.fresh) == (1.0, [])
    assert all(np.array_equal(taken.weights[n], old[n]) for n in old)


def test_entries_columns_and_classes_move_by_name():
    now = InputNames(
        numeric=("fare", "age", "tolls"),
        categorical=("kind", "shop"),
        others={"image_0": "ear", "image_1": "eye", "text_0": "note"},
        # The same value of another feature is another entry.
        entries=("", "kind:?", "kind:YQ", "shop:?", "shop:Yg", "shop:YQ", "note:YQ"),
        labels=("maybe", "yes", "no"),
    )
    rows = [("image_0", 2), ("image_1", 2), ("numeric", 3), ("categorical", 4), ("text_0", 1)]
    layout = WeightLayout({"hidden_0": rows, "wide": [("numeric", 3)]}, LAYOUT.entries, LAYOUT.scores)
    old = {
        "table/embeddings": numbered(4, 2),
        "hidden_0/kernel": numbered(7, 3),
        "wide/kernel": numbered(2, 2),
        "wide/bias": numbered(2),
        "image_0_conv_0/kernel": numbered(3, 3, 1, 2),
        "hidden_1/kernel": numbered(3, 4),
    }
    new = {
        "table/embeddings": np.zeros((7, 2), "f4"),
        "hidden_0/kernel": np.zeros((12, 3), "f4"),
        "wide/kernel": np.zeros((3, 3), "f4"),
        "wide/bias": np.zeros(3, "f4"),
        "image_0_conv_0/kernel": np.zeros((3, 3, 1, 2), "f4"),
        "image_1_conv_0/kernel": np.zeros((3, 3, 1, 2), "f4"),
        "hidden_1/kernel": np.zeros((3, 5), "f4"),
        "extra/kernel": np.zeros((2, 2), "f4"),
    }
    taken = transfer(old, new, Shape(LAYOUT, BEFORE), Shape(layout, now))
    got = taken.weights
    # "", shop:?, shop:a and note:a are in new places.
    assert got["table/embeddings"].tolist() == [[1, 2], [0, 0], [0, 0], [3, 4], [0, 0], [5, 6], [7, 8]]
    # By hand: ear 0-1 fresh; eye 2-3 <- 0-1; fare <- 3, age <- 2, tolls fresh; kind 7-8 fresh; shop 9-10 <- 4-5; note <- 6.
    first = [0, 0, 1, 4, 10, 7, 0, 0, 0, 13, 16, 19]
    assert got["hidden_0/kernel"][:, 0].tolist() == first
    assert got["wide/kernel"].tolist() == [[0, 4, 3], [0, 2, 1], [0, 0, 0]]
    assert got["wide/bias"].tolist() == [0, 2, 1]
    assert not got["image_0_conv_0/kernel"].any()
    assert np.array_equal(got["image_1_conv_0/kernel"], old["image_0_conv_0/kernel"])
    assert not got["hidden_1/kernel"].any()
    assert taken.total == 14 + 36 + 9 + 3 + 18 + 18 + 15 + 4
    assert taken.numbers == 8 + 7 * 3 + 4 + 2 + 18
    assert taken.fresh == [
        "table/embeddings: 3 of 7 are new (kind, shop)",
        "hidden_0/kernel: 5 of 12 are new (ear, tolls, kind)",
        "wide/kernel: 1 of 3 are new (tolls); 1 of 3 are new (maybe)",
        "wide/bias: 1 of 3 are new (maybe)",
        "image_0_conv_0/kernel: the champion has none",
        "hidden_1/kernel: the champion's is [3, 4], not [3, 5]",
        "extra/kernel: the champion has none",
    ]


def test_vectors_of_another_length_are_something_else():
    layout = WeightLayout({"hidden_0": [("numeric", 2), ("categorical", 3)]}, ("table",), ())
    old = {"table/embeddings": numbered(4, 2), "hidden_0/kernel": numbered(4, 1)}
    new = {"table/embeddings": np.zeros((4, 3), "f4"), "hidden_0/kernel": np.zeros((5, 1), "f4")}
    before = WeightLayout({"hidden_0": [("numeric", 2), ("categorical", 2)]}, ("table",), ())
    taken = transfer(old, new, Shape(before, BEFORE), Shape(layout, BEFORE))
    assert taken.weights["hidden_0/kernel"][:, 0].tolist() == [1, 2, 0, 0, 0]
    assert not taken.weights["table/embeddings"].any()
    assert taken.numbers == 2


def test_nothing_in_common_is_nothing():
    names = InputNames(entries=("x:YQ",), labels=("b",))
    old, new = {"table/embeddings": numbered(4, 2)}, {"table/embeddings": np.zeros((1, 2), "f4")}
    taken = transfer(old, new, Shape(LAYOUT, BEFORE), Shape(LAYOUT, names))
    assert (taken.numbers, taken.weights["table/embeddings"].any()) == (0, False)

"""The order of rows in training, and what augmentation does to it."""

import collections
import dataclasses

import numpy as np
import pytest

from schemas.config import Augment
from tests.components.models.rows import ALL_KINDS, PICTURES, make_rows

tf = pytest.importorskip("tensorflow")

from components.augmentation import Policy  # noqa: E402
from components.batches import Feed, epoch_order  # noqa: E402
from schemas.findings import DataBlocked  # noqa: E402

LABELS = ["0", "1", "2"]
ONES = np.ones(3, "f4")


def policy(*ops, **params):
    return Policy.of(Augment(ops=[{"op": {"name": n, "params": p}} for n, p in ops], **params))


def seen(feed, size=4, epochs=1, weights=ONES):
    return list(feed.batches(weights, size, epochs).as_numpy_iterator())


def joined(batches, name):
    return np.concatenate([inputs[name] for inputs, *_ in batches])


def test_epochs_are_shuffled_by_content():
    keys = make_rows(PICTURES, 50).keys
    first, second = (epoch_order(keys, 7, e) for e in (0, 1))
    assert sorted(first) == sorted(second) == list(range(50))
    assert (first != second).any()
    # The order of contents does not depend on where rows stand, nor on the other rows.
    other = np.concatenate([keys[::-1], np.array([1, 2], np.uint64)])
    moved = [k for k in other[epoch_order(other, 7, 0)].tolist() if k not in (1, 2)]
    assert moved == keys[first].tolist()


def test_every_epoch_has_every_row_once_in_the_order_of_contents():
    rows = make_rows(ALL_KINDS, 10)
    feed = Feed(rows, LABELS, 7)
    batches = seen(feed, epochs=3, weights=np.array([1, 2, 3], "f4"))
    assert [len(t) for _, t, _ in batches] == [4, 4, 2] * 3
    order = np.concatenate([epoch_order(rows.keys, 7, e) for e in range(3)])
    for name, values in rows.inputs.items():
        np.testing.assert_array_equal(joined(batches, name), values[order])
    targets = np.concatenate([t for _, t, _ in batches])
    np.testing.assert_array_equal(targets, rows.labels[order].astype(int))
    np.testing.assert_array_equal(np.concatenate([w for *_, w in batches]), targets + 1)
    assert feed.counts == collections.Counter(rows.labels.tolist())


def test_copies_come_beside_the_rows_as_they_are():
    rows = make_rows(PICTURES, 30)
    feed = Feed(rows, LABELS, 7, policy(("brightness", {"delta": 0.3}), copies=2))
    assert len(feed) == 90
    assert feed.counts == {v: 3 * n for v, n in collections.Counter(rows.labels.tolist()).items()}
    batches = seen(feed, 16)
    pictures, epoch = joined(batches, "image_0"), feed.epoch(0)
    original = epoch[:, 1] == 0
    np.testing.assert_array_equal(pictures[original], rows.inputs["image_0"][epoch[original, 0]])
    assert (pictures[~original] != rows.inputs["image_0"][epoch[~original, 0]]).any(axis=(1, 2, 3)).all()
    # The rows as they are keep the order that they would have without augmentation.
    np.testing.assert_array_equal(epoch[original, 0], Feed(rows, LABELS, 7).epoch(0)[:, 0])
    # Copies are no new draws in a second epoch.
    both = seen(feed, 16, epochs=2)
    again = {tuple(e): p for e, p in zip(feed.epoch(1).tolist(), joined(both, "image_0")[90:], strict=True)}
    for e, picture in zip(epoch.tolist(), pictures, strict=True):
        np.testing.assert_array_equal(again[tuple(e)], picture)


def test_a_row_is_augmented_alike_whatever_its_place_and_its_batch():
    rows = make_rows(PICTURES, 30)
    turned = rows.take(np.arange(30)[::-1])
    augment = policy(("rotate", {"degrees": 30}), ("noise", {}), copies=1)
    results = []
    for some, size in ((rows, 60), (turned, 7)):
        feed = Feed(some, LABELS, 7, augment)
        chosen = zip(feed.epoch(0).tolist(), joined(seen(feed, size), "image_0"), strict=True)
        results.append({(int(some.keys[i]), n): picture.tobytes() for (i, n), picture in chosen})
    assert results[0] == results[1]


def test_per_epoch_draws_anew_and_repeats_itself():
    rows = make_rows(PICTURES, 20)
    feed = Feed(rows, LABELS, 7, policy(("brightness", {"delta": 0.3}), per_epoch=True))
    assert len(feed) == 20
    assert [set(feed.epoch(e)[:, 1]) for e in (0, 1, 4)] == [{1}, {2}, {5}]
    pictures = joined(seen(feed, 20, 2), "image_0")
    first, second = (pictures[20 * e : 20 * e + 20][np.argsort(feed.epoch(e)[:, 0])] for e in (0, 1))
    assert (first != second).any(axis=(1, 2, 3)).all()
    np.testing.assert_array_equal(joined(seen(feed, 20, 2), "image_0"), pictures)


def test_balance_evens_out_the_classes():
    rows = make_rows(PICTURES, 300)
    rare = rows.take(np.flatnonzero((rows.labels != "2") | (np.arange(300) < 60)))
    before = collections.Counter(rare.labels.tolist())
    feed = Feed(rare, LABELS, 7, policy(("brightness", {"delta": 0.3}), balance=True))
    assert before["2"] * 3 < before["0"]
    assert max(feed.counts.values()) < 1.3 * min(feed.counts.values())
    targets = np.concatenate([t for _, t, _ in seen(feed, 64)])
    assert collections.Counter(str(t) for t in targets) == feed.counts


def test_only_scaled_features_are_changed_among_numbers():
    rows = make_rows(ALL_KINDS, 25)
    feed = Feed(rows, LABELS, 7, policy(("jitter", {}), per_epoch=True), numeric=1)
    batches, order = seen(feed, 25), feed.epoch(0)[:, 0]
    changed = joined(batches, "numeric") != rows.inputs["numeric"][order]
    assert changed[:, 0].all()
    assert not changed[:, 1:].any()
    for name in ("categorical", "text_1", "image_3"):
        np.testing.assert_array_equal(joined(batches, name), rows.inputs[name][order])


def imbalanced(n=400, keep=(400, 60, 9)):
    """Rows with so many of each class at most."""
    rows = make_rows(PICTURES, n)
    chosen = [np.flatnonzero(rows.labels == v)[:k] for v, k in zip(LABELS, keep, strict=True)]
    return rows.take(np.sort(np.concatenate(chosen)))


def test_balanced_epochs_have_equally_many_rows_of_each_class():
    rows = imbalanced()
    feed = Feed(rows, LABELS, 7, balanced=True)
    n = len(rows)
    assert len(feed) == n
    expected = {"0": -(-n // 3), "1": (n + 1) // 3, "2": n // 3}
    assert feed.counts == expected
    for epoch in (0, 1, 9):
        drawn = feed.epoch(epoch)
        assert drawn.shape == (n, 2)
        assert collections.Counter(rows.labels[drawn[:, 0]].tolist()) == expected
        assert len({tuple(d) for d in drawn.tolist()}) == n
    assert (feed.epoch(0) != feed.epoch(1)).any()
    np.testing.assert_array_equal(Feed(rows, LABELS, 7, balanced=True).epoch(4), feed.epoch(4))
    assert (Feed(rows, LABELS, 8, balanced=True).epoch(4) != feed.epoch(4)).any()


def test_balanced_batches_are_stratified():
    rows = imbalanced()
    targets = [t for _, t, _ in seen(Feed(rows, LABELS, 7, balanced=True), 16, epochs=2)]
    assert [len(t) for t in targets] == ([16] * (len(rows) // 16) + [len(rows) % 16] * bool(len(rows) % 16)) * 2
    for some in targets:
        counts = np.bincount(some, minlength=3)
        # A batch can begin and end within a round of one row of each class.
        assert counts.max() - counts.min() <= 2


def test_over_balanced_epochs_all_rows_of_a_class_come_equally_often():
    rows = imbalanced()
    feed = Feed(rows, LABELS, 7, balanced=True)
    times = np.bincount(np.concatenate([feed.epoch(e)[:, 0] for e in range(7)]), minlength=len(rows))
    for label in LABELS:
        own = times[rows.labels == label]
        assert own.max() - own.min() <= 1
        assert own.sum() == 7 * feed.counts[label]
    once = np.bincount(feed.epoch(3)[:, 0], minlength=len(rows))
    assert once[rows.labels == "0"].max() == 1
    assert once[rows.labels == "2"].min() >= feed.counts["2"] // 9


def test_balanced_epochs_do_not_depend_on_where_rows_stand():
    rows = imbalanced()
    turned = rows.take(np.arange(len(rows))[::-1])
    contents = []
    for some in (rows, turned):
        drawn = Feed(some, LABELS, 7, balanced=True).epoch(2)
        contents.append([(int(some.keys[i]), n) for i, n in drawn.tolist()])
    assert contents[0] == contents[1]


def test_repeats_of_a_row_are_augmented_each_in_its_own_way():
    rows = imbalanced(60, (60, 20, 2))
    augment = policy(("brightness", {"delta": 0.3}), per_epoch=True)
    feed = Feed(rows, LABELS, 7, augment, balanced=True)
    pictures = joined(seen(feed, 8, epochs=3), "image_0")
    drawn = np.concatenate([feed.epoch(e) for e in range(3)])
    assert len({tuple(d) for d in drawn.tolist()}) == 3 * len(rows)
    assert (pictures != rows.inputs["image_0"][drawn[:, 0]]).any(axis=(1, 2, 3)).all()
    rare = np.flatnonzero(rows.labels == "2")[0]
    shown = pictures[drawn[:, 0] == rare]
    assert len(shown) > 10
    assert len({p.tobytes() for p in shown}) == len(shown)


@pytest.mark.parametrize(
    ("labels", "augment", "says"),
    [
        ([*LABELS, "3"], None, "without any: .'3'."),
        (LABELS, policy(("brightness", {"delta": 0.3}), copies=1), "needs augmentation per epoch"),
    ],
)
def test_balanced_refuses_what_it_cannot_balance(labels, augment, says):
    with pytest.raises(ValueError, match=says):
        Feed(imbalanced(), labels, 7, augment, balanced=True)


@pytest.mark.parametrize("balanced", [False, True])
def test_weights_of_rows_multiply_those_of_classes(balanced):
    rows = imbalanced()
    own = np.random.default_rng(3).exponential(5, len(rows)).astype("f4")
    own[::7] = 0
    feed = Feed(dataclasses.replace(rows, weights=own), LABELS, 7, balanced=balanced)
    plain = Feed(rows, LABELS, 7, balanced=balanced)
    assert feed.counts == plain.counts
    order = feed.epoch(0)[:, 0]
    np.testing.assert_array_equal(order, plain.epoch(0)[:, 0])
    got = np.concatenate([w for *_, w in seen(feed, 32, weights=np.array([1, 2, 30], "f4"))])
    expected = own / own.astype(float).mean() * np.array([1, 2, 30])[rows.labels.astype(int)]
    np.testing.assert_allclose(got, expected[order], rtol=1e-6)


def test_a_class_whose_rows_all_weigh_nothing_is_refused():
    rows = imbalanced()
    with pytest.raises(DataBlocked, match="all rows of '2' weigh nothing") as caught:
        Feed(dataclasses.replace(rows, weights=(rows.labels != "2").astype("f4")), LABELS, 7)
    assert caught.value.findings[0].code == "sample_weight"

"""The audit of augmentation, on scikit-learn's digits: what is measured, what is recorded and what is said."""

import functools

import numpy as np
import pytest
from sklearn.datasets import load_digits

from components import augmentation_measures as measures
from components import contact_sheet
from components.augmentation import Policy
from components.augmentation_audit import Audit, Seen, audit
from schemas.config import Augment
from schemas.findings import Severity

ROTATE_3 = {"rotate": {"degrees": 30, "classes": ["3"]}}
USUAL = [{"rotate": 15}, {"translate": 0.1}]
TRAIN, TEST = np.arange(800), np.arange(1200, 1797)
OK, WARN, BLOCK = Severity.OK, Severity.WARN, Severity.BLOCK


@functools.lru_cache(maxsize=1)
def digits():
    """Pictures, labels and fingerprints, in an order of chance: the digits come writer by writer."""
    data = load_digits()
    order = np.random.default_rng(0).permutation(len(data.target))
    pictures = (data.images[order] / 16).astype(np.float32)[..., None]
    return pictures, data.target[order].astype(str).astype(object), order.astype(np.uint64) * np.uint64(977)


def train(policy, rows=None, undo=None):
    """Train after a policy; rows for which `undo` holds are left as they are."""
    pictures, labels, keys = digits()
    rows = TRAIN if rows is None else rows
    index, number = policy.rows(labels[rows])
    at = rows[index]
    spans = np.where(at % 2, 1, 2)
    draws = policy.draw(keys[at], number, labels[at])
    given = {"image_0": pictures[at]}
    after = policy.apply(given, draws, 0)["image_0"].numpy()
    alone = [{"image": policy.apply(given, draws, 0, only=i)["image_0"].numpy()} for i in range(len(policy.steps))]
    if undo is not None:
        left = undo(spans, labels[at])
        after[left] = pictures[at][left]
        number = np.where(left, 0, number)
    return Seen({"image": pictures[at]}, {"image": after}, labels[at], spans, number, draws, alone)


def plain(rows, policy=None):
    """A split of evaluation; as a policy makes of it when there is one."""
    pictures, labels, keys = digits()
    values = pictures[rows]
    if policy:
        drawn = policy.draw(keys[rows], np.ones(len(rows), np.int64), labels[rows])
        values = policy.apply({"image_0": values}, drawn, 0)["image_0"].numpy()
    zeros = np.zeros(len(rows), np.int64)
    return Seen({"image": values}, {"image": values}, labels[rows], zeros + 1, zeros)


def policy(*ops, **rest):
    return Policy.of(Augment.model_validate({"ops": list(ops), **rest}))


def audited(chosen, previous=None, undo=None, evaluated=None):
    seen = {"train": train(chosen, undo=undo), "eval": plain(TEST, evaluated)}
    record, found = audit(chosen, seen, previous)
    for f in found:
        assert f.stage == "augment"
        assert f.message.endswith(".")
        assert bool(f.remedy) is (f.severity is not OK)
    return record, found


@functools.cache
def usual():
    """The audit of a policy as people use it."""
    return audited(policy(*USUAL))


def flagged(found):
    return {(f.code, f.subject): f.severity for f in found if f.severity is not OK}


# --- Measures


@pytest.mark.parametrize("degrees", [-170, -90, -20, -5, 0, 5, 20, 60, 120])
def test_turns_are_measured(degrees):
    pictures, _, _ = digits()
    op = policy({"rotate": 180}).steps[0].op
    given = pictures[:200]
    out = op.apply(given, np.full((200, 1), degrees, np.float32), np.zeros(200, np.int64)).numpy()
    error = (measures.turns(given[..., 0], out[..., 0]) - degrees + 180) % 360 - 180
    assert np.median(np.abs(error)) < 2
    assert np.quantile(np.abs(error), 0.9) < 5


def test_a_move_is_no_turn():
    pictures, _, _ = digits()
    moved = np.roll(np.pad(pictures[:200, ..., 0], ((0, 0), (3, 3), (3, 3))), (1, -2), axis=(1, 2))
    still = np.pad(pictures[:200, ..., 0], ((0, 0), (3, 3), (3, 3)))
    assert np.median(np.abs(measures.turns(still, moved))) < 1


def test_change_is_in_distances_of_two_rows():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(4000, 6)).astype(np.float32)
    # Other rows of the same kind are at distance 1, on average; half a deviation is 1/8 of the way in squares.
    other = rng.normal(size=(4000, 6)).astype(np.float32)
    assert measures.change(rows, other).mean() == pytest.approx(1, abs=0.03)
    assert measures.change(rows, rows + np.float32(0.5)).mean() == pytest.approx(0.125, abs=0.005)
    assert measures.change(rows, rows).sum() == 0


def test_unchanged_plain_tiny_and_no_pictures():
    same = np.zeros((3, 8, 8, 1), np.float32)
    for given in (same, same[:, :1, :2], same[:0], np.zeros((2, 300, 5, 3), np.float32)):
        found = measures.measure(given, given)
        assert not found.changed.any()
        assert not found.visible.any()
        assert found.change.tolist() == [0.0] * len(given)


# --- One class or span only


def test_rotation_of_one_class_is_blocked():
    record, found = audited(policy(ROTATE_3))
    assert flagged(found) == {("augmentation_one_sided", "image of class '3'"): BLOCK}
    (one,) = (f for f in found if f.severity is BLOCK)
    # Angles are uniform up to 30 degrees: 15 on average.
    assert one.observed["turn"] == pytest.approx(15, abs=2)
    assert one.observed["turn_of_others"] == 0
    assert "pictures of class '3'" in one.message
    assert f"turned by {one.observed['turn']:.1f}° on average, the others by 0.0°" in one.message
    assert "50 % of them look changed, against 0 %" in one.message
    assert "See the histograms of class '3'." in one.message
    assert "--accept augmentation_one_sided" in one.remedy
    turned = record.inputs["image"].classes["3"].histograms["turn"]
    assert sum(turned.after) == record.inputs["image"].classes["3"].rows
    assert record.operations["rotate"].applied["3"] == 1
    assert record.operations["rotate"].applied["4"] == 0


def test_the_same_for_all_is_quiet():
    for rest in ({}, {"per_epoch": True}, {"balance": True}):
        _, found = audited(policy({"rotate": 30}, **rest))
        assert flagged(found) == {}
        assert [f.statistic is not None for f in found if f.code == "augmentation_one_sided"] == [True, True]


def test_draws_for_one_span_only_are_blocked():
    _, found = audited(policy({"rotate": 30}, per_epoch=True), undo=lambda spans, labels: spans == 1)
    assert flagged(found) == {("augmentation_one_sided", "image of span 2"): BLOCK}
    (one,) = (f for f in found if f.severity is BLOCK)
    assert one.span == 2
    assert one.observed["turn"] == pytest.approx(15, abs=2)


def test_a_class_that_is_left_out_is_named():
    _, found = audited(policy({"rotate": 30}, per_epoch=True), undo=lambda spans, labels: labels == "7")
    assert [s for c, s in flagged(found) if c == "augmentation_one_sided"] == ["image of class '7'"]
    assert "augmented less than the others" in next(f.message for f in found if f.severity is BLOCK)


def test_hidden_behind_what_is_done_to_all():
    for probability in (1.0, 0.3):
        ops = {"rotate": {"degrees": 30, "classes": ["3"], "probability": probability}}, {"brightness": 0.1}
        _, found = audited(policy(*ops, per_epoch=True))
        assert flagged(found) == {("augmentation_one_sided", "image of class '3'"): BLOCK}


def test_another_strength_for_one_class_is_measured_without_the_draws():
    chosen = policy({"rotate": 5}, per_epoch=True)
    weak = train(chosen)
    strong = train(policy({"rotate": 40}, per_epoch=True))
    three = weak.labels == "3"
    after = np.where(three[:, None, None, None], strong.after["image"], weak.after["image"])
    seen = Seen(weak.before, {"image": after}, weak.labels, weak.spans, weak.numbers, weak.draws)
    _, found = audit(chosen, {"train": seen})
    assert flagged(found) == {("augmentation_one_sided", "image of class '3'"): BLOCK}


@pytest.mark.parametrize(("share", "expected"), [(0.08, None), (0.17, WARN), (0.4, BLOCK)])
def test_below_and_beyond_the_limits_of_shares(share, expected):
    # Of span 1, so many draws are left as they are; of span 2 none.
    chosen = policy({"rotate": 30}, per_epoch=True)
    seen = train(chosen)
    first = np.flatnonzero(seen.spans == 1)
    left = first[: round(share * len(first))]
    after = seen.after["image"].copy()
    after[left] = seen.before["image"][left]
    changed = Seen(seen.before, {"image": after}, seen.labels, seen.spans, seen.numbers, seen.draws)
    _, found = audit(chosen, {"train": changed})
    assert flagged(found) == ({("augmentation_one_sided", "image of span 2"): expected} if expected else {})


def test_one_class_and_one_span_have_nothing_to_compare():
    seen = train(policy("flip"))
    chosen = seen.labels == "3"
    only = Seen(
        *({"image": side["image"][chosen]} for side in (seen.before, seen.after)),
        *(x[chosen] for x in (seen.labels, seen.spans * 0, seen.numbers)),
        [type(d)(*(p[chosen] for p in d)) for d in seen.draws],
    )
    _, found = audit(policy("flip"), {"train": only})
    assert [f.message for f in found if f.code == "augmentation_one_sided"] == [
        "image: there are not two classes with 20 rows to compare.",
        "image: there are not two spans with 20 rows to compare.",
    ]


def test_numbers_are_audited_too():
    rng = np.random.default_rng(0)
    labels = np.array(["no", "yes"], object)[np.arange(1000) % 2]
    given = {"numeric": rng.normal(size=(1000, 4)).astype(np.float32)}
    for classes, expected in ((None, {}), (["yes"], {("augmentation_one_sided", "numbers of class 'yes'"): BLOCK})):
        chosen = policy({"jitter": {"deviation": 0.2, "classes": classes}}, per_epoch=True)
        draws = chosen.draw(np.arange(1000, dtype=np.uint64), np.ones(1000, np.int64), labels)
        after = {"numbers": chosen.apply(given, draws, 4)["numeric"].numpy()}
        ones = np.ones(1000, np.int64)
        record, found = audit(chosen, {"train": Seen({"numbers": given["numeric"]}, after, labels, ones, ones, draws)})
        assert flagged(found) == expected
        assert record.inputs["numbers"].classes["yes"].turn is None


# --- Too far


def test_usual_strengths_are_quiet_and_half_a_turn_warns():
    record, found = usual()
    assert flagged(found) == {}
    assert [*record.operations] == ["rotate", "translate"]
    assert 0 < record.operations["rotate"].change["image"] < record.operations["translate"].change["image"] < 0.5
    _, found = audited(policy({"rotate": 180}))
    assert flagged(found) == {
        ("augmentation_destroys", "image"): WARN,
        ("augmentation_destroys", "image by rotate"): WARN,
    }


def test_what_is_no_picture_of_the_set_any_more_blocks():
    seen = train(policy("flip"))
    white = Seen(
        seen.before, {"image": np.ones_like(seen.before["image"])}, seen.labels, seen.spans, seen.numbers, seen.draws
    )
    _, found = audit(policy("flip"), {"train": white})
    assert flagged(found)[("augmentation_destroys", "image")] is BLOCK


# --- Eval


@pytest.mark.parametrize("rest", [{"per_epoch": True}, {"copies": 1}])
@pytest.mark.parametrize("ops", [USUAL, [{"brightness": 0.3}], [{"rotate": 30}]])
def test_augmented_evaluation_is_blocked(ops, rest):
    chosen = policy(*ops, **rest)
    _, found = audited(chosen, evaluated=chosen)
    assert flagged(found) == {("augmentation_in_evaluation", "image of eval"): BLOCK}
    assert flagged(audited(chosen)[1]) == {}


def test_drift_of_evaluation_is_not_augmentation():
    # Darker and turned the other way: far from train, and no nearer to its augmented pictures.
    chosen = policy(*USUAL)
    dark = plain(TEST)
    values = {"image": dark.after["image"] * np.float32(0.7)}
    seen = {"train": train(chosen), "eval": Seen(values, values, dark.labels, dark.spans, dark.numbers)}
    assert flagged(audit(chosen, seen)[1]) == {}


def test_changed_rows_of_evaluation_are_blocked():
    chosen = policy(*USUAL)
    other = plain(TEST)
    after = {"image": other.after["image"].copy()}
    after["image"][0] += 0.5
    seen = {"train": train(chosen), "eval": Seen(other.before, after, other.labels, other.spans, other.numbers)}
    assert flagged(audit(chosen, seen)[1]) == {("augmentation_in_evaluation", "image of eval"): BLOCK}


# --- Against the run before, and the record


def test_another_policy_is_told_field_by_field():
    before, _ = audited(policy({"rotate": 15}, seed=1))
    _, found = audited(policy({"rotate": 20}, copies=2, seed=1), before)
    (one,) = (f for f in found if f.code == "augmentation_changed")
    assert one.severity is WARN
    assert "ops.0.rotate.degrees from 15.0 to 20.0; copies from 1 to 2." in one.message
    assert one.observed == {"ops.0.rotate.degrees": "20.0", "copies": "2"}
    _, found = audited(policy({"rotate": 15}, seed=1), before)
    assert flagged(found) == {}


def test_drift_of_what_comes_out():
    before, _ = usual()
    chosen = policy(*USUAL)
    seen = train(chosen)
    lighter = {"image": np.clip(seen.after["image"] + np.float32(0.3), 0, 1)}
    _, found = audit(
        chosen, {"train": Seen(seen.before, lighter, seen.labels, seen.spans, seen.numbers, seen.draws)}, before
    )
    assert flagged(found)[("augmentation_drift", "image")] is WARN


def test_the_record_survives_json_and_does_not_depend_on_the_order_of_rows():
    chosen = policy(*USUAL)
    record, _ = usual()
    assert Audit.model_validate_json(record.model_dump_json()) == record
    group = record.inputs["image"].splits["train"]
    assert (group.rows, group.examples, group.drawn, group.changed) == (1600, 800, 800, 0.5)
    assert record.operations["rotate"].draws["3"] == record.inputs["image"].classes["3"].drawn
    quantiles = record.operations["rotate"].parameters[0].quantiles
    assert quantiles == pytest.approx([-15, -13.5, -7.5, 0, 7.5, 13.5, 15], abs=1)
    shuffled, _ = audit(chosen, {"train": train(chosen, np.random.default_rng(3).permutation(TRAIN))})
    other = shuffled.inputs["image"].splits["train"]
    assert other.histograms == group.histograms
    assert other.change == pytest.approx(group.change)


def test_histograms_as_a_picture():
    record, _ = audited(policy(ROTATE_3))
    data = contact_sheet.histograms("image", record)
    assert data == contact_sheet.histograms("image", record)
    assert data.startswith(b"\x89PNG")

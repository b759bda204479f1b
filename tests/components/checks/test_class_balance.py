import numpy as np
import pytest

from components.checks.class_balance import Block, ClassBalance, Warn
from tests.components.evidence import BLOCK, OK, WARN, context, span, split_context, worst


def check(class_weights, **train):
    counts = {name.removeprefix("c"): n for name, n in train.items()}
    held_out = dict.fromkeys(counts, 50)
    return ClassBalance().check(split_context(class_weights, train=counts, eval=held_out, test=held_out))


@pytest.mark.parametrize(
    ("minority", "without", "with_weights"),
    [
        (2001, OK, OK),
        (2000, OK, OK),  # 20 % and 4:1: on the bounds
        (1999, WARN, OK),
        (905, BLOCK, WARN),  # 10.05:1
        (910, WARN, OK),
        (5000, OK, OK),
        (50, BLOCK, WARN),
    ],
)
def test_below_on_and_above_the_bounds(minority, without, with_weights):
    # In units of 100,000 rows: chance explains next to nothing.
    minority, rest = minority * 100_000, (10_000 - minority) * 100_000
    assert worst(check(False, c0=rest, c1=minority)) is without
    assert worst(check(True, c0=rest, c1=minority)) is with_weights


@pytest.mark.parametrize(
    ("rows", "minority", "severity"),
    [(200, 30, OK), (200, 20, WARN), (200, 6, WARN), (200, 3, BLOCK), (10_000, 1900, OK), (10_000, 1850, WARN)],
)
def test_a_share_below_the_bound_by_chance_passes(rows, minority, severity):
    # 30 of 200 are 15 %, and happen in 1 of 23 draws of a class that has 20 %.
    assert worst(check(False, c0=rows - minority, c1=minority)) is severity


@pytest.mark.parametrize("rows", [100, 200, 1000, 5000])
def test_a_class_on_the_healthy_side_of_the_bound_passes_in_every_resample(rows):
    random = np.random.default_rng(rows)
    for minority in random.binomial(rows, 0.22, 50).tolist():
        assert worst(check(False, c0=rows - minority, c1=minority)) is OK


def test_ten_equal_classes_are_balanced():
    assert worst(check(False, **{f"c{i}": 100 for i in range(10)})) is OK


def test_measured_values_are_kept_and_message():
    (found,) = check(True, c0=7750, c1=2250)
    assert found.observed == {"class": "1", "share": 0.225, "ratio": 7750 / 2250, "rows": 2250, "classes": 2}
    assert found.message == (
        "big_tipper: the rarest class '1' has 22.5 % (2250 of 10000 train rows), the most frequent one 3.4 times as many."
    )
    (found,) = check(False, c0=900, c1=100)
    assert found.message.endswith("9.0 times as many; the limits are 20.0 % and 4:1.")
    assert "train.class_weights: balanced" in found.remedy


@pytest.mark.parametrize("labels", [{"0": 100}, {"0": 100, "1": 0}, {}])
def test_one_class_or_none_blocks(labels):
    (found,) = ClassBalance().check(context(span(9, labels=labels)))
    assert found.severity is BLOCK
    assert "at least two classes" in found.message


def test_a_class_that_a_split_lacks_blocks():
    counts = {"0": 100, "1": 40}
    for split in ("train", "eval", "test"):
        splits = {s: dict(counts) for s in ("train", "eval", "test")} | {split: {"0": 100}}
        found = [f for f in ClassBalance().check(split_context(**splits)) if f.severity is BLOCK]
        assert [f.subject for f in found] == ["big_tipper=1"]
        assert f"the class '1' has no rows in {split}" in found[0].message


@pytest.mark.parametrize(("rows", "severity"), [(4, WARN), (5, OK), (1, WARN)])
def test_few_test_rows_warn(rows, severity):
    counts = {"0": 100, "1": 40}
    context = split_context(train=counts, eval=counts, test={"0": 100, "1": rows})
    assert worst(ClassBalance().check(context)) is severity


def test_levels_can_be_turned_off():
    off = {"minority_share": None, "ratio": None}
    counts = {"0": 1000, "1": 50}
    context = split_context(False, train=counts, eval=counts, test=counts)
    assert worst(ClassBalance(block=Block(**off)).check(context)) is WARN
    assert worst(ClassBalance(block=Block(**off), warn=Warn(**off)).check(context)) is OK


@pytest.mark.parametrize(
    ("names", "hinted"),
    [
        ([str(n) for n in range(21)], True),
        ([str(n) for n in range(20)], False),  # as many as there may be grades
        (["0.5", "1.5", "2"], True),  # few, but not whole
        (["0", "1", "2"], False),
        ([f"c{n}" for n in range(30)], False),
        (["nan", "1"], True),
    ],
)
def test_a_label_that_looks_like_an_amount_is_told_of_regression(names, hinted):
    counts = dict.fromkeys(names, 100)
    train = {**counts, names[0]: 1}
    rare = [f for f in ClassBalance().check(split_context(False, train=train, eval=counts, test=counts)) if f.remedy]
    assert worst(rare) is not OK
    assert all((f"{len(names)} different numbers: set data.task: regression" in f.remedy) is hinted for f in rare)


def test_healthy_classes_are_told_nothing_of_amounts():
    counts = {str(n): 100 for n in range(40)}
    (found,) = ClassBalance().check(split_context(False, train=counts, eval=counts, test=counts))
    assert found.severity is OK
    assert "regression" not in (found.remedy or "")

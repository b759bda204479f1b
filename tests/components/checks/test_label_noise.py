import dataclasses
import itertools

import numpy as np
import pytest

from components.checks.label_noise import Block, LabelNoise, Warn
from components.interfaces import Facts
from components.samples import Sample
from tests.components.evidence import BLOCK, OK, WARN, context, span


def rows(random, n, first=-1.0, strength=3.0):
    """A sample whose label depends on a number and a category."""
    x, c = random.standard_t(3, (n, 3)), random.integers(0, 4, n)
    chance = 1 / (1 + np.exp(-(strength * x[:, 0] + 2 * strength * (c == 1) + first)))
    label = np.array(["1" if v else "0" for v in random.random(n) < chance], object)
    numeric = {f"x{i}": x[:, i] for i in range(3)}
    categorical = {"c": np.array(["a", "b", None, "d"], object)[c]}
    return Sample(n, label, np.zeros(n, np.int8), numeric, categorical, np.zeros(n, np.int64), np.arange(1, n + 1))


def flip(random, sample, share):
    at = random.random(len(sample)) < share
    return dataclasses.replace(sample, labels=np.where(at, np.where(sample.labels == "1", "0", "1"), sample.labels)), at


def see(now, then, number=8, **facts):
    seen = context(span(9), span(number))
    return dataclasses.replace(
        seen, sample=now, reference_sample=then, facts=Facts(**{"files": ("rows.csv",), "rows_named": 5000, **facts})
    )


def check(now, then, seed=0, **params):
    (found,) = LabelNoise(**params).check(see(now, then, seed=seed))
    return found


@pytest.mark.parametrize(("share", "severity"), [(0.0, OK), (0.1, WARN), (0.25, WARN)])
@pytest.mark.parametrize("n", [800])
def test_wrong_labels(share, severity, n):
    random = np.random.default_rng(n)
    now, _ = flip(random, rows(random, n), share)
    assert check(now, rows(random, n)).severity is severity


def test_a_large_sample_is_thinned():
    random = np.random.default_rng(8)
    found = check(rows(random, 6000), rows(random, 900))
    assert (found.severity, found.observed["rows"]) == (OK, 4000)


def test_the_rows_named_are_mostly_wrong_ones():
    random = np.random.default_rng(1)
    now, wrong = flip(random, rows(random, 1000), 0.2)
    found = check(now, rows(random, 1000))
    named = np.array([int(r.rsplit(" ", 1)[1]) for r in found.rows]) - 1
    assert len(named) == found.observed["contradicted"]
    assert wrong[named].mean() > 0.6


def test_message_says_size_and_seed():
    random = np.random.default_rng(2)
    now, _ = flip(random, rows(random, 900), 0.3)
    found = check(now, rows(random, 900), seed=7)
    assert "of 900 sampled rows, seed 7) contradict a model of span 8, " in found.message
    assert found.message.endswith(" more than its own rows; the limit is 3.0 % more.")
    assert "nothing was changed" in found.remedy
    assert found.statistic == found.observed["excess"]


def test_a_shift_of_the_labels_is_no_noise():
    random = np.random.default_rng(3)
    then, many = rows(random, 2000), rows(random, 6000)
    kept = (many.labels == "1") | (random.random(6000) < 0.3)
    assert check(many.take(kept), then).severity is OK


def spoil(sample, name, value, share=0.5):
    at = np.random.default_rng(11).random(len(sample)) < share
    numeric = {n: np.where(at, value, v) if n == name else v for n, v in sample.numeric.items()}
    categorical = {n: np.where(at, value, v) if n == name else v for n, v in sample.categorical.items()}
    return dataclasses.replace(sample, numeric=numeric, categorical=categorical)


FAULTS = [("x0", 0.0), ("x0", np.nan), ("x0", 99.0), ("c", None), ("c", "b"), ("c", "new")]


@pytest.mark.parametrize(("name", "value"), FAULTS)
def test_a_feature_that_was_filled_or_lost_is_no_label_noise(name, value):
    random = np.random.default_rng(9)
    found = check(spoil(rows(random, 1200), name, value), rows(random, 1200))
    assert (found.severity, found.observed["left_out"]) == (OK, name)
    assert f" more than its own rows, without {name}, which changed." in found.message


@pytest.mark.parametrize(("name", "value"), FAULTS)
def test_wrong_labels_are_found_beside_a_feature_that_was_filled_or_lost(name, value):
    random = np.random.default_rng(9)
    now, _ = flip(random, spoil(rows(random, 1200), name, value), 0.3)
    found = check(now, rows(random, 1200))
    assert (found.severity, found.observed["left_out"]) == (WARN, name)


def test_neither_wrong_labels_nor_another_mix_of_labels_leave_a_feature_out():
    random = np.random.default_rng(12)
    wrong = rows(random, 1200)
    to_zero = (wrong.labels == "1") & (random.random(1200) < 0.4)
    wrong = dataclasses.replace(wrong, labels=np.where(to_zero, "0", wrong.labels))
    many = rows(random, 4000)
    mix = many.take((many.labels == "1") | (random.random(4000) < 0.3))
    for now, severity in ((wrong, WARN), (mix, OK)):
        found = check(now, rows(random, 1200))
        assert (found.severity, found.observed["left_out"]) == (severity, "")


def test_nothing_is_judged_when_every_feature_changed():
    random = np.random.default_rng(13)
    now = rows(random, 400)
    for name, value in {**dict.fromkeys(now.numeric, 7.0), "c": "e"}.items():
        now = spoil(now, name, value)
    found = check(now, rows(random, 400))
    assert (found.severity, found.statistic) == (OK, None)
    assert "a feature that did not change" in found.message


def test_the_same_whatever_the_threads():
    random = np.random.default_rng(4)
    now, then = rows(random, 700), rows(random, 700)
    assert check(now, then) == check(now, then)


def test_levels_can_be_turned_off():
    random = np.random.default_rng(5)
    now, _ = flip(random, rows(random, 800), 0.4)
    then = rows(random, 800)
    assert check(now, then, block=Block(excess=None)).severity is WARN
    assert check(now, then, block=Block(excess=None), warn=Warn(excess=None)).severity is OK


def strange():
    n = 60
    normal = rows(np.random.default_rng(6), n)
    yield normal
    yield normal.take(np.zeros(n, bool))
    yield normal.take(np.arange(1))
    yield dataclasses.replace(normal, labels=np.array(["1"] * n, object))
    yield dataclasses.replace(normal, labels=np.array([f"c{i}" for i in range(n)], object))
    yield dataclasses.replace(normal, numeric={"x0": np.full(n, np.nan)}, categorical={})
    yield dataclasses.replace(normal, numeric={"x0": np.where(np.arange(n) % 2, np.inf, -np.inf)})
    yield dataclasses.replace(normal, numeric={}, categorical={"other": np.array([None] * n, object)})
    yield dataclasses.replace(normal, labels=np.array(["1"] + ["0"] * (n - 1), object), files=np.empty(0, np.int64))


def test_strange_samples_never_raise_or_block():
    for now, then in itertools.product(strange(), repeat=2):
        assert check(now, then).severity is not BLOCK


def test_nothing_to_compare():
    normal = rows(np.random.default_rng(7), 60)
    for seen in (context(span(9)), see(None, normal), see(normal, None), see(normal, normal, number=9)):
        (found,) = LabelNoise().check(seen)
        assert (found.severity, found.subject) == (OK, "data")


@pytest.mark.parametrize(("n", "m"), [(60, 60), (200, 200), (200, 1000)])
def test_clean_resamples_pass(n, m):
    random = np.random.default_rng(n)
    found = [check(rows(random, n, strength=1.0), rows(random, m, strength=1.0)).severity for _ in range(4)]
    assert found.count(BLOCK) == 0
    assert found.count(WARN) <= 1

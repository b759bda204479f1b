import dataclasses

import numpy as np
import pytest

from components.checks.label_leak import Block, LabelLeak, Warn
from components.samples import Sample
from tests.components.evidence import BLOCK, OK, WARN, context, span, worst


def sample(labels, numeric=None, categorical=None):
    n = len(labels)
    return Sample(n, np.asarray(labels, object), np.zeros(n, np.int8), numeric or {}, categorical or {})


def labels(random, rows, share=0.25):
    return np.array(["1" if v else "0" for v in random.random(rows) < share], object)


def wrong(random, values, share):
    """The labels, of which a share is wrong."""
    flipped = np.where(values == "1", "0", "1").astype(object)
    return np.where(random.random(len(values)) < share, flipped, values)


def check(seen, **params):
    made = dataclasses.replace(context(span(9)), sample=seen)
    return {f.subject: f for f in LabelLeak(**params).check(made)}


@pytest.mark.parametrize("rows", [200, 1000, 20_000])
@pytest.mark.parametrize(("share", "severity"), [(0.0, BLOCK), (0.02, WARN), (0.15, OK), (0.5, OK)])
def test_copies_of_the_label(rows, share, severity):
    random = np.random.default_rng(rows)
    y = labels(random, rows)
    copy = wrong(random, y, share)
    seen = sample(
        y, {"number": (copy == "1").astype(float)}, {"text": np.where(copy == "1", "yes", "no").astype(object)}
    )
    assert {f.severity for f in check(seen).values()} == {severity}


def test_a_threshold_and_missing_values_are_found():
    random = np.random.default_rng(1)
    y = labels(random, 1000)
    value = random.normal(size=1000)
    found = check(
        sample(
            y,
            {
                "over": np.where(y == "1", 3 + np.abs(value), -np.abs(value)),
                "gone": np.where(y == "1", np.nan, value),
                "middle": np.where(y == "1", value % 0.1, 0.2 + np.abs(value)) * np.where(value > 0, 1, -1),
                "infinite": np.where(y == "1", np.inf, value),
                "empty": np.full(1000, np.nan),
            },
            {"missing": np.where(y == "1", None, "x"), "row": np.array([f"r{i}" for i in range(1000)], object)},
        )
    )
    blocked = {n for n, f in found.items() if f.severity is BLOCK}
    assert blocked == {"over", "gone", "infinite", "missing"}
    assert found["middle"].severity is not OK
    assert (found["empty"].severity, found["row"].severity) == (OK, OK)


def test_message_and_statistic():
    y = labels(np.random.default_rng(2), 500)
    found = check(sample(y, {"settled": (y == "1").astype(float)}))["settled"]
    assert found.message == "settled: alone it tells the label with AUC 1.000 in span 9 (500 rows); the limit is 0.995."
    assert "data.exclude" in found.remedy
    assert "--accept label_leak" in found.remedy
    assert found.statistic == 1.0


def test_one_class_of_several_warns_all_of_them_block():
    random = np.random.default_rng(3)
    y = np.array(["a", "b", "c"], object)[random.integers(0, 3, 900)]
    one = np.where(y == "a", "a", "other").astype(object)
    found = check(sample(y, {}, {"one": one, "all": y.copy()}))
    assert (found["one"].severity, found["all"].severity) == (WARN, BLOCK)
    assert "tells the label 'a' against the rest with AUC 1.000" in found["one"].message


def test_more_label_values_than_are_looked_at():
    y = np.array([f"c{i % 200}" for i in range(4000)], object)
    assert check(sample(y, {}, {"copy": y.copy(), "half": y[::-1].copy()}))["copy"].severity is BLOCK


def test_a_feature_that_was_always_good_is_usual():
    random = np.random.default_rng(4)
    y = labels(random, 5000)
    made = dataclasses.replace(
        context(span(9)), sample=sample(y, {"good": (wrong(random, y, 0.03) == "1").astype(float)})
    )
    usual = {"label_leak": {"good": [0.97, 0.965, 0.97, 0.975, 0.96, 0.97, 0.98, 0.97]}}
    assert worst(LabelLeak().check(made)) is WARN
    assert worst(LabelLeak().check(dataclasses.replace(made, history=usual))) is OK
    weak = {"label_leak": {"good": [0.5] * 8}}
    assert LabelLeak().check(dataclasses.replace(made, history=weak))[0].allowed["warn_auc_here"] > 0.95


def test_levels_can_be_turned_off():
    y = labels(np.random.default_rng(5), 500)
    seen = sample(y, {"copy": (y == "1").astype(float)})
    assert check(seen, block=Block(auc=None))["copy"].severity is WARN
    assert check(seen, block=Block(auc=None), warn=Warn(auc=None))["copy"].severity is OK


@pytest.mark.parametrize("seen", [None, sample([]), sample(["0"] * 9, {"a": np.zeros(9)}), sample(["0", "1"])])
def test_nothing_to_compare(seen):
    (found,) = check(seen).values()
    assert (found.severity, found.subject) == (OK, "data")


def test_few_rows_never_block():
    random = np.random.default_rng(9)
    for rows, severity in ((50, WARN), (199, WARN), (200, BLOCK)):
        y = labels(random, rows)
        assert check(sample(y, {"copy": (y == "1").astype(float)}))["copy"].severity is severity


def test_few_rows_say_nothing():
    assert worst(list(check(sample(["0", "1"], {"a": np.array([0.0, 1.0])})).values())) is OK
    few = ["1"] * 2 + ["0"] * 8
    assert worst(list(check(sample(few, {"a": np.array([1.0] * 2 + [0.0] * 8)})).values())) is OK


@pytest.mark.parametrize("rows", [50, 200, 1000])
def test_clean_resamples_pass(rows):
    random, found = np.random.default_rng(rows), []
    for _ in range(20):
        y = labels(random, rows)
        good = (wrong(random, y, 0.08) == "1").astype(float)
        text = np.array([f"v{v}" for v in random.integers(0, 20, rows)], object)
        found.append(
            worst(list(check(sample(y, {"good": good, "a": random.standard_t(2, rows)}, {"b": text})).values()))
        )
    assert found.count(BLOCK) == 0
    assert found.count(WARN) <= 1

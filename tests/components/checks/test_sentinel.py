import dataclasses

import numpy as np
import pytest

from components.checks.sentinel import Block, Sentinel, Warn
from tests.components.evidence import BLOCK, OK, WARN, context, drift_context, sample_of, span, worst


def one(values, **params):
    kind = "categorical" if isinstance(values[0], str) else "numeric"
    (found,) = Sentinel(**params).check(drift_context(sample_of(["0"] * len(values), **{kind: {"fare": values}}), None))
    return found


def filled(values, share, value):
    out = np.array(values, dtype=object if isinstance(value, str) else None)
    out[: round(share * len(out))] = value
    return out


def uniform(low=3.0, high=90.0, rows=20_000, seed=0):
    return np.random.default_rng(seed).uniform(low, high, rows)


@pytest.mark.parametrize(("share", "severity"), [(0.0, OK), (0.005, OK), (0.006, OK), (0.0075, WARN), (0.2, WARN)])
def test_below_on_and_above_the_limit(share, severity):
    assert one(filled(uniform(), share, 0.0)).severity is severity


@pytest.mark.parametrize("block", [0.01, 0.1])
def test_blocks_where_a_share_is_set(block):
    assert one(filled(uniform(), 0.05, -999.0), block=Block(share=block)).severity is (BLOCK if block < 0.05 else WARN)


@pytest.mark.parametrize("code", [0.0, -1.0, -9.0, -99.0, -999.0, -9999.0, 999.0, 9999.0, 99999.0])
def test_numbers_apart_from_all_others(code):
    found = one(filled(uniform(rows=1000), 0.05, code))
    assert found.severity is WARN
    assert f"are {code:g} (50 of 1000)" in found.message


@pytest.mark.parametrize(
    ("values", "code"),
    [
        (np.random.default_rng(0).poisson(3, 1000).astype(float), 0.0),
        (np.random.default_rng(0).integers(0, 2, 1000).astype(float), 0.0),
        (np.random.default_rng(0).integers(1, 6, 1000).astype(float), 0.0),
        (np.random.default_rng(0).normal(size=1000), 0.0),
        (np.random.default_rng(0).normal(size=1000), -1.0),
        (np.random.default_rng(0).exponential(size=1000), 0.0),
        (np.exp(np.random.default_rng(0).normal(size=1000)), 0.0),
        (60 * np.random.default_rng(0).integers(1, 90, 1000).astype(float), 0.0),
        (np.random.default_rng(0).uniform(0, 20_000, 1000), 9999.0),
        (np.random.default_rng(0).normal(0, 5000, 1000), -999.0),
        (np.full(1000, 5.0), 0.0),
    ],
)
def test_numbers_among_others_are_values(values, code):
    assert one(filled(values, 0.1, code)).severity is OK


def test_a_code_among_small_whole_numbers():
    scale = np.random.default_rng(0).integers(0, 5, 1000).astype(float)
    assert one(filled(scale, 0.05, -9.0)).severity is WARN
    assert one(filled(scale, 0.05, -1.0)).severity is OK


@pytest.mark.parametrize("word", ["", "unknown", "N/A", "nan", "NULL", "none", " missing ", "?", "-", "1970-01-01"])
def test_words(word):
    names = np.random.default_rng(0).choice(np.array(["cash", "card", "app"], object), 1000)
    found = one(filled(names, 0.05, word))
    assert found.severity is WARN
    assert found.observed["value"] == repr(word)


def test_days_codes_and_other_words():
    random = np.random.default_rng(0)
    days = np.array([f"{y}-0{m}-11" for y in range(1960, 1990) for m in range(1, 10)], object)
    assert one(filled(random.choice(days, 1000), 0.05, "1970-01-01")).severity is OK
    assert one(filled(random.choice(days, 1000), 0.05, "1900-01-01T00:00:00")).severity is WARN
    numbers = random.choice(np.array([str(i) for i in range(40)], object), 1000)
    assert one(filled(numbers, 0.05, "-9")).severity is WARN
    assert one(filled(numbers, 0.05, "0")).severity is OK
    assert one(filled(numbers, 0.05, "other")).severity is OK
    assert one(np.array(["none"] * 100, object)).severity is OK  # Nothing else to lie apart from.


def test_chance_does_not_flag():
    assert one(filled(uniform(rows=200), 0.015, -999.0)).severity is OK
    assert one(filled(uniform(rows=200), 0.05, -999.0)).severity is WARN


def test_message_rows_and_remedy():
    found = one(filled(uniform(rows=1000), 0.1, -999.0))
    assert found.message == (
        "fare: 10.0 % of values in span 9 are -999 (100 of 1000), which looks like a stand-in for a missing one; the limit is "
        "0.5 %."
    )
    assert found.rows[0] == "span-9/a.csv row 1"
    assert "--accept sentinel" in found.remedy
    assert found.statistic == pytest.approx(0.1)


def test_levels_can_be_turned_off_and_adapt():
    values = filled(uniform(rows=1000), 0.1, -999.0)
    assert one(values, warn=Warn(share=None)).severity is OK
    seen = drift_context(sample_of(["0"] * 1000, {"fare": values}), None)
    seen = dataclasses.replace(seen, history={"sentinel": {"fare": [0.1, 0.12] * 4}})
    assert worst(Sentinel().check(seen)) is OK


def test_nothing_to_look_at():
    for seen in (context(span(9)), drift_context(sample_of([]), None), drift_context(sample_of(["0"]), None)):
        (found,) = Sentinel().check(seen)
        assert "nothing to compare" in found.message
    for values in ([np.nan] * 5, [0.0], [np.inf, -np.inf, 0.0], [-999.0] * 100):
        assert one(np.array(values)).severity is OK


@pytest.mark.parametrize("rows", [50, 200, 1000])
def test_a_rate_at_the_limit_passes_in_every_resample(rows):
    random = np.random.default_rng(rows)
    found = [one(np.where(random.random(rows) < 0.005, -999.0, uniform(rows=rows))).severity for _ in range(50)]
    assert found.count(WARN) <= 1

import dataclasses

import numpy as np
import pytest

from components.checks.missing_by_label import Block, MissingByLabel, Warn
from schemas.evidence import FeatureEvidence
from tests.components.evidence import BLOCK, OK, WARN, context, span, worst


def side(number, labels, missing):
    """A span in which so many rows of each label lack ``fare``."""
    lost, rows = sum(missing.values()), sum(labels.values())
    fare = FeatureEvidence(kind="numeric", present=rows - lost, missing=lost, missing_by_label=missing)
    return span(number, labels=labels, features={"fare": fare})


HALVES = {"0": 5000, "1": 5000}
EVEN = side(8, HALVES, {"0": 1000, "1": 1000})


def check(now, then=EVEN, **params):
    (found,) = MissingByLabel(**params).check(context(now, then))
    return found


def v(missing, rows=5000):
    both = sum(missing.values())
    return abs(missing["1"] - missing["0"]) / np.sqrt(both * (2 * rows - both))


@pytest.mark.parametrize(
    ("gap", "severity"),
    [(0, OK), (399, OK), (400, OK), (401, WARN), (800, WARN), (801, BLOCK), (-401, WARN), (-801, BLOCK)],
)
def test_below_on_and_above_the_limits(gap, severity):
    # 2000 of 10,000 rows are missing; V is then gap / 4000.
    missing = {"0": 1000 - gap // 2, "1": 1000 + gap - gap // 2}
    assert v(missing) == pytest.approx(abs(gap) / 4000, abs=1e-4)
    assert check(side(9, HALVES, missing)).severity is severity


def test_what_the_reference_has_too_passes_and_warns_beyond_the_limit_of_block():
    def both(now, then):
        sides = [side(n, HALVES, {"0": 1000 - g // 2, "1": 1000 - g // 2 + g}) for n, g in ((9, now), (8, then))]
        return check(*sides).severity

    assert both(600, 600) is OK
    assert both(600, 450) is OK  # V 0.15 and 0.11: a new 0.05 at least
    assert both(600, 380) is WARN
    assert both(1200, 1200) is WARN
    assert both(1200, 600) is BLOCK


def test_a_first_run_does_not_block():
    assert check(side(9, HALVES, {"0": 0, "1": 4000}), None).severity is WARN
    assert check(side(9, HALVES, {"0": 700, "1": 1300}), None).severity is OK


def test_a_few_rows_of_one_class():
    then = side(8, {"0": 950, "1": 290}, {"0": 0, "1": 0})
    found = check(side(9, {"0": 943, "1": 288}, {"0": 0, "1": 35}), then)
    assert found.severity is BLOCK
    assert found.message == (
        "fare: 12.2 % of rows labelled '1' in span 9 have no value (35 of 288), 0.0 % of the others (0 of 943); V is 0.31, "
        "0.00 in span 8; the limit is 0.20."
    )
    assert "--accept missing_by_label" in found.remedy
    assert found.statistic == pytest.approx(0.309, abs=0.001)
    # Few rows have a large V by chance.
    assert check(side(9, {"0": 30, "1": 20}, {"0": 1, "1": 6}), side(8, {"0": 30, "1": 20}, {"0": 0})).severity is OK


def test_one_of_several_labels():
    labels = dict.fromkeys("abcde", 400)
    then = side(8, labels, dict.fromkeys("abcde", 40))
    found = check(side(9, labels, dict.fromkeys("abde", 40) | {"c": 200}), then)
    assert (found.severity, found.observed["label"]) == (BLOCK, "c")
    assert check(side(9, labels, dict.fromkeys("abcde", 40)), then).severity is OK


def test_levels_can_be_turned_off_and_adapt():
    now = side(9, HALVES, {"0": 0, "1": 3000})
    assert check(now, block=Block(v=None)).severity is WARN
    assert check(now, block=Block(v=None), warn=Warn(v=None)).severity is OK
    now = side(9, HALVES, {"0": 750, "1": 1250})
    seen = dataclasses.replace(context(now, EVEN), history={"missing_by_label": {"fare": [0.1, 0.15] * 4}})
    assert check(now).severity is WARN
    assert worst(MissingByLabel().check(seen)) is OK


def test_nothing_to_compare():
    for now in (span(9), side(9, {"0": 10}, {"0": 5}), side(9, HALVES, {"0": 5000, "1": 5000}), side(9, HALVES, {})):
        assert "nothing to compare" in check(now, None).message


@pytest.mark.parametrize(("rows", "before"), [(50, 50), (200, 2000), (2000, 200), (15_000, 15_000)])
@pytest.mark.parametrize("shares", [(0.77, 0.23), (0.98, 0.02), (0.2,) * 5])
def test_clean_resamples_pass(rows, before, shares):
    random, found = np.random.default_rng(rows), []
    for _ in range(50):
        pair = []
        for number, n in ((9, rows), (8, before)):
            labels = {str(i): int(k) for i, k in enumerate(random.multinomial(n, shares))}
            features = {}
            for rate in (0.01, 0.2, 0.5):
                lost = {c: int(random.binomial(k, rate)) for c, k in labels.items()}
                gone = sum(lost.values())
                features[f"f{rate}"] = FeatureEvidence(
                    kind="numeric", present=n - gone, missing=gone, missing_by_label=lost
                )
            pair.append(span(number, labels=labels, features=features))
        found.append(worst(MissingByLabel().check(context(*pair))))
    assert found.count(BLOCK) == 0
    assert found.count(WARN) <= 1

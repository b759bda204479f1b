import numpy as np
import pytest

from components.checks.unseen_category import UnseenCategory
from tests.components.evidence import BLOCK, OK, WARN, categories, context, feature, span, worst


def check(then, now):
    pair = span(9, features={"company": categories(now)}), span(8, features={"company": categories(then)})
    return UnseenCategory().check(context(*pair))[0]


@pytest.mark.parametrize(
    ("unseen", "severity"), [(0, OK), (99, OK), (100, OK), (101, WARN), (500, WARN), (501, BLOCK), (10_000, BLOCK)]
)
def test_below_on_and_above_the_bounds(unseen, severity):
    assert check({"a": 9000, "b": 1000}, {"a": 10_000 - unseen, "c": unseen}).severity is severity


def test_message():
    found = check({"a": 5000}, {"a": 900, "Blue Ribbon": 60, "c": 40})
    assert found.message == (
        "company: 10.0 % of values in span 9 (100 of 1000) are in categories that span 8 did not have "
        "('Blue Ribbon': 60, 'c': 40); the limit is 5.0 %."
    )
    assert "spelling" in found.remedy


def test_a_reference_full_of_singletons_expects_unseen_ones():
    then = {"a": 900} | {f"tract {i}": 1 for i in range(100)}
    assert check(then, {"a": 900, "other": 100}).severity is OK
    assert check(then, {"a": 700, "other": 300}).severity is BLOCK


def test_features_without_counted_values_are_skipped():
    now, then = span(9, features={"id": feature(0, 10)}), span(8, features={"id": feature(0, 10)})
    (found,) = UnseenCategory().check(context(now, then))
    assert (found.severity, found.subject) == (OK, "data")
    assert UnseenCategory().check(context(now, None))[0].severity is OK


@pytest.mark.parametrize("rows", [200, 1000, 5000, 15_000])
def test_clean_resamples_pass(rows):
    random, found = np.random.default_rng(rows), []
    shares = [1 / np.arange(1, k + 1) / sum(1 / np.arange(1, k + 1)) for k in (5, 30, 100, 300, 1000)]
    for _ in range(50):
        now, then = (
            {
                f"f{i}": categories({str(c): int(n) for c, n in enumerate(random.multinomial(rows, p)) if n})
                for i, p in enumerate(shares)
            }
            for _ in "ab"
        )
        found.append(worst(UnseenCategory().check(context(span(9, features=now), span(8, features=then)))))
    assert found.count(BLOCK) == 0
    assert found.count(WARN) <= 2

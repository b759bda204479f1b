"""Rows about the same thing are not independent: checks that reckon with independent rows see one row of each."""

import numpy as np
import pytest

from components import inspection, registry, samples
from components.checks.domain_drift import DomainDrift
from components.checks.duplicates import Duplicates
from components.interfaces import DataContext, Facts
from schemas.config import PluginSpec
from schemas.evidence import DataEvidence, FeatureEvidence, SpanEvidence
from schemas.findings import Severity

PEOPLE = 500


def two_eyes(seed):
    """Two rows of each patient that agree in all numbers."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(1, PEOPLE + 1, dtype=np.uint64) + np.uint64(seed * 10_000), 2)
    numbers = {n: np.repeat(rng.normal(size=PEOPLE), 2) for n in ("age", "pressure", "sugar")}
    labels = np.repeat(rng.choice(["0", "1"], PEOPLE), 2).astype(object)
    n = len(person)
    return samples.Sample(
        n, labels, np.zeros(n, np.int8), numbers, {}, np.zeros(n, np.int64), np.arange(1, n + 1), person
    )


def context(before, now):
    features = {n: FeatureEvidence(kind="numeric", present=len(now), missing=0) for n in now.numeric}
    spans = [
        SpanEvidence(span=i, rows=len(s), labels={"train": {"0": 1, "1": 1}}, features=features)
        for i, s in enumerate((before, now))
    ]
    return DataContext(
        window=DataEvidence(label="label", spans=[spans[1]]),
        reference=spans[0],
        sample=now,
        reference_sample=before,
        facts=Facts(files=("a.csv",)),
    )


def test_one_row_of_each_entity_stays_and_rows_without_one():
    sample = two_eyes(0)
    assert len(sample.one_each()) == PEOPLE
    assert sample.one_each().rows.tolist() == list(range(1, 2 * PEOPLE, 2))
    nobody = sample.take(np.arange(4))
    nobody.entity[:] = samples.MISSING
    assert len(nobody.one_each()) == 4


def test_a_sample_without_entities_is_itself():
    sample = samples.Sample(2, np.array(["0", "1"], object), np.zeros(2, np.int8))
    assert sample.one_each() is sample


def test_pairs_of_rows_are_not_taken_for_drift():
    seen = context(two_eyes(1), two_eyes(2))
    check = DomainDrift()
    (alone,) = check.check(seen)
    assert alone.severity is not Severity.OK, "the classifier knows the second eye by the first: what this is about"
    (found,) = check.check(inspection.context_for("domain_drift", check, seen))
    assert found.severity is Severity.OK
    assert found.observed["rows"] <= PEOPLE


def test_checks_of_rows_see_all_of_them():
    seen = inspection.context_for("duplicates", Duplicates(), context(two_eyes(1), two_eyes(2)))
    assert len(seen.sample) == 2 * PEOPLE


@pytest.mark.parametrize("name", ["numeric_drift", "category_drift", "domain_drift", "label_noise", "image_drift"])
def test_comparisons_of_distributions_ask_for_it(name):
    assert registry.build("checks", PluginSpec(name=name), "checks").independent

"""What is held against what, and what a crashing check becomes."""

import numpy as np

from components.class_weights.balanced import Balanced
from components.class_weights.explicit import Explicit
from components.counting import POOLED, merge_counts, pool, with_splits
from components.inspection import Accepted, Seen, contexts, run_check, unfit_weights
from components.interfaces import Check, Facts
from components.samples import Sample
from schemas.evidence import DataEvidence, FeatureEvidence, SpanEvidence, SplitFeature
from schemas.findings import Finding, Severity


def span(number, rows=10, missing=0):
    feature = FeatureEvidence(kind="categorical", present=rows - missing, missing=missing, values={"x": rows - missing})
    return SpanEvidence(span=number, rows=rows, labels={"train": {"0": rows}}, features={"f": feature})


def window(*numbers):
    return DataEvidence(label="y", spans=[span(n) for n in numbers])


def test_a_first_run_holds_the_newest_span_against_the_rest():
    (context,) = contexts(Seen(window(1, 2, 3)), None, True)
    assert context.current.span == 3
    assert (context.reference.span, context.reference.rows) == (POOLED, 20)


def test_a_first_run_with_one_span_has_nothing_to_compare_with():
    (context,) = contexts(Seen(window(3)), None, True)
    assert context.reference is None


def test_a_span_that_was_not_accepted_is_examined_again():
    found = contexts(Seen(window(1, 2, 3, 4)), Accepted(span(2)), True)
    assert [(c.current.span, c.reference.span) for c in found] == [(3, 2), (4, 2)]


def test_an_old_span_again_is_held_against_what_was_before_it():
    (context,) = contexts(Seen(window(2, 3)), Accepted(span(3)), True)
    assert (context.current.span, context.reference.span) == (3, 3)


def test_pooling_adds_up():
    both = pool([span(1, 10, 4), span(2, 30, 0)])
    assert (both.rows, both.features["f"].missing, both.features["f"].values) == (40, 4, {"x": 36})


def test_merging_does_not_depend_on_the_order_of_parts():
    parts = [
        {"span": s, "split": p, "rows": 2, "labels": {"0": 1, "1": 1}, "present": {"f": 1}, "values": {"f": {v: 1}}}
        | {"missing": {"f": {"0": 1}}, "sampled": 2}
        for s, p, v in ((2, "train", "a"), (1, "test", "b"), (1, "train", "a"))
    ]
    merged = [merge_counts(p, "y", {"f": "categorical"}, {"1": 3}) for p in (parts, parts[::-1])]
    assert merged[0] == merged[1]
    assert [s.span for s in merged[0].spans] == [1, 2]
    assert merged[0].spans[0].unlabelled == 3
    assert merged[0].spans[0].features["f"].values == {"a": 1, "b": 1}


class Crashing(Check):
    def check(self, context):
        raise ZeroDivisionError("division by zero")


def test_a_check_that_crashes_blocks_with_its_name():
    (finding,) = run_check("crashing", Crashing(), contexts(Seen(window(1)), None, True)[0])
    assert finding.severity.value == "block"
    assert finding.code == "crashing"
    assert "ZeroDivisionError" in finding.message


class Confused(Check):
    def check(self, context):
        return [("no", "finding")]


def test_a_check_that_returns_something_else_blocks_too():
    (finding,) = run_check("confused", Confused(), contexts(Seen(window(1)), None, True)[0])
    assert (finding.code, finding.severity.value) == ("confused", "block")


def test_on_fail_warn_turns_blocks_into_warnings_but_not_crashes():
    class Strict(Check):
        def check(self, context):
            return [
                Finding(code="strict", severity=Severity.BLOCK, subject="f", message="f: too much.", remedy="Less.")
            ]

    context = contexts(Seen(window(1)), None, True)[0]
    (finding,) = run_check("strict", Strict(), context, "warn")
    assert finding.severity.value == "warn"
    assert "checks.strict.on_fail" in finding.message
    assert run_check("crashing", Crashing(), context, "warn")[0].severity.value == "block"


def test_weights_that_do_not_fit_the_classes_block_before_training():
    seen = DataEvidence(
        label="y",
        spans=[
            SpanEvidence(span=s, rows=30, labels={"train": counts, "test": {"9": 1}}, features={})
            for s, counts in ((1, {"10": 20, "2": 9}), (2, {"2": 1, "absent": 0}))
        ],
    )
    assert unfit_weights(Explicit({"2": 1.0, "10": 3.0}), seen) == []
    assert unfit_weights(Balanced(), seen) == []
    (finding,) = unfit_weights(Explicit({"2": 1.0, "no": 3.0}), seen)
    assert (finding.code, finding.severity, finding.subject, finding.span) == ("class_weights", Severity.BLOCK, "y", 2)
    assert finding.message == (
        "y: class_weights explicit: every class of train needs one weight; without a weight: '10'; "
        "weights of classes that train does not have: 'no'."
    )
    assert finding.remedy == "Correct train.class_weights: the classes of train are '2', '10'."


class Quoting(Check):
    def check(self, context):
        said = "rider: 'Ada O\\'Hara' and \"Bea's\" are new in span 1; the limit is 5 %."
        return [Finding(code="quoting", severity=Severity.OK, subject=s, message=said) for s in ("rider", "place")]


def test_values_of_a_column_that_says_whom_a_row_is_about_are_not_quoted():
    (context,) = contexts(Seen(window(1)), None, True, Facts(unnamed=frozenset({"rider"})))
    rider, place = run_check("quoting", Quoting(), context)
    assert rider.message == "rider: (a value) and (a value) are new in span 1; the limit is 5 %."
    assert "Ada" in place.message


def test_each_split_of_the_newest_span_is_counted():
    parts = [
        {"span": s, "split": p, "rows": 4, "labels": {"0": 4}, "present": {"f": 3, "x": 4}, "values": {"f": {v: 3}}}
        | {"missing": {"f": {"0": 1}, "x": {}}, "sampled": 4}
        for s, p, v in ((1, "train", "a"), (2, "train", "a"), (2, "train", "b"), (2, "test", "b"))
    ]
    span = merge_counts(parts, "y", {"f": "categorical", "x": "numeric"}, {}).spans[-1]
    sample = Sample(
        of=12,
        labels=np.array(["0"] * 12, object),
        splits=np.array([0] * 8 + [2] * 4, np.int8),
        numeric={"x": np.array([*range(8), np.nan, 7, 7, 7], float)},
    )
    found = with_splits(span, parts, sample).features
    assert found["f"].splits == {
        "train": SplitFeature(present=6, missing=2, values={"b": 3, "a": 3}),
        "test": SplitFeature(present=3, missing=1, values={"b": 3, "a": 0}),
    }
    assert found["x"].splits["train"].quantiles[2] == 3.5
    assert found["x"].splits["test"].quantiles == [7.0] * 5

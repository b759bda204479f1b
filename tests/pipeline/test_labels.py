"""The label in the report and in the terminal: rows per class and split, how uneven the classes are, and their shares over the spans."""

import re

from pipeline.labels import MOST, labels_of
from pipeline.report import render
from pipeline.show import show
from schemas.evidence import DataEvidence, SpanEvidence
from schemas.features import NO_CLASS
from tests import factories
from tests.pipeline.printed import printed


def span(number, **splits):
    rows = sum(n for counts in splits.values() for n in counts.values())
    return SpanEvidence(span=number, rows=rows, labels=splits, features={})


def data(*spans):
    return DataEvidence(label="kind", spans=list(spans))


def two_spans():
    return data(
        span(1, train={"no": 60, "yes": 40}, test={"no": 12, "yes": 8}),
        span(2, train={"no": 84, "yes": 16}, test={"no": 12, "yes": 8}),
    )


def test_each_class_has_its_rows_per_split_and_its_share_then_and_now():
    found = labels_of(two_spans(), [])
    no, yes, everything = found.lines
    assert found.splits == ("train", "test")
    assert (no.name, no.splits) == ("no", ("144 (72 %)", "24 (60 %)"))
    assert (yes.now, yes.before, yes.change) == ("20 %", "40 %", "-20.0")
    assert yes.spoken == "span 1: 40 %, span 2: 20 %"
    assert (everything.name, everything.now, everything.before, everything.change) == ("all rows", "120", "120", "+0 %")


def test_the_skew_is_that_of_train():
    said = labels_of(two_spans(), []).skew
    assert said == "The rarest class of train is yes: 56 rows, 28 %; the most frequent one, no, has 2.6 times as many."
    assert labels_of(data(span(1, train={"no": 5, "yes": 0})), []).skew == "Train has no row of class yes."
    assert labels_of(data(span(1, train={"no": 5})), []).skew == ""


def test_one_span_has_nothing_before_it():
    (row, everything) = labels_of(data(span(1, train={"no": 5})), []).lines
    assert (row.before, row.change, everything.before, everything.change) == ("–", "–", "–", "–")


def test_amounts_have_rows_and_no_classes():
    found = labels_of(data(span(1, train={NO_CLASS: 5})), [])
    assert [r.name for r in found.lines] == ["all rows"]
    assert found.skew == ""


def test_many_classes_are_counted_together():
    counts = {f"c{i:03d}": 1000 - i for i in range(MOST + 3)}
    found = labels_of(data(span(1, train=counts)), [])
    assert len(found.lines) == MOST + 1
    assert found.left_out == f"And 3 rarer classes with {sum(sorted(counts.values())[:3]):,} rows."


def test_what_the_checks_said_of_the_newest_span_is_told():
    said = [
        factories.finding("ok", code="label_shift", span=n, message=f"About the label in span {n}.") for n in (1, 2)
    ]
    assert labels_of(two_spans(), said).told == ("About the label in span 2.",)
    balance = factories.finding("ok", code="class_balance", span=2, message="All classes are there.")
    found = labels_of(two_spans(), [*said, balance])
    assert (found.told, found.skew) == (("All classes are there.", "About the label in span 2."), "")


def test_the_page_has_a_line_for_each_class():
    page = render(factories.pushed())
    table = page[page.index("Rows of each class per split") :]
    assert re.search(r'<td data-label="class">0</td><td data-label="train" class="n">[\d,]+ \(', table)


def test_the_terminal_has_a_line_for_each_class():
    shown = printed(show(factories.blocked(), "stats"))
    lines = [line.split() for line in shown.splitlines() if line.startswith(("0 ", "1 ", "all rows "))]
    assert [line[0] for line in lines[:3]] == ["0", "1", "all"]
    assert lines[0][-1] == "████"
    assert "spans 5 to 8, and span by span" in shown

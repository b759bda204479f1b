"""The report: one self-contained page for every way a run can end; hostile names are harmless."""

import html.parser

import pytest

from pipeline.report import render
from pipeline.show.parts import show
from schemas.evidence import MetricValue
from tests import factories
from tests.pipeline.printed import printed

KINDS = ["pushed", "first_run", "blocked", "not_blessed", "failed", "interrupted", "invalid", "nothing_new"]


class Page(html.parser.HTMLParser):
    """Tags, their attributes, and the text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.text = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [v for k, v in attrs if k in ("src", "href", "action", "data")]

    def handle_data(self, data):
        self.text += data


@pytest.mark.parametrize("kind", KINDS)
def test_the_verdict_comes_first_and_nothing_is_fetched(kind):
    record = getattr(factories, kind)()
    page = Page(render(record))
    assert "script" not in page.tags
    assert [v for v in page.links if not v.startswith("#")] == []
    headline = page.text.index(record.explanation.headline[:40]) if record.explanation.headline else 0
    assert "Stages" not in page.text or headline < page.text.index("Stages")


@pytest.mark.parametrize("kind", ["blocked", "not_blessed"])
def test_what_blocks_is_told_with_its_remedy(kind):
    record = getattr(factories, kind)()
    page = Page(render(record))
    for finding in record.findings:
        if finding.severity.value == "block":
            assert finding.message in page.text
            assert _flat(finding.remedy) in _flat(page.text)


def _flat(text):
    """A text without backticks and spaces: names and options in it are elements of their own."""
    return "".join(text.replace("`", "").split())


def test_hostile_names_are_text():
    evil = "<script>alert(1)</script>"
    record = factories.blocked(
        name=evil, findings=[factories.finding("block", subject=evil, message=evil, remedy=evil)]
    )
    text = render(record)
    assert evil not in text
    assert "script" not in Page(text).tags


def test_each_class_with_counts_and_intervals():
    evaluation = factories.evaluation()
    new = {"0": MetricValue(value=0.86, low=0.83, high=0.89), "1": MetricValue(value=None)}
    old = {"0": MetricValue(value=0.8, low=0.77, high=0.84)}
    first, *rest = evaluation.slices
    slices = [first.model_copy(update={"recalls": new, "champion_recalls": old}), *rest]
    record = factories.pushed(evaluation=evaluation.model_copy(update={"slices": slices}))
    text = " ".join(Page(render(record)).text.split())
    assert "By class class rows recall 95 % champion 95 %0 331 0.860 0.83 to 0.89 0.800 0.77 to 0.84".replace(
        " ", ""
    ) in (text.replace(" ", ""))
    shown = " ".join(printed(show(record, "metrics")).split())
    assert "overall: by class" in shown
    assert "0 331 0.860 0.83 to 0.89 0.800 0.77 to 0.84" in shown
    assert "1 99 undefined – – –" in shown
    assert "by class" not in printed(show(factories.pushed(), "metrics"))
    more = {"precisions": {"0": MetricValue(value=0.7, low=0.66, high=0.74)}, "f1": {"0": MetricValue(value=0.772)}}
    slices[0] = slices[0].model_copy(update=more)
    record = factories.pushed(evaluation=evaluation.model_copy(update={"slices": slices}))
    assert "0.800 0.77 to 0.84 0.700 0.66 to 0.74 0.772" in " ".join(printed(show(record, "metrics")).split())


def test_training_says_which_model_and_why():
    changes = {"model": "cnn", "model_reason": "The data have pictures.", "rows": 2516}
    record = factories.pushed(training=factories.training().model_copy(update=changes))
    assert "Model cnn. The data have pictures. 2,516 rows per epoch." in Page(render(record)).text
    shown = " ".join(printed(show(record, "curves")).split())
    assert "model cnn because The data have pictures. rows per epoch 2,516" in shown
    assert "because" not in printed(show(factories.pushed(), "curves"))


def test_it_is_small():
    assert len(render(factories.pushed())) < 200_000


def test_previous_and_new_test_rows_are_shown_by_both():
    evaluation = factories.evaluation().model_copy(update={"cross": factories.cross()})
    record = factories.pushed(evaluation=evaluation)
    page, shown = (" ".join(text.split()) for text in (render(record), printed(show(record, "metrics"))))
    for text in (page, shown):
        assert "Previous and new test rows" in text
        assert "change" in text
        assert "Previous test rows: 310 are in the window." in text
    assert "AUC new 120 0.915 0.90 to 0.94 0.917" in shown
    assert "Previous and new test rows" not in render(factories.pushed())

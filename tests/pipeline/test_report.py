"""The report: one self-contained page for every way a run can end; hostile names are harmless."""

import html.parser

import pytest

from pipeline.report import render
from tests import factories

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
            assert finding.remedy in page.text


def test_hostile_names_are_text():
    evil = "<script>alert(1)</script>"
    record = factories.blocked(
        name=evil, findings=[factories.finding("block", subject=evil, message=evil, remedy=evil)]
    )
    text = render(record)
    assert evil not in text
    assert "script" not in Page(text).tags


def test_it_is_small():
    assert len(render(factories.pushed())) < 200_000

"""A whole retrain in the browser: started with the keyboard alone on a phone, watched live until the model is pushed."""

import re

import pytest

from tests.e2e.browser import FOCUSED, PHONE, followed, launched, needs_chromium, served, tab_to, unfold, watched
from tests.e2e.conftest import make_project

pytestmark = [pytest.mark.e2e, needs_chromium]


@pytest.fixture(scope="module")
def seen(tmp_path_factory, taxi):
    """What was to be seen from the first Tab to the verdict."""
    project = make_project(tmp_path_factory.mktemp("live") / "project", taxi)
    with (
        launched() as browser,
        served(project.config) as site,
        watched(browser, site.origin, site.first, viewport=PHONE) as page,
    ):
        tab_to(page, "span")
        page.keyboard.type("8")
        tab_to(page, "Start")
        assert page.evaluate(FOCUSED)["ring"]
        page.keyboard.press("Enter")
        page.wait_for_url("**/runs/*")
        told = [page.inner_text("h1")]
        states = followed(page, 600)
        unfold(page)
        yield {
            "project": project,
            "run_id": re.search(r"/runs/([^?/]+)", page.url)[1],
            "states": states,
            "told": [*told, page.inner_text("h1")],
            "word": page.inner_text(".verdict .status"),
            "headings": page.locator("h2").all_inner_texts(),
            "width": page.evaluate("document.documentElement.scrollWidth"),
        }


def test_it_is_watched_from_the_first_stage_to_the_push(seen):
    ended = [sum(s not in ("pending", "running") for s in states) for states in seen["states"]]
    assert ended == sorted(ended), "no stage goes back"
    assert len(set(ended)) >= 4, "it was seen to go on"
    running = {states.index("running") for states in seen["states"] if "running" in states}
    assert len(running) >= 3
    assert "PUSHED" in seen["word"].upper()
    assert seen["told"][1].startswith("Pushed version 1: AUC on test")
    assert seen["told"][0] != seen["told"][1]
    assert seen["project"].versions() == ["1"]


def test_the_verdict_is_the_report_as_it_is_kept(seen):
    assert {"Stages", "Findings", "Metrics", "Data", "Schema", "Training", "Where it comes from"} <= set(
        seen["headings"]
    )
    kept = seen["project"].workspace / "runs" / seen["run_id"] / "report.html"
    assert seen["told"][1] in kept.read_text(encoding="utf-8")
    assert seen["width"] <= PHONE["width"]

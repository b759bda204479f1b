"""Whatever is written in data, files, logs and addresses: in a browser it stays text."""

import json
import re
import shutil
from datetime import datetime, timezone
from urllib.parse import quote

import pytest
from playwright.sync_api import expect

from pipeline.report import render
from pipeline.schedule.state import Outcome, Pause, State, StateFile
from schemas.findings import Severity
from schemas.run_record import RunRecord
from tests.e2e.browser import Watch, launched, needs_chromium, served, unfold, watched
from tests.e2e.conftest import ROOT, Project

pytestmark = [pytest.mark.e2e, needs_chromium]

#: What a record says -> what it says when somebody means ill: each leaves another kind of place in HTML.
NAMES = {
    "trip_miles": '"><script>alert(1)</script>',
    "payment_type": "<img src=x onerror=alert(2)>",
    "company": "' onmouseover='alert(3)' autofocus onfocus='alert(3)",
    "Cash": "</title></style></svg><svg onload=alert(4)>",
    "trips.csv": '<iframe srcdoc="<script>parent.alert(5)</script>">.csv',
    "big_tipper": "javascript:alert(6)//{{7*7}}${7*7}",
}
IMAGE = NAMES["payment_type"]
PAGES = (
    "/",
    "/trends",
    "/trends?about={payment_type}",
    "/trends?about={trip_miles}&text={company}",
    "/?text={payment_type}&said={payment_type}",
    "/compare?run={old}&run={new}",
    "/schema",
    "/schedule",
    "/versions",
    "/versions/1/card",
    "/actions",
    "/runs/{new}",
    "/runs/{new}/why",
    "file:{new}",
)
#: Nothing of ours has any of these.
FOREIGN = (
    "iframe, object, embed, img, base, script:not([src^='/static/']), [onerror], [onload], [onfocus], [onmouseover], [srcdoc], "
    "[href^='javascript:' i]"
)


def hostile(value):
    """A part of a record with the names of `NAMES` in all its texts and keys."""
    if isinstance(value, str):
        return re.sub("|".join(map(re.escape, NAMES)), lambda found: NAMES[found[0]], value)
    if isinstance(value, list):
        return [hostile(v) for v in value]
    return {hostile(k): hostile(v) for k, v in value.items()} if isinstance(value, dict) else value


@pytest.fixture(scope="module")
def browser():
    with launched() as made:
        yield made


@pytest.fixture(scope="module")
def ids(pushed):
    """Names of runs: the pushed one, the same gone bad, and one that is itself an attack."""
    old = pushed[1].json["run_id"]
    return {"old": old, "new": old.replace("-s8-", "-s9-"), "bad": IMAGE}


@pytest.fixture(scope="module")
def site(tmp_path_factory, pushed, ids):
    """A UI over a workspace in which every text that others write is an attack."""
    project = Project(tmp_path_factory.mktemp("hostile") / "project")
    shutil.copytree(pushed[0].folder, project.folder)
    schema = (ROOT / "schemas" / "taxi.pbtxt").read_text(encoding="utf-8")
    for name in ("payment_type", "trip_miles"):
        schema = schema.replace(f'"{name}"', json.dumps(NAMES[name]))
    (project.folder / "taxi.pbtxt").write_text(schema, encoding="utf-8")
    text = re.sub("schema_file: .*", "schema_file: taxi.pbtxt", project.config.read_text(encoding="utf-8"))
    project.config.write_text(f"{text}\nschedule: {{cron: '0 3 * * *'}}\n", encoding="utf-8")
    record = RunRecord.model_validate_json(json.dumps(hostile({**pushed[1].json, "run_id": ids["new"], "span": 9})))
    bad = record.findings[0].model_copy(
        update={
            "code": "unseen_category",
            "severity": Severity.BLOCK,
            "subject": IMAGE,
            "message": IMAGE,
            "remedy": IMAGE,
        }
    )
    record = record.model_copy(update={"findings": [*record.findings, bad]})
    for name, said in ((ids["new"], record.model_dump_json()), (ids["bad"], json.dumps({"run_id": IMAGE}))):
        folder = project.workspace / "runs" / name
        folder.mkdir()
        (folder / "run.json").write_text(said, encoding="utf-8")
    (project.workspace / "runs" / ids["new"] / "report.html").write_text(render(record), encoding="utf-8")
    versions = project.workspace / "serving" / "taxi"
    (versions / IMAGE).mkdir()
    beside = versions / "1" / "assets.extra"
    (beside / "model_card.md").write_text("\n".join(NAMES.values()), encoding="utf-8")
    noted = {**json.loads((beside / "push.json").read_text(encoding="utf-8")), "run": IMAGE}
    (beside / "push.json").write_text(json.dumps(noted), encoding="utf-8")
    words = dict.fromkeys(("when", "who", "from", "action", "outcome", "said"), IMAGE)
    (project.workspace / "actions.jsonl").write_text(
        json.dumps({**words, "arguments": {IMAGE: [*NAMES.values()]}}) + "\n", encoding="utf-8"
    )
    at = datetime(2026, 11, 1, 3, tzinfo=timezone.utc)
    past = Outcome(at=at, trigger="cron", reason=IMAGE, status=IMAGE, run_id=IMAGE, headline=IMAGE, notes=[IMAGE])
    file = StateFile(project.workspace, "taxi")
    file.save(State(first=at, history=[past]))
    file.set_pause(Pause(since=at, reason=IMAGE))
    with served(project.config) as made:
        yield made


def asked(text, ids):
    """A name in `PAGES`, with everything in it quoted as a browser would."""
    return text.format(**{k: quote(v, safe="") for k, v in {**NAMES, **ids}.items()})


@pytest.mark.parametrize("page", PAGES)
def test_hostile_words_stay_words(browser, site, ids, page):
    path = asked(page, ids)
    from_disk = page.startswith("file:")
    url = (site.workspace / "runs" / path[5:] / "report.html").as_uri() if from_disk else site.origin + path
    with watched(browser, url if from_disk else site.origin, None if from_disk else site.first) as tab:
        assert tab.goto(url).status in (0, 200)
        unfold(tab)
        assert tab.locator(FOREIGN).count() == 0
        text = tab.inner_text("body")
        assert any(name in text for name in NAMES.values()), "it is told, as it is"
        tab.wait_for_timeout(100)


@pytest.mark.parametrize(
    "path",
    [
        "/runs/{bad}",
        "/runs/{bad}/why",
        "/versions/{bad}/card",
        "/{payment_type}",
        "/compare?run={old}&run={bad}",
        "/compare?before={bad}&after=x",
    ],
)
def test_what_is_not_there_is_said_without_harm(browser, site, ids, path):
    context, watch = browser.new_context(), Watch(site.origin)
    watch.over(context)
    try:
        page = context.new_page()
        assert page.goto(site.origin + asked(path, ids)).status in (400, 404)
        assert page.locator(FOREIGN).count() == 0
        page.wait_for_timeout(100)
    finally:
        context.close()
    assert [p for p in watch.problems if "Failed to load resource" not in p] == []


def test_hostile_words_in_a_form_come_back_as_words(browser, site):
    with watched(browser, site.origin, site.first) as page:
        page.goto(f"{site.origin}/schedule")
        page.get_by_role("button", name="Resume").click()
        page.get_by_label("Reason").fill(NAMES["trip_miles"] + IMAGE)
        page.get_by_role("button", name="Pause").click()
        expect(page.locator("dl").first).to_contain_text(NAMES["trip_miles"] + IMAGE, timeout=30_000)
        page.goto(f"{site.origin}/actions")
        assert NAMES["trip_miles"] + IMAGE in page.inner_text("main")
        assert page.locator(FOREIGN).count() == 0

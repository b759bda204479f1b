"""The pages as a person has them: a real Chromium on `retrain ui` and on reports, over a pushed run and one that is watched."""

import json
import re
import shutil
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from playwright.sync_api import expect

from tests.e2e.browser import (
    DESKTOP,
    FAINT,
    FOCUSED,
    PHONE,
    Watch,
    followed,
    launched,
    needs_chromium,
    served,
    tab_to,
    unfold,
    watched,
)
from tests.e2e.conftest import ROOT, Project, read_rows, write_rows

pytestmark = [pytest.mark.e2e, needs_chromium]

#: Milliseconds until an answer is on the screen, also on a machine that has much else to do.
SOON = 30_000
#: As a value and as the name of a file.
HOSTILE = "<img src=x onerror=alert(1)>"
PAGES = (
    "/",
    "/?text=nothing&status=pushed",
    "/trends",
    "/trends?about=trip_miles",
    "/compare",
    "/compare?run={pushed}&run={blocked}",
    "/schema",
    "/schedule",
    "/versions",
    "/versions/1/card",
    "/actions",
    "/runs/{pushed}",
    "/runs/{pushed}/why",
    "/runs/{blocked}",
    "/runs/{blocked}/why",
    "file:{pushed}",
    "file:{blocked}",
)


@pytest.fixture(scope="module")
def browser():
    with launched() as made:
        yield made


@pytest.fixture(scope="module")
def site(tmp_path_factory, pushed):
    """A UI over a copy of the pushed project, with a second version, a schedule, and a bad and hostile span 9."""
    project = Project(tmp_path_factory.mktemp("browser") / "project")
    shutil.copytree(pushed[0].folder, project.folder)
    shutil.copy(ROOT / "schemas" / "taxi.pbtxt", project.folder / "taxi.pbtxt")
    text = re.sub("schema_file: .*", "schema_file: taxi.pbtxt", project.config.read_text(encoding="utf-8"))
    project.config.write_text(f"{text}\nschedule: {{cron: '0 3 * * *'}}\n", encoding="utf-8")
    rows = [{**row, "trip_start_hour": "24", "payment_type": HOSTILE} for row in read_rows(project.span(8))]
    write_rows(project.span(9).with_name(f"{HOSTILE}.csv"), rows)
    versions = project.workspace / "serving" / "taxi"
    shutil.copytree(versions / "1", versions / "2")
    note = versions / "2" / "assets.extra" / "push.json"
    noted = {**json.loads(note.read_text(encoding="utf-8")), "version": 2, "digest": "of another model"}
    note.write_text(json.dumps(noted), encoding="utf-8")
    with served(project.config) as made:
        yield made


@pytest.fixture
def visit(browser, site):
    """Opens a page of the UI, with the token or without."""
    return partial(watched, browser, site.origin)


@pytest.fixture(scope="module")
def story(browser, site):
    """Starts a check of span 9 as a person does, watches it to its verdict, and returns all that was to be seen on the way."""
    with watched(browser, site.origin, site.first) as page:
        page.get_by_label("Span").last.fill("9")
        page.get_by_label("only check the data").check()
        page.get_by_role("button", name="Start").click()
        page.wait_for_url("**/runs/*")
        run_id = re.search(r"/runs/([^?/]+)", page.url)[1]
        return {
            "run_id": run_id,
            "states": followed(page, 180),
            "end": page.text_content("main"),
            "said": page.locator(".said").count(),
        }


@pytest.fixture
def address(site, pushed, story):
    """A name in `PAGES` as an address, and how the addresses begin that it may ask."""
    ids = {"pushed": pushed[1].json["run_id"], "blocked": story["run_id"]}

    def made(page):
        path = page.format(**ids)
        if path.startswith("file:"):
            url = (site.workspace / "runs" / path[5:] / "report.html").as_uri()
            return url, url
        return site.origin + path, site.origin

    return made


def test_the_watch_sees_what_it_must(browser, tmp_path):
    (tmp_path / "bad.html").write_text(
        "<img src='http://other.invalid/x.png'><script>console.error('broken'); alert('hello'); nothing()</script>"
    )
    context, watch = browser.new_context(), Watch(tmp_path.as_uri())
    watch.over(context)
    context.new_page().goto((tmp_path / "bad.html").as_uri())
    context.close()
    told = "\n".join(watch.problems)
    for part in ("request: http://other.invalid", "console: broken", "dialog: hello", "error: nothing is not defined"):
        assert part in told


@pytest.mark.parametrize("page", PAGES)
def test_every_page_works_alone_on_desk_and_phone_by_day_and_night(browser, site, address, page):
    url, own = address(page)
    with watched(browser, own, None if page.startswith("file:") else site.first) as tab:
        assert tab.goto(url).status in (0, 200)
        assert tab.inner_text("body").strip()
        unfold(tab)
        shades = set()
        for shade in ("light", "dark"):
            tab.emulate_media(color_scheme=shade)
            assert tab.evaluate(FAINT) == [], shade
            shades.add(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert len(shades) == 2 or page.endswith("card"), "dark is another page color than light"
        tab.set_viewport_size(PHONE)
        assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


@pytest.mark.parametrize("page", ["file:{pushed}", "file:{blocked}"])
def test_a_report_on_paper_is_dark_on_white_and_as_wide_as_the_sheet(browser, address, page):
    """Also where the screen is dark. A4 without margins is about 720 pixels wide."""
    url, own = address(page)
    with watched(browser, own, viewport={"width": 720, "height": 1000}) as tab:
        tab.goto(url)
        unfold(tab)
        tab.emulate_media(media="print", color_scheme="dark")
        assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert tab.evaluate(FAINT) == []
        assert tab.evaluate("document.documentElement.scrollWidth") <= 720


def test_a_run_is_watched_from_start_to_verdict(story):
    done = [sum(s not in ("pending", "running") for s in states) for states in story["states"]]
    assert done == sorted(done), "no stage goes back"
    assert done[0] < done[-1], "it was seen to go on"
    assert any("running" in states for states in story["states"])
    assert "BLOCKED" in story["end"].upper()
    assert not story["said"], "that it started is no news any more"
    assert "trip_start_hour" in story["end"]
    assert f"'{HOSTILE}'" in story["end"]
    assert f"span-9/{HOSTILE}.csv" in story["end"]


def test_without_the_token_nothing_can_be_changed(visit, site):
    with visit() as page:
        for path in ("/", "/schedule", "/versions"):
            page.goto(site.origin + path)
            assert page.locator("form[method=post] button").count() == 0
            assert "with its token, once" in page.inner_text("main")
        answer = page.request.post(
            f"{site.origin}/actions/pause", headers={"Origin": site.origin}, form={"reason": "x"}
        )
        assert answer.status == 403
    assert not (site.workspace / "schedule" / "taxi" / "pause.json").exists()


def test_pause_and_resume_with_the_token(visit, site):
    with visit(site.first) as page:
        assert "token" not in page.url
        page.get_by_role("link", name="Schedule").click()
        page.get_by_label("Reason").fill("holidays")
        page.get_by_role("button", name="Pause").click()
        # A click does not wait for the page that it leads to.
        expect(page.locator("h1")).to_have_text("Paused: nothing new starts", timeout=SOON)
        expect(page.locator("dl").first).to_contain_text("holidays")
        assert (site.workspace / "schedule" / "taxi" / "pause.json").exists()
        page.get_by_role("button", name="Resume").click()
        expect(page.get_by_role("status")).to_have_text("The schedule is resumed.", timeout=SOON)
        assert not (site.workspace / "schedule" / "taxi" / "pause.json").exists()
        page.get_by_role("link", name="Actions").click()
        expect(page.locator("main")).to_contain_text("pause: done.", timeout=SOON)


def test_a_change_of_the_schema_is_accepted(visit, site, story):
    with visit(site.first) as page:
        page.goto(f"{site.origin}/schema")
        # The page loads itself again until the changes are worked out.
        page.get_by_label(re.compile("trip_start_hour")).check(timeout=120_000)
        page.get_by_label("Reason").fill("hours count from 1 now")
        page.get_by_role("button", name="Accept").click(timeout=120_000)
        expect(page.get_by_role("status").first).to_contain_text("accepted", timeout=120_000)
        expect(page.locator("main")).to_contain_text("hours count from 1 now", timeout=SOON)
    assert "max: 24" in (site.folder / "taxi.pbtxt").read_text(encoding="utf-8")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_form_on_another_page_changes_nothing(browser, site, host):
    """`127.0.0.1` with another port is the same site for cookies, so that the cookie comes along; `localhost` is another one."""

    class Other(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            form = f'<form method="post" action="{site.origin}/actions/pause"><button>Win</button></form>'
            self.wfile.write(f'{form}<iframe src="{site.origin}/schedule"></iframe>'.encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Other)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = browser.new_context()
    try:
        page = context.new_page()
        page.goto(site.first)
        with page.expect_console_message(lambda m: re.search("frame-ancestors|X-Frame-Options", m.text)):
            page.goto(f"http://{host}:{server.server_port}/")
        assert page.frame_locator("iframe").locator("nav, form").count() == 0, "it is not shown in a frame"
        page.get_by_role("button", name="Win").click()
        page.wait_for_url("**/actions/pause")
        expect(page.locator("h1")).to_have_text("Not allowed", timeout=SOON)
        told = "was sent from another page" if host == "127.0.0.1" else "needs the token"
        assert told in page.inner_text("main")
    finally:
        context.close()
        server.shutdown()
        server.server_close()
    assert not (site.workspace / "schedule" / "taxi" / "pause.json").exists()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("path", ["/", "/versions", "/schedule", "/runs/{pushed}", "file:{pushed}", "file:{blocked}"])
def test_tab_visits_all_in_order_and_shows_where_it_is(browser, site, address, path, size):
    url, own = address(path)
    first = None if path.startswith("file:") else site.first
    with watched(browser, own, first, viewport=size) as page:
        page.goto(url)
        page.keyboard.press("Tab")
        seen = [page.evaluate(FOCUSED)]
        assert first is None or seen[0]["text"] == "To the content"
        while seen[-1]["tag"] != "body" and len(seen) < 300:
            assert seen[-1]["ring"], seen[-1]
            assert seen[-1]["inside"], seen[-1]
            page.keyboard.press("Tab")
            seen.append(page.evaluate(FOCUSED))
        places = [s["place"] for s in seen[:-1]]
        assert len(places) > 3
        assert places == list(range(len(places))), "none is left out, none comes twice"


def test_the_skip_link_leads_past_the_menu(visit, site):
    with visit() as page:
        page.goto(site.origin)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate(
            "document.activeElement.closest('main') !== null && !document.activeElement.closest('nav')"
        )


def test_a_rollback_by_keyboard_only(visit, site):
    with visit(site.first) as page:
        page.goto(f"{site.origin}/versions")
        assert page.inner_text("h1") == "Version 2 is served"
        tab_to(page, "Roll back to version 1")
        page.keyboard.press("Enter")
        tab_to(page, "reason")
        page.keyboard.type("customers complain")
        tab_to(page, "Serve version 1 again")
        page.keyboard.press("Enter")
        page.get_by_role("status").wait_for()
        expect(page.locator("h1")).to_have_text("Version 3 is served", timeout=SOON)
        assert "customers complain" in page.inner_text("main")

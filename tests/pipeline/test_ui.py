"""The UI over real connections: pages of runs with hostile names, and who may change what."""

import http.client
import json
import re
import threading
import time
from datetime import datetime, timezone
from urllib.parse import urlencode

import pytest
import uvicorn

import pipeline
from pipeline.commands.ui import address_of, listening
from pipeline.diff import diff
from pipeline.errors import UsageError
from pipeline.record_json import to_json
from pipeline.schedule.state import Outcome, State, StateFile
from pipeline.ui.actions import Actions
from pipeline.ui.app import make_app
from pipeline.ui.guard import Guard
from pipeline.ui.index import CachingWorkspace, Query, line_of_run, select
from pipeline.ui.views import Views
from schemas.findings import Severity
from tests import factories
from tests.pipeline.diagnosis import cases

HOSTILE = '<script>alert("x")</script>'
PAGES = (
    "/",
    "/trends",
    "/compare",
    "/versions",
    "/schedule",
    "/actions",
    "/runs/{new}",
    "/runs/{new}/why",
    "/compare?run={old}&run={new}",
)


@pytest.fixture(scope="module")
def records():
    old = cases.champion(name="taxi")
    new = cases.retrain(name="taxi")
    found = new.findings[0].model_copy(
        update={"subject": HOSTILE, "message": HOSTILE, "statistic": 0.5, "severity": Severity.WARN}
    )
    return old, new.model_copy(update={"findings": [*new.findings, found]})


@pytest.fixture(scope="module")
def folder(tmp_path_factory, records):
    """A configuration, and a workspace with two runs and one that cannot be read."""
    folder = tmp_path_factory.mktemp("ui")
    (folder / "taxi.yaml").write_text(
        "name: taxi\ndata: {source: {csv: 'x-{SPAN}.csv'}, label: y}\nschedule: {cron: '0 3 * * *'}\n", encoding="utf-8"
    )
    for record in records:
        place = folder / ".retrain" / "runs" / record.run_id
        place.mkdir(parents=True)
        (place / "run.json").write_text(to_json(record), encoding="utf-8")
    broken = folder / ".retrain" / "runs" / "20261101-000000-s7-cccc"
    broken.mkdir()
    (broken / "run.json").write_text("{", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def site(folder):
    """The guard of a server at work."""
    config, place = folder / "taxi.yaml", CachingWorkspace(folder / ".retrain")
    made = listening("127.0.0.1", 0)
    guard = Guard(port=made.getsockname()[1])
    app = make_app(Views(config, place, None, "taxi"), Actions(config, place, None, "taxi"), guard)
    server = uvicorn.Server(
        uvicorn.Config(app, log_level="error", lifespan="off", loop="asyncio", http="h11", ws="none")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [made]}, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield guard
    server.should_exit = True
    thread.join(10)


def ask(site, path, method="GET", form=None, **headers):
    """Status, headers and text; the path goes out as it is."""
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=30)
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request(method, path, urlencode(form) if form is not None else None, headers)
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read().decode("utf-8")


def cookie(site):
    return f"{site.cookie}={site.session}"


@pytest.mark.parametrize(
    ("page", "marked"),
    [("/", 'page">Runs'), ("/trends", 'page">Trends'), ("/runs/{}", 'true">Runs'), ("/runs/{}/why", 'true">Runs')],
)
def test_the_menu_marks_where_one_is(site, records, page, marked):
    _, _, text = ask(site, page.format(records[1].run_id))
    assert re.findall(r'aria-current="([^<]+)<', text) == [marked]


@pytest.mark.parametrize("page", PAGES)
def test_every_page_has_no_script_of_others_and_asks_nobody(site, records, page):
    old, new = records
    status, headers, text = ask(site, page.format(old=old.run_id, new=new.run_id))
    assert status == 200
    assert HOSTILE not in text
    assert "<script>" not in text
    assert not re.search(r'(?:src|href)="(?:https?:)?//', text)
    assert "script-src 'self'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"


def test_the_list_names_the_runs_and_the_one_that_cannot_be_read(site, records):
    text = ask(site, "/")[2]
    assert all(r.run_id in text for r in records)
    assert "20261101-000000-s7-cccc" in text
    one = ask(site, f"/?text={records[1].run_id}")[2]
    assert f"/runs/{records[1].run_id}" in one
    assert f"/runs/{records[0].run_id}" not in one


@pytest.mark.parametrize(
    "path",
    [
        "/runs/../../taxi.yaml",
        "/runs/..%2f..%2ftaxi.yaml",
        "/static/../taxi.yaml",
        "/static/..%2fui.css",
        "/versions/..%2f1/card",
    ],
)
def test_an_address_never_becomes_a_path(site, path):
    status, _, text = ask(site, path)
    assert status == 404
    assert "source:" not in text


def test_only_its_own_hosts_are_answered(site):
    assert ask(site, "/", Host="evil.example")[0] == 421
    assert ask(site, "/", Host="localhost:1")[0] == 200


def test_the_token_of_the_first_visit_becomes_a_cookie(site):
    path = address_of(site).partition(str(site.port))[2]
    status, headers, _ = ask(site, path)
    assert (status, headers["location"]) == (303, "/")
    assert {"HttpOnly", "SameSite=strict"} <= {p.strip() for p in headers["set-cookie"].split(";")}
    assert ask(site, "/?token=wrong")[0] == 403
    assert site.token not in ask(site, "/", Cookie=cookie(site))[2]


def test_nothing_changes_without_cookie_origin_and_form(site, folder):
    own = {"Cookie": cookie(site), "Origin": f"http://127.0.0.1:{site.port}"}
    form = {"to": "1", "form_token": site.form_token}
    refused = [
        ({}, form),
        ({**own, "Cookie": "x=y"}, form),
        ({**own, "Origin": "http://evil.example"}, form),
        ({"Cookie": own["Cookie"]}, form),
        (own, {"to": "1"}),
    ]
    for headers, fields in refused:
        assert ask(site, "/actions/rollback", "POST", fields, **headers)[0] == 403
    status, _, text = ask(site, "/actions/rollback", "POST", form, **own)
    assert status == 409, "there is no version 1, and that is said"
    assert ask(site, "/actions/format_disk", "POST", form, **own)[0] == 404
    assert ask(site, "/actions/rollback", "POST", {"x": "y" * 70000}, **own)[0] == 413
    lines = [json.loads(line) for line in (folder / ".retrain" / "actions.jsonl").read_text("utf-8").splitlines()]
    assert [e["outcome"] for e in lines] == ["refused"] * 6
    assert lines[-1]["arguments"] == {"to": ["1"]}
    assert lines[-1]["said"] in text.replace("&#39;", "'").replace("&#34;", '"')


def test_the_schedule_is_paused_and_resumed_with_the_token_only(site, folder):
    own = {"Cookie": cookie(site), "Origin": f"http://127.0.0.1:{site.port}"}
    file = StateFile(folder / ".retrain", "taxi")
    at = datetime(2026, 11, 1, 3, tzinfo=timezone.utc)
    past = Outcome(at=at, trigger="cron", reason=HOSTILE, status="skipped", headline="Nothing new.")
    file.save(State(first=at, history=[past]))
    assert ask(site, "/actions/pause", "POST", {"reason": "x"})[0] == 403
    assert file.pause() is None
    form = {"reason": HOSTILE, "form_token": site.form_token}
    assert ask(site, "/actions/pause", "POST", form, **own)[0] == 303
    assert file.pause().reason == HOSTILE
    text = ask(site, "/schedule")[2]
    assert "Paused: nothing new starts" in text
    assert "03:00:00 UTC · cron" in text
    assert "Nothing new." in text
    assert HOSTILE not in text
    assert ask(site, "/actions/resume", "POST", form, **own)[0] == 303
    assert file.pause() is None
    log = (folder / ".retrain" / "actions.jsonl").read_text("utf-8").splitlines()
    assert [(e["action"], e["outcome"]) for e in map(json.loads, log[-3:])] == [
        ("pause", "refused"),
        ("pause", "done"),
        ("resume", "done"),
    ]


def test_sorting_puts_runs_without_a_value_last(records):
    lines = [line_of_run(r) for r in (factories.pushed(), *records)]
    wanted = [line.run_id for line in sorted(lines, key=lambda x: x.run_id)]
    assert [x.run_id for x in select(lines, Query(sort="run"))] == wanted
    assert select(lines, Query(sort="-version"))[-1].version is None
    assert select(lines, Query(text="NO SUCH")) == []


def test_a_diff_has_what_moved_and_the_severity_of_findings(records):
    old, new = records
    found = diff(old, new)
    assert (found.before.run_id, found.after.run_id) == (old.run_id, new.run_id)
    auc = next(m for m in found.metrics if (m.slice, m.metric) == ("overall", "auc"))
    assert auc.change == pytest.approx(auc.after.value - auc.before.value)
    (changed,) = (f for f in found.findings if f.subject == HOSTILE)
    assert (changed.before, changed.after) == (None, Severity.WARN)
    assert diff(old, old).config == ()


def test_a_run_in_a_notebook(folder, records):
    run = pipeline.load_run(folder / ".retrain" / "runs" / records[1].run_id)
    assert 'sandbox=""' in run._repr_html_()
    assert HOSTILE not in run._repr_html_()
    assert list(run.curves["epoch"]) == [e.epoch for e in records[1].training.epochs]
    assert run.curves["best"].sum() == 1
    assert run.metrics.loc[run.metrics["metric"] == "auc", "value"].iloc[0] == pytest.approx(0.90)
    assert run.labels["rows"].sum() == sum(sum(v.values()) for s in records[1].data.spans for v in s.labels.values())
    with pytest.raises(UsageError):
        pipeline.load_run("nothing", folder / "taxi.yaml")

"""Whom rows are about: real runs of a project with `split.group_by`; none of these values, and no row, leaves the workspace's data."""

import http.client
import random
import re

import pytest

from benchmarks.ui import served
from tests.e2e.conftest import read_rows, retrain, write_rows

CONFIG = """\
name: shop
data:
  source: {csv: "data/span-{SPAN}/*.csv"}
  window: {last_spans: 2}
  label: loyal
  id: visit
  exclude: [note]
  split: {train: 0.7, eval: 0.15, test: 0.15, group_by: customer}
train: {epochs: 2}
"""
PAGES = ("/", "/trends", "/trends?about=category_drift", "/compare", "/schema", "/schedule", "/versions", "/actions")
#: How values of the columns `customer`, `visit` and `note` begin; a number of `basket` has so many digits only in its row.
SECRETS = ("Zorblax-", "Newcomer-", "visit-", "calls herself")


def rows_of(span):
    """Sixty people who come every month, some that are new, ten visits each; now and then in a city that nobody knew."""
    rng = random.Random(span)
    people = [f"Zorblax-{i:03d}" for i in range(60)] + [f"Newcomer-{span}-{i:02d}" for i in range(10 * (span - 1))]
    found = []
    for number, person in enumerate(p for p in people for _ in range(10)):
        hours = rng.gauss(5, 2)
        city = "Linz" if span == 2 and number % 20 == 0 else rng.choice(["Ulm", "Graz", "Bern"])
        basket = rng.gauss(50, 12) + hours
        found.append(
            {
                "visit": f"visit-{span}-{number:05d}",
                "customer": person,
                "note": f"{person} calls herself {rng.choice('ABCDE')}",
                "basket": f"{basket:.6f}",
                "city": city,
                "hours": f"{hours:.3f}",
                "loyal": int(basket + rng.gauss(0, 6) > 56),
            }
        )
    return found


@pytest.fixture(scope="module")
def shop(tmp_path_factory):
    """The project, and the ids of its two runs: the first proposes the schema, the second is held against it."""
    folder = tmp_path_factory.mktemp("shop")
    (folder / "shop.yaml").write_text(CONFIG, encoding="utf-8")
    for span in (1, 2):
        write_rows(folder / "data" / f"span-{span}" / "a.csv", rows_of(span))
    first = retrain("run", folder / "shop.yaml", "--span", 1, "--until", "require_ok", "--json")
    second = retrain("run", folder / "shop.yaml", "--span", 2, "--json")
    assert (first.code, second.code) in ((0, 0), (0, 4)), second.err
    return folder, [first.json["run_id"], second.json["run_id"]]


def leaks(text, folder):
    """What of the data is in a text: a value that says whom a row is about, or an amount of one row."""
    amounts = {r["basket"] for s in (1, 2) for r in read_rows(folder / "data" / f"span-{s}" / "a.csv")}
    return [s for s in SECRETS if s in text] + sorted(amounts & set(re.findall(r"\d+\.\d{6}", text)))


def test_the_data_have_what_is_looked_for(shop):
    folder, _ = shop
    assert leaks((folder / "data" / "span-2" / "a.csv").read_text(), folder)[: len(SECRETS)] == list(SECRETS)


def test_reports_and_the_kept_schema_have_none(shop):
    folder, runs = shop
    for run in runs:
        page = (folder / ".retrain" / "runs" / run / "report.html").read_text(encoding="utf-8")
        assert leaks(page, folder) == []
    assert "Linz" in page  # a category's name is needed to act
    assert leaks((folder / "schemas" / "shop.pbtxt").read_text(encoding="utf-8"), folder) == []


def test_exports_and_the_terminal_have_none(shop):
    folder, runs = shop
    words = ("--config", folder / "shop.yaml")
    for command in (
        ("export-run", runs[1], "--to", "openlineage", "-o", "-"),
        ("report", runs[1], "-o", "-"),
        ("show", runs[0], "findings"),
        ("show", runs[1], "findings"),
        ("show", runs[1], "schema"),
        ("show", runs[1], "stats"),
        ("why", runs[1]),
    ):
        done = retrain(*command, *words)
        assert done.code == 0, done.err
        assert leaks(done.out, folder) == [], command
    for command in ("show", "diff"):
        done = retrain("schema", command, folder / "shop.yaml")
        assert leaks(done.out + done.err, folder) == [], command


def test_pages_of_the_ui_have_none(shop):
    folder, runs = shop
    pages = [*PAGES, f"/compare?before={runs[0]}&after={runs[1]}"]
    pages += [f"/runs/{run}{part}" for run in runs for part in ("", "/why")]
    with served(folder / "shop.yaml") as (port, _, _, _):
        for page in pages:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            connection.request("GET", page)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8")
            assert answer.status == 200, page
            assert leaks(text, folder) == [], page


def test_examples_are_shown_when_asked_for_and_hide_whom_they_are_about(shop):
    folder, runs = shop
    usual = folder / ".retrain" / "runs" / runs[1] / "report.html"
    before = usual.read_bytes()
    done = retrain("report", runs[1], "--with-examples", "--config", folder / "shop.yaml")
    page = usual.with_name("report-with-examples.html")
    assert done.out.strip() == str(page)
    text = page.read_text(encoding="utf-8")
    assert not [s for s in SECRETS if s in text]
    assert 1 <= len(leaks(text, folder)) <= 60  # amounts of a few rows
    assert "span-2/a.csv row " in text
    assert "Some rows of data are in this page" in text
    assert usual.read_bytes() == before

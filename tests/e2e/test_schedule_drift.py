"""Drift of new rows from what a real champion was trained on, as `retrain schedule` has it measured."""

import json
import os
import subprocess
import sys

import pytest

from tests.e2e.conftest import ROOT, environment, make_project, read_rows, write_rows

pytestmark = pytest.mark.e2e

SCHEDULE = "schedule: {on_drift: {data: 'incoming/*.csv'}}\n"


@pytest.fixture
def champion(tmp_path, pushed):
    """The pushed project's configuration with a schedule, over its workspace."""
    project = make_project(tmp_path / "project", pushed[0].folder / "data", spans=range(5, 9))
    with project.config.open("a", encoding="utf-8") as file:
        file.write(SCHEDULE)
    return project, pushed[0].workspace


def measured(champion):
    """What the process says that the scheduler starts."""
    project, workspace = champion
    words = [sys.executable, "-m", "pipeline.schedule.drift", str(project.config), str(workspace)]
    done = subprocess.run(words, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def rows_of(champion, taxi, **changes):
    """Rows of span 9 as they come without a label, some columns changed."""
    rows = [
        {n: v for n, v in r.items() if n not in ("tips", "big_tipper")} for r in read_rows(taxi / "span-9/trips.csv")
    ]
    changed = [{**r, **{n: change(r[n]) for n, change in changes.items()}} for r in rows]
    path = champion[0].folder / "incoming" / "new.csv"
    write_rows(path, changed)
    return path


def test_nothing_to_measure_and_rows_like_those_before_are_no_drift(champion, taxi):
    assert measured(champion) == {"drift": None, "key": "", "problem": ""}
    rows_of(champion, taxi)
    found = measured(champion)
    assert (found["drift"], found["problem"]) == (None, "")


def test_a_changed_unit_is_drift_and_its_key_stays_until_data_change(champion, taxi):
    path = rows_of(champion, taxi, fare=lambda v: v and str(3 * float(v)))
    one = measured(champion)
    assert one["drift"].startswith("Drift: 1 of 14 features in ")
    assert "was trained on: fare (" in one["drift"]
    assert measured(champion)["key"] == one["key"]
    os.utime(champion[0].span(8))
    two = measured(champion)
    assert (two["drift"], two["key"] != one["key"]) == (one["drift"], True)
    os.utime(path)
    assert measured(champion)["key"] not in (one["key"], two["key"])


def test_what_cannot_be_compared_is_said(champion, taxi):
    rows_of(champion, taxi, fare=lambda v: "dear")
    found = measured(champion)
    assert found["drift"] is None
    assert "fare" in found["problem"]
    assert "dear" not in found["problem"]

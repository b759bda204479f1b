"""Drift of new rows from what a real champion was trained on, as `retrain schedule` has it measured."""

import json
import os
import subprocess
import sys
import time

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


def rows_of(champion, taxi, without=("tips", "big_tipper"), **changes):
    """Rows of span 9 as they come without a label, some columns changed, written an hour ago."""
    rows = [{n: v for n, v in r.items() if n not in without} for r in read_rows(taxi / "span-9/trips.csv")]
    changed = [{**r, **{n: change(r[n]) for n, change in changes.items()}} for r in rows]
    path = champion[0].folder / "incoming" / "new.csv"
    write_rows(path, changed)
    aged(path, 3600)
    return path


def aged(path, seconds):
    """Lets a file be written so long ago."""
    os.utime(path, (time.time() - seconds,) * 2)


def test_nothing_to_measure_and_rows_like_those_before_are_no_drift(champion, taxi):
    assert measured(champion) == {"drift": None, "key": "", "problem": "", "unsettled": []}
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
    aged(path, 1800)
    assert measured(champion)["key"] not in (one["key"], two["key"])


def test_rows_with_labels_are_compared_as_well(champion, taxi):
    rows_of(champion, taxi, without=(), fare=lambda v: v and str(3 * float(v)))
    found = measured(champion)
    assert "was trained on: fare (" in found["drift"]


def test_a_file_that_is_being_written_is_left_out(champion, taxi):
    path = rows_of(champion, taxi, fare=lambda v: v and str(3 * float(v)))
    whole = path.with_name("whole.csv")
    whole.write_bytes(path.read_bytes())
    aged(whole, 3600)
    # Cut off in the middle of a number, as a look finds it.
    path.write_bytes(path.read_bytes()[:5000])
    found = measured(champion)
    assert (found["drift"][:8], found["problem"], found["unsettled"]) == ("Drift: 1", "", [str(path)])
    whole.unlink()
    assert measured(champion) == {"drift": None, "key": "", "problem": "", "unsettled": [str(path)]}


def test_what_cannot_be_compared_is_said(champion, taxi):
    rows_of(champion, taxi, fare=lambda v: "dear")
    found = measured(champion)
    assert found["drift"] is None
    assert "fare" in found["problem"]
    assert "dear" not in found["problem"]

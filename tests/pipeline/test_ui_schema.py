"""The schema's page: quick and without TensorFlow in the server; what data would change comes after, and can be accepted."""

import json
import subprocess
import sys
import time

import pytest

from pipeline.ui.actions import Actions, Refused
from pipeline.ui.index import CachingWorkspace
from pipeline.ui.views import Views
from tests.pipeline.test_schema_command import RUN, blocked_run, environment, write_rows
from tests.pipeline.test_schema_command import place as place

ROW = {"fare": 1.5, "fee": 0.1, "miles": 2.0, "pay": "cash", "tip": 1, "tolls": 3}


@pytest.fixture
def ui(place):
    """Views and actions over a run whose data have a new column."""
    write_rows(place, [ROW] * 3)
    blocked_run(place)
    config, workspace = place / "rides.yaml", CachingWorkspace(place / ".retrain")
    return Views(config, workspace, None, "rides"), Actions(config, workspace, None, "rides")


def worked_out(views):
    until = time.monotonic() + 60
    while (names := views.schema())["working"]:
        assert time.monotonic() < until
        time.sleep(0.1)
    return names


def test_changes_come_after_the_page_and_an_accepted_one_is_gone(place, ui, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    views, actions = ui
    views.schema()  # imports
    views.proposals._known.clear()
    began = time.monotonic()
    names = views.schema()
    assert time.monotonic() - began < 0.3
    assert names["working"]
    assert names["run"] == RUN
    assert [c.sentence for c in worked_out(views)["listed"]] == ["new column tolls: int"]
    with pytest.raises(Refused, match="--reason"):
        actions.do("accept", {"feature": ["tolls"], "reason": [""]}, "127.0.0.1")
    with pytest.raises(Refused, match="--no"):
        actions.do("accept", {"feature": ["--no"], "reason": ["x"]}, "127.0.0.1")
    before = (place / "schemas" / "rides.pbtxt").read_text()
    done = actions.do("accept", {"feature": ["tolls"], "reason": ["--json new road"], "run": [RUN]}, "127.0.0.1")
    assert "tolls" in done.said
    assert "tolls" not in before
    assert "tolls" in (place / "schemas" / "rides.pbtxt").read_text()
    assert views.schema()["log"][0]["reason"] == "--json new road"
    assert not worked_out(views)["listed"]
    lines = [json.loads(line) for line in (place / ".retrain" / "actions.jsonl").read_text("utf-8").splitlines()]
    assert [e["outcome"] for e in lines] == ["refused", "refused", "done"]


def test_what_cannot_be_worked_out_is_said(place, ui, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    (place / "day-2.csv").unlink()
    assert "has changed since, or is gone" in worked_out(ui[0])["problem"]


def test_the_server_loads_no_tensorflow(place, ui):
    code = (
        "import sys; from pathlib import Path; import pipeline.commands.ui; from pipeline.ui.views import Views\n"
        "from pipeline.ui.index import CachingWorkspace\n"
        "Views(Path('rides.yaml').resolve(), CachingWorkspace(Path('.retrain').resolve()), None, 'rides').schema()\n"
        "sys.exit(any(m.split('.')[0] in ('tensorflow', 'tensorflow_data_validation', 'apache_beam') for m in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], env=environment(), check=False).returncode == 0

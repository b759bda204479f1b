"""Events of a run that was killed while a line was written: the others count, and the next ones are whole."""

import os
import signal

from pipeline import supervise
from pipeline.console import RunDisplay
from pipeline.events import open_events, read_events
from pipeline.job import EVENTS_FD, Event, Job
from pipeline.supervise import Supervisor
from pipeline.workspace import Workspace

RUNNING = Event(kind="stage", stage="ingest", state="running")
END = Event(kind="end")


def test_a_line_that_is_not_whole_spoils_no_other(tmp_path):
    path = tmp_path / "events.jsonl"
    assert read_events(path) == []
    for whole, event in (("", RUNNING), ('{"kind": "sta', END)):
        path.open("a").write(whole)
        with open_events(path) as file:
            file.write(event.model_dump_json() + "\n")
    assert read_events(path) == [RUNNING, END]
    assert len(path.read_text().splitlines()) == 3


def test_a_worker_that_is_killed_while_it_writes(tmp_path, monkeypatch):
    """The parent goes on, and keeps whole lines only."""
    said = RUNNING.model_dump_json() + '\n{"kind": "sta'
    words = f"import os; os.write(int(os.environ[{EVENTS_FD!r}]), {said.encode()!r}); os.kill(os.getpid(), 9)"
    monkeypatch.setattr(supervise, "START", words)
    place = Workspace(tmp_path / ".retrain")
    folder = place.run_folder("r1")
    folder.mkdir(parents=True)
    job = Job(config={}, base=tmp_path, root=place.root, folder=folder, serving=tmp_path, run_id="r1", span=None)
    with place.lock("r1") as lock, open(os.devnull, "w") as nowhere, RunDisplay(["ingest"], nowhere) as display:
        supervisor = Supervisor(job, place, lock, display)
        assert supervisor.run() == -signal.SIGKILL
    assert supervisor.events == [RUNNING] == read_events(place.events_path("r1"))

"""A run that a file delivered again has blocked: what it waits for, and that it is tried again once, when that is there."""

import hashlib

import pytest

from pipeline.redelivered import findings, keep_digests, wanted_back
from pipeline.schedule.blocked import Contents, again, told
from pipeline.schedule.decision import Action
from pipeline.schedule.request import Result
from pipeline.schedule.state import Blocked
from schemas.run_record import DataFile
from tests import factories
from tests.pipeline.schedule.fakes import Scheduled

PATTERN, GOOD, BAD = "span-{SPAN}/*.csv", "a,y\n1,0\n", "a,y\n9,9\n"


def file_of(folder, span):
    path = folder / f"span-{span}" / "a.csv"
    return DataFile(span=span, path=str(path), bytes=1, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def accepted(it, *spans):
    """As a run leaves it that has accepted these spans."""
    keep_digests(it.folder / ".retrain", "taxi", PATTERN, [file_of(it.folder, n) for n in spans], it.folder)


@pytest.fixture
def it(tmp_path):
    """Spans 1 and 2 were accepted; then span 1 came again with other content, and span 3 was blocked by it."""
    it = Scheduled(tmp_path, "{on_new_data: {settle: 60s, poll: 10s}, retries: {times: 2}}")
    for span in (1, 2):
        it.write(span, GOOD)
    it.step()
    it.step(seconds=70)
    it.end(span=2)
    accepted(it, 1, 2)
    it.write(1, BAD)
    it.write(3, GOOD)
    it.step(seconds=10)
    assert it.step(seconds=70).action is Action.START
    block(it)
    return it


def block(it, span=3):
    """The run at work ends blocked, with what the record says then."""
    found = findings(wrong := known(it), PATTERN, [file_of(it.folder, n) for n in (1, 2, 3)], it.folder)
    assert wrong
    record = factories.blocked(
        name="taxi", findings=found, workspace=str(it.folder / ".retrain"), config_path=str(it.config)
    )
    return it.end("blocked", 3, span=span, wanted_back=wanted_back(record))


def known(it):
    from pipeline.redelivered import read_digests

    return read_digests(it.folder / ".retrain", "taxi")


def test_it_waits_and_says_for_what(it):
    assert it.daemon.state.blocked.span == 3
    assert [p.rsplit("/", 2)[1:] for p in it.daemon.state.blocked.files] == [["span-1", "a.csv"]]
    note = it.daemon.state.history[-1].notes[-1]
    assert note == "It is tried again when span-1/a.csv is as it was accepted."
    assert it.step(hours=5).action is Action.WAIT


def test_it_is_tried_again_once_when_the_file_is_put_back(it):
    it.write(1, GOOD)
    made = it.step(seconds=10)
    assert (made.action, made.due.span, made.due.trigger) == (Action.START, 3, "new_data")
    assert made.reason == (
        "Put back: span-1/a.csv is again what was accepted, so the run of span 3 that was blocked by it is tried again."
    )
    it.end(span=3)
    assert it.daemon.state.blocked is None
    assert it.step(hours=5).action is Action.WAIT


def test_other_content_again_starts_nothing(it):
    it.write(1, "a,y\n8,8\n")
    assert it.step(seconds=70).action is Action.WAIT


def test_it_survives_a_kill_while_it_waits_and_while_it_is_tried_again(it):
    it.start()
    assert it.step(seconds=70).action is Action.WAIT
    it.write(1, GOOD)
    assert it.step(seconds=10).action is Action.START
    it.start()
    made = it.step(seconds=1)
    assert made.action is Action.START
    assert made.reason.startswith("Cut off with the scheduler, and made up for. Again: Put back: span-1/a.csv")
    it.write(1, BAD)
    block(it)
    assert it.step(hours=5).action is Action.WAIT
    assert it.daemon.state.blocked.span == 3


def test_a_pause_loses_nothing(it):
    it.config.write_text(it.config.read_text().replace("retries:", "paused: true, retries:"))
    it.write(1, GOOD)
    assert it.step(seconds=10).action is Action.WAIT
    it.config.write_text(it.config.read_text().replace("paused: true", "paused: false"))
    assert it.step(seconds=10).action is Action.START


def test_what_was_accepted_by_hand_is_not_waited_for(it):
    accepted(it, 1, 2, 3)
    it.step(seconds=10)
    assert it.daemon.state.blocked is None
    it.write(1, GOOD)
    assert it.step(seconds=70).action is Action.WAIT


def test_a_newer_span_takes_its_place(it):
    it.write(4, GOOD)
    it.step(seconds=10)
    made = it.step(seconds=70)
    assert (made.action, made.due.span) == (Action.START, 4)
    it.end("not_blessed", 4, span=4)
    it.write(1, GOOD)
    assert it.step(seconds=70).action is Action.WAIT


def test_a_new_span_and_a_file_put_back_are_one_run(it):
    it.write(4, GOOD)
    it.step(seconds=10)
    it.clock.move(seconds=70)
    it.write(1, GOOD)
    made = it.step()
    assert (made.action, made.due.span) == (Action.START, 4)
    assert "New data: span 4." in made.reason
    assert "Put back: " in made.reason


def test_a_tick_counts_it_as_new_data(tmp_path):
    it = Scheduled(tmp_path, "{cron: '0 * * * *', only_if_new_data: true}")
    it.write(1, GOOD)
    it.step()
    it.step(minutes=30)
    it.step(minutes=30)
    it.end(span=1)
    accepted(it, 1)
    it.write(1, BAD)
    files = {str(it.folder / "span-1" / "a.csv"): hashlib.sha256(GOOD.encode()).hexdigest()}
    it.daemon.state.blocked = Blocked(span=1, files=files)
    assert it.step(hours=1).action is Action.LEAVE_OUT
    it.write(1, GOOD)
    assert it.step(minutes=30).action is Action.WAIT
    made = it.step(minutes=30)
    assert (made.action, made.due.span) == (Action.START, 1)
    assert "Put back" in made.reason


def test_content_is_read_again_whatever_size_and_times_say(tmp_path):
    import os

    path, contents = tmp_path / "a.csv", Contents()
    path.write_text(GOOD)
    stat, digest = path.stat(), hashlib.sha256(GOOD.encode()).hexdigest()
    assert contents.are({str(path): digest})
    path.write_text(BAD)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert len(BAD) == len(GOOD)
    assert not contents.are({str(path): digest})
    path.unlink()
    assert not contents.are({str(path): digest})


def test_files_that_are_not_known_each_are_not_waited_for():
    blocked = factories.blocked()
    assert wanted_back(blocked) == {}
    again_there = factories.blocked(findings=[blocked.findings[-1].model_copy(update={"code": "redelivered"})])
    assert wanted_back(again_there) == {}
    assert Result(token="t", status="blocked", exit_code=3).wanted_back == {}


def test_many_files_are_counted():
    many = Blocked(span=None, files={f"/d/span-1/{n}.csv": "0" for n in range(5)})
    assert "span-1/2.csv and 2 more are as they were accepted" in told(many)
    assert again(many, None).endswith("so the run that was blocked by it is tried again.")

"""The scheduler through its days, with a clock that is moved by hand and runs that end when told."""

import time

import pytest

from pipeline.errors import UsageError
from pipeline.schedule.decision import Action
from pipeline.schedule.state import Outcome, Pause, StateFile
from tests.pipeline.schedule.fakes import Scheduled

pytest.importorskip("apscheduler")


@pytest.fixture
def nightly(tmp_path):
    return Scheduled(tmp_path, "{cron: '0 3 * * *', retries: {times: 2, backoff: 1m}}")


@pytest.fixture
def watching(tmp_path):
    return Scheduled(tmp_path, "{on_new_data: {settle: 60s, poll: 10s}}")


def test_a_night(nightly):
    assert nightly.step().action is Action.WAIT
    assert nightly.step(hours=3, seconds=1).action is Action.START
    assert nightly.step(seconds=5).reason == "The run of 2026-11-25 03:00:01 UTC is at work."
    nightly.end(span=8, run_id="r8")
    assert nightly.history == [("pushed", 8)]
    assert nightly.launcher.prepared == 1
    assert nightly.step(hours=1).action is Action.WAIT
    assert nightly.step(hours=23).action is Action.START


def test_retries_come_after_their_waits_and_end(nightly):
    nightly.step(hours=3)
    nightly.end("failed", 1)
    assert nightly.step(seconds=59).action is Action.WAIT
    assert nightly.step(seconds=1).action is Action.START
    nightly.end("locked", 5)
    assert nightly.step(seconds=119).action is Action.WAIT
    assert nightly.step(seconds=1).action is Action.START
    nightly.end("failed", 1)
    assert nightly.step(hours=2).action is Action.WAIT
    assert [o.attempt for o in nightly.daemon.state.history] == [0, 1, 2]
    assert nightly.daemon.state.history[-1].notes == ["No retry any more: 2 of 2 were made."]


def test_a_blocked_run_is_not_tried_again(nightly):
    nightly.step(hours=3)
    nightly.end("blocked", 3)
    assert nightly.step(hours=2).action is Action.WAIT
    assert len(nightly.launcher.requests) == 1


def test_the_state_survives_a_kill_between_runs(nightly):
    nightly.step(hours=3)
    nightly.end("failed", 1)
    nightly.start()
    assert nightly.step(seconds=30).action is Action.WAIT
    assert nightly.step(seconds=31).action is Action.START
    assert nightly.daemon.state.running.due.attempt == 1


def test_a_kill_during_a_run_makes_it_be_made_up_for(nightly):
    nightly.step(hours=3)
    nightly.start()
    made = nightly.step(seconds=1)
    assert made.action is Action.START
    assert (
        made.reason == "Cut off with the scheduler, and made up for. Again: The tick of 2026-11-25 03:00:00 UTC (cron)."
    )
    assert nightly.history == [("interrupted", None)]
    nightly.end(span=8)
    assert nightly.step(hours=1).action is Action.WAIT


def test_ticks_that_passed_while_it_was_down_run_once(nightly):
    nightly.step()
    nightly.start()
    made = nightly.step(days=3)
    assert "the newest of 3" in made.reason
    nightly.end()
    assert nightly.step(minutes=5).action is Action.WAIT


def test_pause_and_resume(nightly):
    file = StateFile(nightly.folder / ".retrain", "taxi")
    file.set_pause(Pause(since=nightly.clock.time, reason="holiday"))
    assert nightly.step(hours=4).reason == "Paused since 2026-11-25 00:00:00 UTC: holiday."
    file.set_pause(None)
    assert "is made up for" in nightly.step(seconds=1).reason


def test_the_clock_is_set_back(nightly):
    nightly.step(days=30, hours=3)
    nightly.end()
    nightly.clock.move(days=-20)
    nightly.step()
    assert any("The clock was set back" in text for text in nightly.said)
    assert nightly.step(days=1).action is Action.START


def test_a_little_back_runs_no_tick_twice(nightly):
    nightly.step(hours=3)
    nightly.end()
    nightly.clock.move(seconds=-30)
    assert nightly.step().action is Action.WAIT
    assert nightly.step(minutes=1).action is Action.WAIT


def test_spans_as_they_arrive(watching):
    watching.write(1)
    assert watching.step().action is Action.WAIT
    made = watching.step(seconds=61)
    assert made.due.span == 1
    watching.write(2)
    assert watching.step(seconds=61).action is Action.WAIT
    watching.end("blocked", 3, span=1)
    assert watching.step(seconds=61).due.span == 2
    watching.end(span=2)
    assert watching.step(hours=1).action is Action.WAIT
    watching.start()
    assert watching.step(hours=1).action is Action.WAIT
    assert watching.history == [("blocked", 1), ("pushed", 2)]


def test_a_span_that_was_delivered_again_is_named_once_and_never_run(watching):
    watching.write(1)
    watching.step()
    watching.step(seconds=61)
    watching.end(span=1)
    watching.write(1, "a,y\n1,1\n1,1\n")
    for _ in range(5):
        assert watching.step(seconds=61).action is Action.WAIT
    assert len([t for t in watching.said if "delivered again with other content" in t]) == 1


def test_data_of_a_run_that_failed_are_used_at_the_next_tick(tmp_path):
    it = Scheduled(tmp_path, "{interval: 1h, only_if_new_data: true, retries: {times: 0}}")
    it.write(1)
    it.step()
    it.step(seconds=70)
    assert it.step(hours=1).due.span == 1
    it.end("failed", 1)
    made = it.step(hours=1)
    assert made.action is Action.START
    assert made.reason.endswith("The run before it failed, so its data are still to be used.")
    assert it.launcher.requests[-1].span == 1
    it.start()
    it.step(seconds=1)
    it.end("failed", 1)
    it.step(hours=1)
    it.end("blocked", 3)
    left = it.step(hours=1)
    assert (left.action, "no new data since the last run" in left.reason) == (Action.LEAVE_OUT, True)


def test_replace_stops_the_run_and_starts_the_newer(tmp_path):
    it = Scheduled(tmp_path, "{on_new_data: {settle: 0s, poll: 1s}, concurrency: replace}")
    it.write(1)
    assert it.step().action is Action.START
    it.write(2)
    assert it.step(seconds=2).action is Action.REPLACE
    assert it.launcher.stops == 1
    assert it.step(seconds=2).action is Action.WAIT
    made = it.end("interrupted", 1)
    assert made.action is Action.START
    assert it.launcher.requests[-1].span == 2
    assert it.history == [("replaced", 1)]


def test_drift_starts_one_run_and_the_same_drift_no_second(tmp_path):
    it = Scheduled(tmp_path, "{on_drift: {data: 'new/*.csv', every: 1h}}")
    it.step()
    assert it.launcher.measures == 1
    it.drifts("Drift: fare.", "one")
    assert it.step(seconds=5).due.trigger == "drift"
    it.end("nothing_new")
    it.step(hours=1)
    assert it.launcher.measures == 2
    it.drifts("Drift: fare.", "one")
    assert it.step(seconds=5).action is Action.WAIT
    it.step(hours=1)
    it.drifts("Drift: fare.", "two")
    assert it.step(seconds=5).action is Action.START


def test_a_file_being_written_is_named_once_and_drift_is_measured_once_more_when_it_can_have_settled(tmp_path):
    it = Scheduled(tmp_path, "{on_drift: {data: 'new/*.csv', every: 1h}}")
    it.step()
    it.writes("new/a.csv")
    it.step(seconds=5)
    assert [t for t in it.said if "new/a.csv is being written" in t]
    it.step(seconds=60)
    assert it.launcher.measures == 1
    it.step(seconds=1)
    assert it.launcher.measures == 2
    # A file that is always written: named no more, and measured no more often than twice in `every`.
    it.writes("new/a.csv")
    said = len(it.said)
    it.step(seconds=5)
    it.step(minutes=50)
    assert (it.launcher.measures, len(it.said)) == (2, said)
    it.step(minutes=10)
    assert it.launcher.measures == 3


def test_an_edited_schedule_is_taken_over_and_a_broken_one_is_not(nightly):
    nightly.step()
    text = nightly.config.read_text()
    nightly.config.write_text(text.replace("0 3 * * *", "0 1 * * *"))
    nightly.step()
    assert nightly.step(hours=1).action is Action.START
    nightly.end()
    nightly.config.write_text("name: [")
    nightly.step(minutes=1)
    assert any("stays in force" in t for t in nightly.said)


def test_limits_go_with_the_request(tmp_path):
    it = Scheduled(tmp_path, "{interval: 1h, timeout: 30m, stage_timeouts: {trainer: 10m}}")
    it.step(hours=1)
    (request,) = it.launcher.requests
    assert (request.timeout, request.stage_timeouts) == (1800, {"trainer": 600})


def test_a_clean_stop_during_a_run_makes_it_be_made_up_for_without_counting(nightly):
    nightly.step(hours=3)
    nightly.daemon.stop()
    assert nightly.launcher.stops == 1
    nightly.end("interrupted", 1)
    assert not nightly.daemon.running
    nightly.start()
    assert nightly.step(seconds=1).action is Action.START
    assert nightly.daemon.state.running.due.attempt == 0


def test_what_is_waited_for_is_said_when_that_changes(tmp_path):
    it = Scheduled(tmp_path, "{interval: 1h, only_if_new_data: true, timezone: Europe/Berlin}")
    it.step()
    for _ in range(5):
        it.step(hours=1)
    waiting = [t for t in it.said if t.startswith("Waiting")]
    assert waiting == ["Waiting for the tick of 2026-11-25 02:00:00 CET."]
    it.daemon.stop()
    it.step(seconds=1)
    assert it.said[-1].startswith("The tick of 2026-11-25 06:00:00 CET is left out")


def test_messages_and_recovery(tmp_path):
    told = tmp_path / "told"
    notify = f"notify: {{on: [failed, recovered, pushed], command: 'cat >> {told}; echo $RETRAIN_EVENT >> {told}'}}\n"
    it = Scheduled(tmp_path, "{interval: 1h, retries: {times: 0}}", notify)
    for status, code in (("pushed", 0), ("failed", 1), ("failed", 1), ("nothing_new", 0)):
        it.step(hours=1)
        it.end(status, code)
    it.daemon.finish_telling(20)
    lines = told.read_text().splitlines()
    assert [line for line in lines if line in ("pushed", "failed", "recovered")] == [
        "pushed",
        "failed",
        "failed",
        "recovered",
    ]
    assert "taxi: It failed." in lines


def test_a_message_that_cannot_be_sent_is_recorded(tmp_path):
    it = Scheduled(tmp_path, "{interval: 1h}", "notify: {command: 'echo no >&2; exit 7'}\n")
    it.step(hours=1)
    it.end("blocked", 3)
    it.daemon.finish_telling(20)
    assert "notify.command: blocked was not told (the command ended with 7: no)." in it.daemon.state.history[-1].notes


def test_a_message_says_what_comes_next(tmp_path):
    told = tmp_path / "told"
    it = Scheduled(
        tmp_path, "{interval: 1h, retries: {times: 1, backoff: 5s}}", f"notify: {{command: 'cat >> {told}'}}\n"
    )
    it.step(hours=1)
    it.end("failed", 1)
    it.daemon.finish_telling(20)
    assert "Next: Retry 1 of 1 in 5.0 s: exit code 1 can pass by itself." in told.read_text().splitlines()
    assert it.step(seconds=1).reason == "Retry 1 is due at 2026-11-25 01:00:05 UTC."
    assert not [line for line in it.said if "is due at" in line]


def test_a_message_that_takes_long_holds_no_tick_up(tmp_path):
    it = Scheduled(tmp_path, "{interval: 1h}", "notify: {command: 'sleep 60'}\n")
    it.step(hours=1)
    began = time.monotonic()
    it.end("pushed", 0)
    assert it.step(hours=1).action is Action.START
    it.daemon.finish_telling(0.1)
    assert time.monotonic() - began < 20
    assert it.said[-1] == "notify: a message was not sent within 0 s, and is not sent any more."


def test_a_damaged_state_is_named(nightly):
    (nightly.folder / ".retrain" / "schedule" / "taxi" / "state.json").write_text("{")
    with pytest.raises(UsageError, match="Move it away"):
        nightly.start()


def test_what_is_remembered_stays_bounded(nightly):
    state = nightly.daemon.state
    for number in range(230):
        state.remember(Outcome(at=state.first, trigger="cron", reason="", status="pushed", span=number))
    assert [o.span for o in state.history] == list(range(30, 230))
    for number in range(60):
        state.remember(Outcome(at=state.first, trigger="cron", reason=str(number), status="skipped"))
    assert [o.span for o in state.history if not o.skipped] == list(range(30, 230))
    assert [o.reason for o in state.history if o.skipped] == [str(n) for n in range(10, 60)]

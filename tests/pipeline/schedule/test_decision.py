"""The pure decision, policy by policy."""

import dataclasses
from datetime import datetime, timedelta, timezone

import pytest

from pipeline.schedule.decision import Action, Situation, cut_off, decide, retry_of, set_back, when
from pipeline.schedule.state import Due, Mark, Running, State
from pipeline.schedule.triggers import MOST, Tick
from schemas.schedule import Retries, Schedule

NOW = datetime(2026, 11, 25, 3, 0, 5, tzinfo=timezone.utc)
TICK = datetime(2026, 11, 25, 3, 0, tzinfo=timezone.utc)


def state(**changes):
    return State(**{"first": TICK - timedelta(days=9), **changes})


def due(trigger="cron", **changes):
    return Due(**{"trigger": trigger, "at": TICK, "reason": "Because.", **changes})


def at_work(of=None):
    return Running(due=of or due(), started=TICK - timedelta(hours=1), pid=1)


def cron(**section):
    return Schedule(cron="0 3 * * *", **section)


def on_time(**there):
    return Situation(ticks=(Tick("cron", TICK),), **there)


def late(hours, count=1, **there):
    return Situation(ticks=(Tick("cron", NOW - timedelta(hours=hours), count),), **there)


def test_a_tick_starts_a_run_and_is_dealt_with():
    made = decide(NOW, state(), cron(), on_time())
    assert made.action is Action.START
    assert made.reason == "The tick of 2026-11-25 03:00:00 UTC (cron)."
    assert made.handled == {"cron": TICK}


def test_nothing_due_waits():
    assert decide(NOW, state(), cron(), Situation()).action is Action.WAIT


def test_a_pause_keeps_the_tick():
    made = decide(NOW, state(), cron(), on_time(paused="Paused since noon."))
    assert (made.action, made.reason, made.handled) == (Action.WAIT, "Paused since noon.", {})


def test_missed_ticks_run_once():
    made = decide(NOW, state(), cron(), late(5, count=3))
    assert made.action is Action.START
    assert "(cron), the newest of 3, is made up for by one run" in made.reason


def test_missed_ticks_can_be_left_out():
    made = decide(NOW, state(), cron(missed="skip"), late(5))
    assert made.action is Action.LEAVE_OUT
    assert "missed by 5 h 00 min" in made.reason
    assert made.handled
    # A minute late is no miss.
    assert decide(NOW, state(), cron(missed="skip"), late(1 / 60)).action is Action.START


def test_how_many_were_missed_is_said_by_both_policies():
    made = decide(NOW, state(), cron(missed="skip"), late(5, count=3))
    assert "was missed by 5 h 00 min and is left out, like 2 before it (missed: skip)." in made.reason
    made = decide(NOW, state(), cron(missed="skip"), Situation(ticks=(Tick("cron", TICK, 3),)))
    assert made.action is Action.START
    assert made.reason == "The tick of 2026-11-25 03:00:00 UTC (cron). Left out before it: 2 (missed: skip)."
    made = decide(NOW, state(), cron(), late(5, count=MOST))
    assert "the newest of 100 or more, is made up for by one run (missed: run_once)" in made.reason


def test_a_short_deadline_holds_as_it_is():
    situation = on_time()  # 5 s late
    assert decide(NOW, state(), cron(deadline="5s"), situation).action is Action.START
    assert decide(NOW, state(), cron(deadline="4s"), situation).action is Action.LEAVE_OUT


@pytest.mark.parametrize(("hours", "action"), [(0.9, Action.START), (1.1, Action.LEAVE_OUT)])
def test_the_deadline_of_missed_ticks(hours, action):
    made = decide(NOW, state(), cron(deadline="1h"), late(hours))
    assert made.action is action
    assert ("longer than the deadline of 1 h 00 min" in made.reason) == (action is Action.LEAVE_OUT)


def test_jitter_is_no_miss():
    tick = Tick("cron", NOW - timedelta(hours=1, seconds=60), put_off=timedelta(hours=1))
    made = decide(NOW, state(), cron(missed="skip", jitter="2h"), Situation(ticks=(tick,)))
    assert (made.action, made.reason) == (
        Action.START,
        "The tick of 2026-11-25 01:59:05 UTC (cron, 1 h 00 min of jitter).",
    )
    earlier = dataclasses.replace(tick, put_off=timedelta(minutes=59))
    made = decide(NOW, state(), cron(missed="skip", jitter="2h"), Situation(ticks=(earlier,)))
    assert made.action is Action.LEAVE_OUT


def test_what_comes_is_told_with_its_jitter():
    tick = Tick("cron", TICK, put_off=timedelta(seconds=61))
    assert when(tick, "Europe/Berlin") == "2026-11-25 04:01:01 CET (04:00:00 + 1 min 01 s of jitter)"
    assert when(Tick("cron", TICK), "UTC") == "2026-11-25 03:00:00 UTC"


def test_only_if_new_data():
    policy = cron(only_if_new_data=True)
    made = decide(NOW, state(), policy, on_time())
    assert made.action is Action.LEAVE_OUT
    assert "no new data since the last run" in made.reason
    made = decide(NOW, state(), policy, on_time(arriving=(9,)))
    assert "span 9 is not complete yet" in made.reason
    made = decide(NOW, state(), policy, on_time(fresh=(9,)))
    assert (made.action, made.due.span) == (Action.START, 9)
    # Without a tick, new data start nothing here.
    assert decide(NOW, state(), policy, Situation(fresh=(9,))).action is Action.WAIT


def test_new_data_start_a_run_up_to_the_newest():
    policy = Schedule(on_new_data=True)
    made = decide(NOW, state(), policy, Situation(fresh=(8, 9)))
    assert (made.due.trigger, made.due.span) == ("new_data", 9)
    made = decide(NOW, state(), Schedule(on_new_data=True, backlog="each"), Situation(fresh=(8, 9)))
    assert made.due.span == 8


def test_a_late_span_runs_the_window_that_has_it():
    known = {f"{n}.csv": Mark(span=n, size=1, mtime_ns=1) for n in (6, 8)}
    made = decide(NOW, state(files=known), Schedule(on_new_data=True), Situation(fresh=(7,), about=("Late: span 7.",)))
    assert made.due.span == 8
    assert "Late: span 7." in made.reason


def test_one_run_serves_all_that_want_one():
    made = decide(NOW, state(), cron(on_new_data=True), on_time(fresh=(9,), drift="Drift: fare."))
    assert made.action is Action.START
    assert made.due.span == 9
    assert "New data: span 9." in made.reason
    assert "Drift: fare." in made.reason
    assert "cron" in made.reason


def test_forbid_leaves_ticks_out_and_lets_new_data_wait():
    made = decide(NOW, state(running=at_work()), cron(on_new_data=True), on_time(running=True, fresh=(9,)))
    assert made.action is Action.LEAVE_OUT
    assert "(concurrency: forbid)" in made.reason
    made = decide(NOW, state(running=at_work()), cron(on_new_data=True), Situation(running=True, fresh=(9,)))
    assert made.action is Action.WAIT


def test_queue_keeps_one():
    made = decide(NOW, state(running=at_work()), cron(concurrency="queue"), on_time(running=True))
    assert made.action is Action.QUEUE
    again = decide(NOW, state(running=at_work(), queue=[made.due]), cron(concurrency="queue"), on_time(running=True))
    assert again.action is Action.LEAVE_OUT
    assert "one waits already" in again.reason
    after = decide(NOW, state(queue=[made.due]), cron(concurrency="queue"), Situation())
    assert after.action is Action.START
    assert "It was queued behind the run of" in after.reason


def test_replace_stops_what_is_at_work():
    policy = cron(concurrency="replace", on_new_data=True)
    made = decide(NOW, state(running=at_work()), policy, on_time(running=True))
    assert made.action is Action.REPLACE
    assert decide(NOW, state(running=at_work()), policy, Situation(running=True, fresh=(9,))).action is Action.REPLACE
    stopping = Situation(running=True, stopping=True, fresh=(9,))
    assert decide(NOW, state(running=at_work()), policy, stopping).action is Action.WAIT


@pytest.mark.parametrize("code", [1, 5, -9, 137])
def test_what_can_pass_is_tried_again_with_longer_waits(code):
    policy, waits, now = Retries(times=4, backoff="1m", factor=3, max="5m"), [], NOW
    of, _ = retry_of(now, due(), code, policy)
    while of is not None:
        waits.append((of.at - now).total_seconds())
        now = of.at
        of, told = retry_of(now, of, code, policy)
    assert waits == [60, 180, 300, 300]
    assert told == "No retry any more: 4 of 4 were made."


@pytest.mark.parametrize("code", [0, 2, 3, 4])
def test_what_does_not_pass_is_not_tried_again(code):
    again, told = retry_of(NOW, due(), code, Retries())
    assert again is None
    assert bool(told) == (code != 0)


def test_a_retry_keeps_its_span_and_its_first_reason():
    one, _ = retry_of(NOW, due(span=9, reason="New data: span 9."), 1, Retries())
    two, _ = retry_of(NOW, one, 1, Retries())
    assert (two.span, two.attempt) == (9, 2)
    assert two.reason == "Retry 2 of 3 of the run for: New data: span 9."


def test_a_retry_waits_for_its_time():
    waiting = state(retry=due("retry", at=NOW + timedelta(seconds=30), attempt=1))
    assert decide(NOW, waiting, cron(), Situation()).action is Action.WAIT
    assert decide(NOW + timedelta(seconds=30), waiting, cron(), Situation()).due.attempt == 1


def test_a_run_that_was_cut_off_is_made_up_for_at_once_but_not_for_ever():
    again, told = cut_off(NOW, state(running=at_work(due(span=8))), cron())
    assert (again.trigger, again.at, again.span, again.attempt) == ("restart", NOW, 8, 1)
    assert told == "The scheduler had ended in the middle of the run of 2026-11-25 02:00:00 UTC."
    assert again.reason == "Cut off with the scheduler, and made up for. Again: Because."
    assert cut_off(NOW, state(running=at_work(again)), cron())[0].reason == again.reason
    assert cut_off(NOW, state(), cron()) == (None, "")
    again, told = cut_off(NOW, state(running=at_work(due(attempt=3))), cron(retries=Retries(times=3)))
    assert again is None
    assert told.endswith("It was attempt 4 of the run for: Because. It is not tried again.")


def test_a_clock_that_was_set_back():
    assert set_back(NOW, state(ticks={"cron": NOW + timedelta(days=300)}))
    assert not set_back(NOW, state(ticks={"cron": NOW + timedelta(minutes=5)}))


def test_sentences_have_the_clocks_of_the_schedule_and_spans_as_people_call_them():
    policy = cron(timezone="Europe/Berlin", on_new_data=True)
    made = decide(NOW, state(), policy, on_time(fresh=(20000,), label=lambda n: f"day {n}"))
    assert "The tick of 2026-11-25 04:00:00 CET (cron)." in made.reason
    assert "New data: span day 20000." in made.reason
    waiting = decide(NOW, state(), policy, Situation(arriving=(7,), label=lambda n: f"day {n}"))
    assert waiting.reason == "Span day 7 is arriving and not complete yet."
    made = decide(NOW, state(running=at_work()), policy, on_time(running=True))
    assert made.reason == (
        "The tick of 2026-11-25 04:00:00 CET is left out: the run of 2026-11-25 03:00:00 CET is at work (concurrency: forbid)."
    )

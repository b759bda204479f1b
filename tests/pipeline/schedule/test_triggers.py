"""Ticks on real calendars: time zones, the jumps of the clocks, jitter, many missed ones."""

from datetime import datetime, timedelta, timezone
from itertools import islice

import pytest

from pipeline.schedule.triggers import cron_times, due_tick, next_times, put_off
from schemas.schedule import Schedule

pytest.importorskip("apscheduler")
UTC = timezone.utc


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def first(expression, zone, after, count):
    return [t.strftime("%m-%d %H:%M") for t in islice(cron_times(expression, zone, at(after)), count)]


def test_a_cron_is_on_the_clocks_of_its_zone():
    assert first("0 3 * * *", "Europe/Berlin", "2026-01-10T00:00", 2) == ["01-10 02:00", "01-11 02:00"]
    assert first("0 3 * * *", "Europe/Berlin", "2026-07-10T00:00", 2) == ["07-10 01:00", "07-11 01:00"]
    assert first("0 3 * * *", "Asia/Kolkata", "2026-07-10T00:00", 1) == ["07-10 21:30"]


def test_a_tick_in_the_gap_of_spring_runs_once():
    # Berlin, 2026-03-29: 02:00 CET becomes 03:00 CEST, at 01:00 UTC. 02:30 does not exist; it is due at 03:30 CEST.
    assert first("30 2 * * *", "Europe/Berlin", "2026-03-28T00:00", 3) == ["03-28 01:30", "03-29 01:30", "03-30 00:30"]


def test_two_ticks_that_the_gap_lays_on_each_other_run_once():
    # 02:00 becomes 03:00, which is a tick itself.
    assert first("0 2,3 * * *", "Europe/Berlin", "2026-03-29T00:00", 2) == ["03-29 01:00", "03-30 00:00"]


def test_a_tick_in_the_fold_of_autumn_runs_once():
    # Berlin, 2026-10-25: 03:00 CEST becomes 02:00 CET, at 01:00 UTC. 02:30 is there twice: 00:30 and 01:30 UTC.
    assert first("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00", 2) == ["10-25 00:30", "10-26 01:30"]
    # Not again, also when the scheduler starts between the two.
    assert first("30 2 * * *", "Europe/Berlin", "2026-10-25T00:30", 1) == ["10-26 01:30"]


def test_numbers_of_weekdays_are_those_of_cron():
    # 2026-11-22 is a Sunday. APScheduler itself takes 0 for Monday.
    assert first("0 0 * * 0", "UTC", "2026-11-20T00:00", 1) == ["11-22 00:00"]
    assert first("0 0 * * 1-5", "UTC", "2026-11-21T00:00", 1) == ["11-23 00:00"]


def test_a_day_fits_one_of_both_fields_as_in_cron():
    # The 13th, or a Friday. November 2026: Fridays are 6, 13, 20, 27.
    assert first("0 0 13 * 5", "UTC", "2026-11-07T00:00", 2) == ["11-13 00:00", "11-20 00:00"]
    assert first("0 0 14 * 5", "UTC", "2026-11-07T00:00", 3) == ["11-13 00:00", "11-14 00:00", "11-20 00:00"]


def test_intervals_count_from_the_first_start():
    policy = Schedule(interval="30m")
    start = at("2026-11-25T00:10")
    assert due_tick(policy, "interval", "taxi", start, start, at("2026-11-25T00:39")) is None
    tick = due_tick(policy, "interval", "taxi", start, start, at("2026-11-25T01:50"))
    assert tick.at == at("2026-11-25T01:40")
    assert tick.count == 3


def test_many_missed_ticks_are_one_with_the_newest_time():
    policy = Schedule(cron="* * * * *")
    tick = due_tick(policy, "cron", "taxi", at("2026-01-01"), at("2026-01-01"), at("2026-11-25T12:34:56"))
    assert tick.at == at("2026-11-25T12:34")
    assert tick.count == 100


def test_rare_ticks_are_found_after_years():
    policy = Schedule(cron="0 0 29 2 *")
    tick = due_tick(policy, "cron", "taxi", at("2023-01-01"), at("2023-01-01"), at("2026-11-25"))
    assert tick.at == at("2024-02-29")


def test_jitter_is_the_same_for_a_tick_and_differs_between_pipelines():
    tick = at("2026-11-25T03:00")
    delays = {name: put_off(name, tick, 600) for name in ("a", "b", "c", "d")}
    assert delays == {name: put_off(name, tick, 600) for name in delays}
    assert len(set(delays.values())) == 4
    assert all(timedelta(0) <= d <= timedelta(seconds=600) for d in delays.values())
    policy = Schedule(cron="0 3 * * *", jitter="10m")
    before, after = tick + delays["a"] - timedelta(seconds=1), tick + delays["a"]
    assert due_tick(policy, "cron", "a", tick, at("2026-11-25T00:00"), before) is None
    assert due_tick(policy, "cron", "a", tick, at("2026-11-25T00:00"), after).at == tick
    (coming,) = next_times(policy, "a", tick, {}, at("2026-11-25T00:00"), 1)
    assert (coming.at, coming.starts) == (tick, after)


def test_a_tick_that_was_dealt_with_does_not_come_again_by_jitter():
    tick, now = at("2026-11-25T03:00"), at("2026-11-25T03:00:01")
    policy = Schedule(cron="0 3 * * *", jitter="10m")
    assert next_times(policy, "a", tick, {"cron": tick - timedelta(days=1)}, now, 1)[0].at == tick
    for dealt in ({"cron": tick}, {}):
        (coming,) = next_times(policy, "a", tick, dealt, now, 1)
        assert coming.at == tick + timedelta(days=1)
        assert due_tick(policy, "cron", "a", tick, dealt.get("cron", now), now + timedelta(hours=1)) is None


def test_next_lists_both_triggers_in_order():
    policy = Schedule(cron="0 3 * * *", interval="12h")
    coming = next_times(policy, "taxi", at("2026-11-25T00:00"), {}, at("2026-11-25T00:00"), 4)
    assert [(t.trigger, t.at.hour) for t in coming] == [("cron", 3), ("interval", 12), ("interval", 0), ("cron", 3)]

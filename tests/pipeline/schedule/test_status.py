"""`retrain schedule CONFIG status` and `next`: what a person reads, on the clocks of the schedule."""

from datetime import datetime, timedelta, timezone

import pytest

from pipeline.commands.schedule import schedule_command
from pipeline.lock import LockNote
from pipeline.schedule.state import Due, Outcome, Pause, Running, State
from pipeline.schedule.triggers import Tick
from pipeline.show.schedule import Seen, status
from schemas.config import PipelineConfig
from tests.pipeline.printed import printed

NOON = datetime(2026, 7, 1, 10, 0, tzinfo=timezone.utc)
DATED = "in/{YYYY}-{MM}-{DD}/*.csv"


def seen(state=None, pattern="span-{SPAN}/*.csv", **more):
    section = {"cron": "0 3 * * *", "timezone": "Europe/Berlin"}
    data = {"source": {"csv": pattern}, "label": "y"}
    config = PipelineConfig.model_validate({"name": "taxi", "data": data, "schedule": section})
    values = {"held": LockNote(7, None, None), "pause": None, "coming": [Tick("cron", NOON)], **more}
    return Seen(config, state, **values)


def outcome(minutes, status="pushed", **more):
    values = {"trigger": "cron", "reason": f"Because {minutes}.", "headline": f"It ended at {minutes}.", **more}
    return Outcome(at=NOON + timedelta(minutes=minutes), status=status, **values)


def test_before_the_first_run():
    text = printed(status(seen()))
    assert "at work (process 7)" in text
    assert "next tick  2026-07-01 12:00:00 CEST" in text
    assert "No run has ended yet." in text


def test_runs_are_listed_newest_first_and_ticks_that_were_left_out_are_counted():
    skips = [outcome(n, "skipped", headline="") for n in (5, 6)]
    runs = [outcome(n, span=n, seconds=61.0) for n in range(3)]
    history = [
        *runs,
        outcome(3, "skipped"),
        outcome(4, "not_blessed", trigger="retry", attempt=2, notes=["A note."]),
        *skips,
    ]
    text = printed(status(seen(State(first=NOON, history=history))), 120)
    assert "left out   2 since the newest run ended; the newest: Because 6." in text
    rows = [line for line in text.splitlines() if line.startswith("2026-07-01")]
    assert [r[:24] for r in rows] == [f"2026-07-01 12:0{n}:00 CEST" for n in (4, 2, 1, 0)]
    assert "retry 2" in rows[0]
    assert "not blessed" in rows[0]
    assert "It ended at 4. A note." in rows[0]
    assert "skipped" not in text


def test_spans_of_dated_data_are_days():
    text = printed(status(seen(State(first=NOON, history=[outcome(1, span=20635)]), DATED)))
    assert "2026-07-01" in text.splitlines()[-2]
    assert "20635" not in text


def test_a_run_is_at_work_or_was_cut_off_with_its_scheduler():
    running = Running(due=Due(trigger="cron", at=NOON, reason="Because."), started=NOON, pid=1)
    waiting = Due(trigger="cron", at=NOON, reason="It waits.")
    state = State(first=NOON, running=running, queue=[waiting])
    text = printed(status(seen(state)))
    assert "running    since 2026-07-01 12:00:00 CEST: Because.\n" in text
    assert "waiting    It waits." in text
    text = printed(status(seen(state, held=None)))
    assert "not at work, so nothing starts" in text
    assert "cut off    since 2026-07-01 12:00:00 CEST: Because. It is made up for at the next start." in text


def test_a_pause_and_its_reason():
    text = printed(status(seen(pause=Pause(since=NOON, reason="holiday"))))
    assert "paused     since 2026-07-01 12:00:00 CEST: holiday" in text


@pytest.mark.parametrize(("zone", "columns"), [("UTC", 2), ("Asia/Tokyo", 3)])
def test_next_has_utc_beside_another_zone(tmp_path, capsys, zone, columns):
    pytest.importorskip("apscheduler")
    config = tmp_path / "c.yaml"
    config.write_text(
        "name: taxi\ndata: {source: {csv: 'a/*.csv'}, label: y}\n"
        f"schedule: {{cron: '0 3 * * *', timezone: {zone}, on_new_data: true}}\n"
    )
    assert schedule_command(config, "next", None, [], False, 2, None, [], None, None) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == "also: on new data"
    assert [len(line.split("  ")) for line in lines[:-1]] == [columns, columns]
    assert all("03:00:00" in line.split("  ")[0] and line.endswith("cron") for line in lines[:-1])

"""When ticks are: cron on the clocks of a time zone, and intervals. APScheduler finds the times; the clocks' jumps are dealt with here.

A cron expression is about what a clock on the wall shows. A time that the clock skips in spring is due when it would have been without the
skip (02:30 becomes 03:30), and one that it shows twice in autumn is due the first time: each tick once, never twice, never lost.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

from schemas.cron import RANGES, Cron, parse_cron
from schemas.schedule import Schedule

UTC = timezone.utc
#: More missed ticks than this are not counted.
MOST = 100
#: How far back the newest tick is looked for, in hours: from an hour to the four years between two 29ths of February, and one more.
LOOKS = (1, 24, 24 * 8, 24 * 32, 24 * 366, 24 * 366 * 9)
_NAMES = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")


@dataclass(frozen=True)
class Tick:
    """A tick.

    Attributes:
        trigger: ``cron`` or ``interval``.
        at: when the trigger says, UTC; without jitter.
        count: of one that is due: how many came since the last one that was dealt with, up to `MOST`.
        put_off: by how much jitter puts it off.
    """

    trigger: str
    at: datetime
    count: int = 1
    put_off: timedelta = timedelta(0)

    @property
    def starts(self) -> datetime:
        """When it is due, UTC; with jitter."""
        return self.at + self.put_off


def cron_times(expression: str, zone: str, after: datetime) -> Iterator[datetime]:
    """The instants (UTC) at which an expression fires, after `after`, ascending, each once. Ends when it never fires again."""
    place = ZoneInfo(zone)
    triggers = _wall_triggers(parse_cron(expression))
    # Two hours before: a clock that is put back shows times again that were before `after`.
    wall = after.astimezone(place).replace(tzinfo=UTC) - timedelta(hours=2)
    last = after
    while True:
        found = [t for t in (trigger.get_next_fire_time(None, wall) for trigger in triggers) if t is not None]
        if not found:
            return
        at = min(found)
        wall = at + timedelta(seconds=1)
        instant = at.replace(tzinfo=place, fold=0).astimezone(UTC)
        if instant > last:
            last = instant
            yield instant


def _wall_triggers(cron: Cron) -> list:
    """APScheduler's triggers on a clock that never jumps (UTC stands for it).

    Sets of numbers and names are given, never its own reading of an expression: to it 0 is Monday, and days must fit both fields.
    """
    from apscheduler.triggers.cron import CronTrigger

    def listed(values: tuple[int, ...]) -> str:
        return ",".join(map(str, values))

    def trigger(day: str, week: str) -> CronTrigger:
        return CronTrigger(
            minute=listed(cron.minutes),
            hour=listed(cron.hours),
            month=listed(cron.months),
            day=day,
            day_of_week=week,
            timezone=UTC,
        )

    days, week = listed(cron.days), ",".join(_NAMES[d] for d in cron.weekdays)
    every_day = len(cron.days) == RANGES["day of month"][1]
    if cron.any_day:
        return [trigger(days, "*"), trigger("*", week)]
    return [trigger("*" if every_day else days, "*" if len(cron.weekdays) == 7 else week)]


def interval_times(seconds: float, first: datetime, after: datetime) -> Iterator[datetime]:
    """Multiples of an interval since the first start, after `after`."""
    k = max(1, int((after - first).total_seconds() // seconds))
    while True:
        at = first + timedelta(seconds=k * seconds)
        if at > after:
            yield at
        k += 1


def times(schedule: Schedule, trigger: str, first: datetime, after: datetime) -> Iterator[datetime]:
    """The ticks of one trigger."""
    if trigger == "cron" and schedule.cron:
        return cron_times(schedule.cron, schedule.timezone, after)
    if trigger == "interval" and schedule.interval:
        return interval_times(schedule.interval, first, after)
    return iter(())


def put_off(name: str, at: datetime, jitter: float) -> timedelta:
    """By how much a tick is put off: 0 to `jitter` seconds, whole ones from a minute on; always the same for a pipeline and a tick."""
    digest = hashlib.sha256(f"{name}@{at.astimezone(UTC).isoformat()}".encode()).digest()
    seconds = jitter * int.from_bytes(digest[:8], "big") / 2**64
    return timedelta(seconds=int(seconds) if jitter >= 60 else round(seconds, 3))


def due_tick(
    schedule: Schedule, trigger: str, name: str, first: datetime, after: datetime, now: datetime
) -> Tick | None:
    """The newest tick of a trigger that is due and was not dealt with, with the number of all of them; None when there is none."""

    def due(start: datetime, most: int | None = None) -> list[datetime]:
        found: list[datetime] = []
        for at in times(schedule, trigger, first, start):
            if at > now or len(found) == most:
                break
            if at + put_off(name, at, schedule.jitter) <= now:
                found.append(at)
        return found

    def tick(at: datetime, count: int) -> Tick:
        return Tick(trigger, at, count, put_off(name, at, schedule.jitter))

    some = due(after, MOST)
    if len(some) < MOST:
        return tick(some[-1], len(some)) if some else None
    for hours in LOOKS:
        if recent := due(max(after, now - timedelta(hours=hours))):
            return tick(recent[-1], MOST)
    return tick(some[-1], MOST)


def next_times(
    schedule: Schedule, name: str, first: datetime, dealt: Mapping[str, datetime], now: datetime, count: int
) -> list[Tick]:
    """The next ticks of all triggers, in the order in which they start.

    Args:
        dealt: trigger -> the newest of its ticks that was dealt with; none before `now` for one that is not there. What jitter puts off to
            after `now` is no tick any more when it, or a later one, was dealt with.
    """
    found: list[Tick] = []
    for trigger in ("cron", "interval"):
        after = max(now - timedelta(seconds=schedule.jitter), dealt.get(trigger, now))
        for number, at in enumerate(times(schedule, trigger, first, after)):
            tick = Tick(trigger, at, put_off=put_off(name, at, schedule.jitter))
            if tick.starts > now:
                found.append(tick)
            if number >= 2 * count + 10:
                break
    return sorted(found, key=lambda t: t.starts)[:count]

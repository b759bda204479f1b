"""The five fields of a cron expression, as sets of numbers: the meaning of POSIX crontab and of Debian's cron."""

from __future__ import annotations

from dataclasses import dataclass

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
#: Field -> lowest and highest value. 7 is Sunday too.
RANGES = {"minute": (0, 59), "hour": (0, 23), "day of month": (1, 31), "month": (1, 12), "day of week": (0, 7)}
NAMES = {"month": {n: i + 1 for i, n in enumerate(_MONTHS)}, "day of week": {n: i for i, n in enumerate(_DAYS)}}
SHORTHANDS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


@dataclass(frozen=True)
class Cron:
    """The values at which an expression fires.

    Attributes:
        weekdays: 0 is Sunday.
        any_day: whether a day needs to fit only one of `days` and `weekdays`: so it is where both fields are restricted.
    """

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: tuple[int, ...]
    months: tuple[int, ...]
    weekdays: tuple[int, ...]
    any_day: bool


def parse_cron(text: str) -> Cron:
    """Reads an expression: numbers, names of months and days, ``*``, ranges, lists, steps, and ``@daily`` and its like.

    Raises:
        ValueError: with the field and the rule.
    """
    fields = SHORTHANDS.get(text.strip().lower(), text).split()
    if len(fields) != 5:
        raise ValueError(
            f"must have five fields (minute hour day-of-month month day-of-week), like '0 3 * * *'; got {len(fields)}"
        )
    minutes, hours, days, months, week = (_field(n, f) for n, f in zip(RANGES, fields, strict=True))
    weekdays = tuple(sorted({d % 7 for d in week}))
    if months and not any(d <= _longest(m) for d in days for m in months) and fields[4] == "*":
        raise ValueError(f"no month of {fields[3]} has a day {fields[2]}: it would never fire")
    restricted = not fields[2].startswith("*") and not fields[4].startswith("*")
    return Cron(minutes, hours, days, months, weekdays, restricted)


def _longest(month: int) -> int:
    return 29 if month == 2 else 30 if month in (4, 6, 9, 11) else 31


def _field(name: str, text: str) -> tuple[int, ...]:
    low, high = RANGES[name]
    values: set[int] = set()
    for part in text.split(","):
        body, slash, step = part.partition("/")
        if slash and not (step.isdigit() and int(step) > 0):
            raise ValueError(f"{name}: a step must be a whole number above 0, got {part!r}")
        first, dash, last = body.partition("-")
        if body == "*":
            start, end = low, (6 if name == "day of week" else high)
        else:
            start = _value(name, first, part)
            end = _value(name, last, part) if dash else (high if slash else start)
        if end < start:
            raise ValueError(f"{name}: a range must go upwards, got {part!r}")
        values |= set(range(start, end + 1, int(step) if slash else 1))
    return tuple(sorted(values))


def _value(name: str, text: str, part: str) -> int:
    low, high = RANGES[name]
    known = NAMES.get(name, {}).get(text.lower())
    value = known if known is not None else int(text) if text.isdigit() else -1
    if not low <= value <= high:
        raise ValueError(f"{name}: must be {low} to {high}, got {part!r}")
    return value

"""Moments as cyclic parts: where in the day, the week and the year a moment is, each as a point on a circle.

All in UTC, in whole minutes. The calendar is integer arithmetic and the circles are tables, so that a row gives the same bytes whatever
the batch: vectorised sines differ in the last bit from plain ones.
"""

from __future__ import annotations

import datetime
import math
import re
from typing import Any

#: ISO 8601: a date, or a date and a time with minutes, seconds and fraction as there are, in UTC or with an offset. Groups: year, month,
#: day, hour, minute, second, minus of the offset, its hours, its minutes. For RE2 and `re` alike; "UTC" is how BigQuery writes "Z".
ISO = (
    r"^\s*(\d{4})-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"(?:[Tt ]([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d|60)(?:[.,]\d+)?)?"
    r"\s*(?:[Zz]|UTC|(?:\+|(-))([01]\d|2[0-3])(?::?([0-5]\d))?)?)?\s*$"
)
_ISO_BYTES = re.compile(ISO.encode())
#: Sine and cosine of the time of day, of the day of the week (from Monday) and of the day of the year.
PARTS = ("sin_hour", "cos_hour", "sin_weekday", "cos_weekday", "sin_day", "cos_day")
MINUTES, WEEK, YEAR = 24 * 60, 7, 366
#: The years 1 to 9999, as seconds since 1970.
FIRST_SECOND, LAST_SECOND = -62_135_596_800, 253_402_300_799


def parts(texts: Any) -> Any:
    """Cyclic parts of ISO 8601 texts.

    Args:
        texts: tf.string [rows], see `ISO`; without an offset, UTC.

    Returns:
        float32 [rows, 6], see `PARTS`; six zeros, which are off every circle, where the text is missing or no moment.
    """
    import tensorflow as tf

    matched = tf.strings.regex_full_match(texts, ISO)
    fields = tf.strings.regex_replace(texts, ISO, r"\1,\2,\3,0\4,0\5,\70\8,\70\9", replace_global=False)
    fields = tf.where(matched, fields, tf.constant("0001,01,01,0,0,0,0"))
    numbers = tf.reshape(tf.strings.to_number(tf.strings.split(fields, ",").values, tf.int64), [-1, 7])
    year, month, day, hour, minute, offset_hours, offset_minutes = tf.unstack(numbers, axis=1)
    minutes = _days(year, month, day) * MINUTES + (hour - offset_hours) * 60 + minute - offset_minutes
    long = tf.gather(tf.constant([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], tf.int64), month)
    leap = tf.equal(year % 4, 0) & (tf.not_equal(year % 100, 0) | tf.equal(year % 400, 0)) & tf.equal(month, 2)
    return _parts(minutes, matched & (year > 0) & (day <= long + tf.cast(leap, tf.int64)))


def parts_of_seconds(seconds: Any) -> Any:
    """Cyclic parts of seconds since 1970 (UTC).

    Args:
        seconds: float64 [rows]; NaN is missing.

    Returns:
        as `parts`; zeros also outside the years 1 to 9999.
    """
    import tensorflow as tf

    known = (seconds >= FIRST_SECOND) & (seconds < LAST_SECOND + 1)
    whole = tf.cast(tf.floor(tf.where(known, seconds, tf.constant(0.0, tf.float64))), tf.int64)
    return _parts(tf.math.floordiv(whole, 60), known)


def seconds_of(text: bytes) -> float:
    """Seconds since 1970 (UTC) of an ISO 8601 text, for use without TensorFlow; NaN where it is no moment."""
    found = _ISO_BYTES.match(text)
    if found is None:
        return math.nan
    year, month, day, hour, minute, second, minus, hours, minutes = found.groups(b"0")
    offset = datetime.timedelta(hours=int(hours), minutes=int(minutes))
    try:
        date = datetime.datetime(int(year), int(month), int(day), int(hour), int(minute))
    except ValueError:
        return math.nan
    fraction = re.search(rb"[.,](\d+)", text)
    seconds = int(second) + (float(b"0." + fraction.group(1)) if fraction else 0.0)
    since = date - datetime.datetime(1970, 1, 1)
    return (since + offset if minus == b"-" else since - offset).total_seconds() + seconds


def _parts(minutes: Any, known: Any) -> Any:
    """Parts of int64 minutes since 1970 where `known`, else zeros."""
    import tensorflow as tf

    days = tf.math.floordiv(minutes, MINUTES)
    # 1970-01-01 was a Thursday.
    places = [
        (minutes - days * MINUTES, MINUTES),
        (tf.math.floormod(days + 3, WEEK), WEEK),
        (_day_of_year(days), YEAR),
    ]
    points = [tf.gather(tf.constant(_circle(size), tf.float32), place) for place, size in places]
    return tf.where(known[:, tf.newaxis], tf.concat(points, axis=1), tf.constant(0.0, tf.float32))


def _circle(size: int) -> list[list[float]]:
    """Sine and cosine at that many places; rounded, because the last bits of a sine depend on the machine's library."""
    angles = [2 * math.pi * i / size for i in range(size)]
    return [[round(math.sin(a), 12), round(math.cos(a), 12)] for a in angles]


def _days(year: Any, month: Any, day: Any) -> Any:
    """Days from 1970-01-01 to a date of the Gregorian calendar; int64.

    Years are counted from March, so that leap days come last; 719468 days lie between 0000-03-01 and 1970-01-01.
    """
    import tensorflow as tf

    year = year - tf.cast(month <= 2, tf.int64)
    since_march = tf.math.floormod(month + 9, 12)
    leaps = tf.math.floordiv(year, 4) - tf.math.floordiv(year, 100) + tf.math.floordiv(year, 400)
    return 365 * year + leaps + tf.math.floordiv(153 * since_march + 2, 5) + day - 1 - 719_468


def _day_of_year(days: Any) -> Any:
    """Day of the year, from 0, of days since 1970-01-01; int64."""
    import tensorflow as tf

    one = tf.ones_like(days)
    # Right or one too small: a year is at most 366 days, and 400 years are 146,097.
    year = 1970 + tf.math.floordiv(days * 400 - 400, 146_097)
    year = tf.where(_days(year + 1, one, one) <= days, year + 1, year)
    year = tf.where(_days(year, one, one) > days, year - 1, year)
    return days - _days(year, one, one)

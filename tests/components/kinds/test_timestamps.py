"""Cyclic parts of moments, held against Python's datetime."""

import datetime as dt
import math
import random

import numpy as np
import pytest
import tensorflow as tf

from components.kinds import timestamps

OFF = [0.0] * 6


def expected(moment):
    minute = moment.hour * 60 + moment.minute
    places = [(minute, 1440), (moment.weekday(), 7), (moment.timetuple().tm_yday - 1, 366)]
    return [f(2 * math.pi * place / size) for place, size in places for f in (math.sin, math.cos)]


def moments():
    """All kinds of dates of the years 1 to 9999, and the ends of months and years of leap and other years."""
    rng = random.Random(1)
    found = [dt.datetime(1, 1, 1) + dt.timedelta(minutes=rng.randrange(9998 * 365 * 1440)) for _ in range(20_000)]
    for year in (
        1,
        4,
        100,
        400,
        1582,
        1600,
        1899,
        1900,
        1904,
        1968,
        1969,
        1970,
        1999,
        2000,
        2001,
        2023,
        2024,
        2100,
        9999,
    ):
        days = [(1, 1), (2, 28), (3, 1), (12, 30), (12, 31)]
        found += [dt.datetime(year, m, d, 23, 59) for m, d in days]
    return [*found, dt.datetime(2000, 2, 29), dt.datetime(2024, 2, 29, 12, 30)]


def test_many_dates_against_datetime():
    dates = moments()
    texts = tf.constant([d.isoformat() for d in dates])
    found = timestamps.parts(texts)
    assert found.dtype == tf.float32
    np.testing.assert_allclose(found.numpy(), [expected(d) for d in dates], atol=1e-7)


def test_seconds_say_the_same_also_before_1970():
    dates = moments()
    seconds = [(d - dt.datetime(1970, 1, 1)).total_seconds() for d in dates]
    texts = timestamps.parts(tf.constant([d.isoformat() for d in dates])).numpy()
    for more in (0.0, 59.75):
        found = timestamps.parts_of_seconds(tf.constant(np.array(seconds) + more, tf.float64)).numpy()
        assert (found == texts).all()


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2024-03-01", "2024-03-01T00:00"),
        ("2024-03-01 10:30", "2024-03-01T10:30:00Z"),
        ("2024-03-01T10:30:59.999999Z", "2024-03-01T10:30:00Z"),
        ("2024-03-01T10:30:00,5", "2024-03-01T10:30:00Z"),
        (" 2024-03-01T10:30:00Z\n", "2024-03-01T10:30:00Z"),
        ("2024-03-01 10:30:00 UTC", "2024-03-01T10:30:00Z"),
        ("2024-03-01T01:30:00+05:30", "2024-02-29T20:00:00Z"),
        ("2023-12-31T23:30:00-0130", "2024-01-01T01:00:00Z"),
        ("2024-01-01T00:00:00+01", "2023-12-31T23:00:00Z"),
    ],
)
def test_spellings(text, same):
    found = timestamps.parts(tf.constant([text, same])).numpy()
    assert (found[0] == found[1]).all()
    assert found[0].any()


NO_DATES = (
    "2024-02-30 2023-02-29 1900-02-29 2024-13-01 2024-00-01 2024-01-32 0000-01-01 2024-1-1 20240101 1712000000 soon"
)
NO_TIMES = "2024-01-01T24:00 2024-01-01T10:60 2024-01-01T10 2024-01-01T10:00+25:00"


@pytest.mark.parametrize("text", ["", *NO_DATES.split(), *NO_TIMES.split()])
def test_what_is_no_moment_is_off_every_circle(text):
    assert timestamps.parts(tf.constant([text])).numpy().tolist() == [OFF]


@pytest.mark.parametrize(
    "seconds", [math.nan, math.inf, -math.inf, 1e18, timestamps.LAST_SECOND + 1, timestamps.FIRST_SECOND - 1]
)
def test_seconds_that_are_no_moment(seconds):
    assert timestamps.parts_of_seconds(tf.constant([seconds], tf.float64)).numpy().tolist() == [OFF]


def test_bytes_do_not_depend_on_the_batch_nor_on_the_graph():
    texts = tf.constant([d.isoformat() for d in moments()[:257]] + ["", "x"])
    signature = [tf.TensorSpec([None], tf.string)]
    graph = tf.function(timestamps.parts, input_signature=signature, autograph=False)
    whole = timestamps.parts(texts).numpy()
    single = np.concatenate([graph(texts[i : i + 1]).numpy() for i in range(len(texts))])
    assert whole.tobytes() == graph(texts).numpy().tobytes() == single.tobytes()
    assert graph(texts[:0]).shape == (0, 6)


def test_seconds_without_tensorflow():
    for date in moments()[-99:]:
        expected_seconds = (date - dt.datetime(1970, 1, 1)).total_seconds()
        assert timestamps.seconds_of(date.isoformat().encode()) == expected_seconds
    assert timestamps.seconds_of(b"1970-01-02T01:00:00.25+01:00") == 86_400.25
    assert timestamps.seconds_of(b"1969-12-31 22:30-01:30") == 0
    assert all(math.isnan(timestamps.seconds_of(t.encode())) for t in ["", *NO_DATES.split(), *NO_TIMES.split()])


def test_literal_parts():
    """A change of these changes what every model with a timestamp gets to see."""
    found = timestamps.parts(tf.constant(["2026-07-04T18:00:00Z"])).numpy()[0]  # a Saturday, day 185 of the year
    assert [round(float(v), 6) for v in found] == [-1.0, 0.0, -0.974928, -0.222521, -0.017166, -0.999853]

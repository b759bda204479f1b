"""Cron expressions and durations as a configuration may have them."""

import pytest

from schemas.config import ConfigError, parse_config
from schemas.cron import parse_cron

PLAIN = {"name": "taxi", "data": {"source": {"csv": "span-{SPAN}/*.csv"}, "label": "y"}}


def schedule(**section):
    return parse_config({**PLAIN, "schedule": section}).schedule


def test_fields_become_sets():
    cron = parse_cron("*/20 3,5 1-3 jan-mar mon-fri")
    assert cron.minutes == (0, 20, 40)
    assert cron.hours == (3, 5)
    assert cron.days == (1, 2, 3)
    assert cron.months == (1, 2, 3)
    assert cron.weekdays == (1, 2, 3, 4, 5)
    assert cron.any_day


def test_sunday_is_0_and_7_and_a_star_is_the_whole_week():
    assert parse_cron("0 0 * * 0").weekdays == parse_cron("0 0 * * 7").weekdays == (0,)
    assert parse_cron("0 0 * * *").weekdays == tuple(range(7))
    assert parse_cron("0 0 * * 5-7").weekdays == (0, 5, 6)
    assert not parse_cron("0 0 1 * *").any_day


def test_shorthands():
    assert parse_cron("@daily") == parse_cron("0 0 * * *")


@pytest.mark.parametrize(
    ("expression", "rule"),
    [
        ("0 3 * *", "five fields"),
        ("60 3 * * *", "minute: must be 0 to 59, got '60'"),
        ("0 3 * * funday", "day of week: must be 0 to 7"),
        ("0 9-5 * * *", "hour: a range must go upwards"),
        ("*/0 3 * * *", "minute: a step must be a whole number above 0"),
        ("0 3 31 2 *", "would never fire"),
        ("0 3 30 feb,jun *", None),
    ],
)
def test_mistakes_are_named(expression, rule):
    if rule is None:
        assert parse_cron(expression)
        return
    with pytest.raises(ConfigError) as error:
        schedule(cron=expression)
    assert "schedule.cron" in error.value.problems[0]
    assert rule in error.value.problems[0]


@pytest.mark.parametrize(("text", "seconds"), [("90s", 90), ("30m", 1800), ("1.5h", 5400), ("2d", 172800), (45, 45)])
def test_durations(text, seconds):
    assert schedule(interval=text).interval == seconds


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"interval": "soon"}, "must be a duration like"),
        ({"interval": 0}, "greater than 0"),
        ({"cron": "0 3 * * *", "timezone": "Berlin"}, "IANA"),
        ({"paused": True}, "nothing would ever start"),
        ({"on_new_data": True, "only_if_new_data": True}, "there is neither"),
        ({"cron": "0 3 * * *", "concurency": "queue"}, "Did you mean 'concurrency'?"),
    ],
)
def test_what_cannot_be_meant_is_refused(section, said):
    with pytest.raises(ConfigError) as error:
        schedule(**section)
    assert said in "\n".join(error.value.problems)


def test_short_forms():
    made = schedule(on_new_data=True, on_drift="new/*.csv")
    assert made.on_new_data.settle == 60
    assert made.on_drift.data == "new/*.csv"
    # YAML reads the key `on` as a yes.
    told = parse_config(
        {**PLAIN, "notify": {True: ["failed"], "webhook": "http://localhost/x", "email": "a@b.c"}}
    ).notify
    assert told.on == ["failed"]
    assert told.webhook.url == "http://localhost/x"
    assert told.email.to == ["a@b.c"]


def test_when_runs_start_is_no_part_of_the_recipe():
    secret = {"notify": {"webhook": "https://chat/secret"}, "schedule": {"interval": "1h"}}
    assert parse_config({**PLAIN, **secret}).recipe == parse_config(PLAIN).recipe

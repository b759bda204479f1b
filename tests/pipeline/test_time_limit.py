"""A run that a time limit ended: what it is held against, what is told, and what is proposed."""

import signal
import subprocess

import pytest

from pipeline.diagnosis.diagnose import diagnose
from pipeline.explain import explain
from pipeline.supervise import Limits, Watchdog
from pipeline.time_limit import Overrun, as_setting, compare, evidence, needed, remedy, too_tight
from schemas.run_record import DataFile, Stage, StageState, StageTime, TimeLimit
from tests import factories

TRAINER = "schedule.stage_timeouts.trainer"


def file(size):
    return [DataFile(span=1, path="d/1.csv", bytes=size, sha256="0")]


def done(seconds, size=100, state=StageState.DONE, **changes):
    stages = [Stage(name="ingest", state=state, seconds=1.0), Stage(name="trainer", state=state, seconds=seconds)]
    return factories.pushed(stages=stages, seconds=seconds + 20, files=file(size), **changes)


def limit(**changes):
    return TimeLimit(**{"setting": TRAINER, "seconds": 60.0, "stage": "trainer", "ran": 60.0, **changes})


def test_a_stage_is_held_against_runs_that_really_did_it():
    cached, other = done(0.1, state=StageState.CACHED), factories.blocked(files=file(9))
    past = [cached, other, *(done(n) for n in (30.0, 31.0, 32.0, 33.0, 34.0, 99.0))]
    found = compare(Overrun(TRAINER, 60.0, "trainer", 60.0), done(0.0, size=250), past)
    assert found.earlier == [30.0, 31.0, 32.0, 33.0, 34.0]
    assert (found.growth, found.slower) == (2.5, [])


def test_a_whole_run_is_held_against_whole_runs_and_says_what_got_slower():
    stages = [Stage(name="ingest", state=StageState.DONE, seconds=40.0), Stage(name="trainer", state=StageState.FAILED)]
    run = factories.failed(stages=stages, files=file(100))
    past = [factories.blocked(files=file(100)), done(30.0), done(32.0)]
    found = compare(Overrun("schedule.timeout", 100.0, "trainer", 58.0), run, past)
    assert found.earlier == [50.0, 52.0]
    assert [(s.name, s.usual) for s in found.slower] == [("ingest", 1.0), ("trainer", 31.0)]
    told = evidence(found)
    assert told[0] == "In the 2 newest runs that got through it, a whole run took 50 s to 52 s."
    assert told[1] == "Stage ingest: 40 s, usually 1.0 s."
    assert told[-1] == "It was ended in stage trainer, after 58 s of it."


@pytest.mark.parametrize(
    ("earlier", "growth", "enough", "tight"),
    [
        ([], None, None, True),
        ([29.0, 12.0], None, 58.0, False),
        ([30.0], 1.0, 60.0, False),
        ([31.0], 0.5, 62.0, True),
        ([29.0], 2.0, 116.0, True),
    ],
)
def test_a_limit_is_too_tight_without_room_for_twice_the_longest(earlier, growth, enough, tight):
    found = limit(earlier=earlier, growth=growth)
    assert needed(found) == enough
    assert too_tight(found) is tight


def test_what_is_proposed():
    assert "to 120s, or leave it out until" in remedy(limit())
    assert remedy(limit(earlier=[31.0])) == f"Set {TRAINER} to 62s: twice the longest time."
    assert "to 4m: twice the longest time, and as much more as the data grew." in remedy(
        limit(earlier=[40.0], growth=3.0)
    )
    calm = remedy(limit(earlier=[5.0]), "runs/x/log.txt")
    assert f"{TRAINER} would hold with 10s" in calm
    assert "what stage trainer did last (runs/x/log.txt)" in calm
    slow = limit(setting="schedule.timeout", earlier=[5.0], slower=[StageTime(name="ingest", seconds=50.0, usual=1.0)])
    assert "what stage ingest did last" in remedy(slow)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "1s"), (120.0, "120s"), (121.0, "3m"), (7200.0, "120m"), (7201.0, "2.5h")]
)
def test_durations_as_the_configuration_has_them(seconds, text):
    assert as_setting(seconds) == text


def test_the_verdict_says_stage_limit_what_is_usual_and_what_to_do():
    told = explain(factories.failed(time_limit=limit(earlier=[31.0]), error="Too slow."))
    assert (
        told.headline == f"Failed in stage trainer: it took longer than 1 min 00 s ({TRAINER}); version 2 stays served."
    )
    assert told.why[0] == "In the only earlier run that got through it, stage trainer took 31 s."
    assert told.remedies[0] == f"Set {TRAINER} to 62s: twice the longest time."


def test_why_names_the_limit_and_nothing_else():
    suspicious = [*factories.passes(), factories.FARE_BLOCK]
    run = factories.failed(time_limit=limit(earlier=[31.0]), error="Too slow.", findings=suspicious)
    told = diagnose(run, None)
    assert told.headline == f"Failed: stage trainer took longer than the 1 min 00 s of {TRAINER} (100%)."
    assert told.causes[0].code == "too_slow"
    assert told.causes[0].score > 0.99
    assert told.causes[0].remedy.text == f"Set {TRAINER} to 62s: twice the longest time."


def test_a_limit_with_room_lets_changed_settings_be_named():
    before = factories.pushed()
    config = {**before.config, "train": {**before.config["train"], "epochs": 5000}}
    run = factories.failed(time_limit=limit(earlier=[5.0]), config=config)
    (cause, *_) = diagnose(run, before).causes
    assert any(e.where == "train.epochs" and "is 5000, and was" in e.text for e in cause.evidence)
    tight = factories.failed(time_limit=limit(earlier=[31.0]), config=config)
    assert not any(e.where == "train.epochs" for e in diagnose(tight, before).causes[0].evidence)


@pytest.mark.parametrize("made", [factories.failed, factories.interrupted])
def test_what_ended_a_run_otherwise_is_its_error_not_what_its_data_show(made):
    told = diagnose(made(error="No space left on device.", findings=[factories.FARE_BLOCK]), None)
    assert told.headline in ("Failed: No space left on device.", "Interrupted: No space left on device.")
    assert told.nothing > 0.5


@pytest.mark.parametrize(
    ("limits", "setting", "whole"),
    [(Limits(0.3), "schedule.timeout", True), (Limits(None, {"trainer": 0.3}), TRAINER, False)],
)
def test_the_watchdog_ends_a_process_and_knows_what_was_at_work(limits, setting, whole):
    with subprocess.Popen(["sleep", "60"]) as process:
        dog = Watchdog(limits, process)
        for stage, state in (
            ("ingest", StageState.RUNNING),
            ("ingest", StageState.DONE),
            ("trainer", StageState.RUNNING),
        ):
            dog.stage(stage, state)
        assert process.wait(20) == -signal.SIGKILL
        dog.stop()
    assert (dog.barked.setting, dog.barked.stage, dog.barked.whole) == (setting, "trainer", whole)
    assert 0.2 < dog.barked.ran < 20


def test_a_stage_that_has_ended_in_time_is_left_alone():
    with subprocess.Popen(["sleep", "1"]) as process:
        dog = Watchdog(Limits(None, {"trainer": 0.3}), process)
        dog.stage("trainer", StageState.RUNNING)
        dog.stage("trainer", StageState.DONE)
        assert process.wait(20) == 0
        dog.stop()
    assert dog.barked is None

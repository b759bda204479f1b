"""A run that is killed in the middle of a stage: the next one takes over and ends with all digests of an unbroken run."""

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from components.served import manifest
from pipeline.workspace import Workspace
from tests.e2e.conftest import RETRAIN, ROOT, environment, make_project
from tests.e2e.test_bad_runs import worker_gone

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def make(folder, taxi):
    """A small project whose runs search, train, evaluate and push."""
    project = make_project(folder, taxi, spans=[8])
    text = project.config.read_text(encoding="utf-8").replace("epochs: 50", "epochs: 40\n  tune: {trials: 3}")
    assert "tune:" in text
    project.config.write_text(text, encoding="utf-8")
    return project


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory, taxi):
    """A project after a run that nothing disturbed, and the run."""
    project = make(tmp_path_factory.mktemp("unbroken"), taxi)
    result = project.run("--span", 8)
    assert result.code == 0, result.err
    return project, result


def events(project):
    """(stage, state) of all that the only run has said of its stages."""
    place = Workspace(project.workspace)
    found = []
    for run in place.run_ids():
        path = place.events_path(run)
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        said = [json.loads(line) for line in lines if line.endswith("}")]
        found += [(e["stage"], e["state"]) for e in said if e["kind"] == "stage"]
    return found


def a_trial_is_done(project):
    return list((project.workspace / "tuning").rglob("0001.json"))


def epochs_are_done(project):
    return list((project.workspace / "training" / "taxi").glob("*.npz"))


def rows_are_scored(project):
    return list((project.workspace / "artifacts").glob("taxi/evaluator/*/*/*"))


def half_a_version_is_there(project):
    return list((project.workspace / "serving" / "taxi").glob(".staging-*"))


def the_version_is_there(project):
    return project.versions()


def kill(project, moment):
    """Starts a run and kills all of its processes at a moment; False if on a busy machine that moment passed unseen."""
    words = [*RETRAIN, "run", str(project.config), "--span", "8"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    killed = subprocess.Popen(words, cwd=ROOT, env=environment(), start_new_session=True, **quiet)
    try:
        while not moment(project):
            if killed.poll() is not None:
                return False
            time.sleep(0.0005)
    finally:
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
    assert worker_gone(project)
    return True


def killed_at(folder, taxi, stage, moment):
    """A project whose run was killed then. Pushing takes a few hundredths of a second: when they were missed, once more."""
    for attempt in range(5):
        project = make(folder / f"killed-{attempt}", taxi)
        if kill(project, moment) and events(project)[-1] == (stage, "running"):
            return project
    raise AssertionError("every run was beyond that moment before it could be killed")


def curves(result):
    return [{k: v for k, v in e.items() if k != "seconds"} for e in result.json["training"]["epochs"]]


#: All of them by `make test-faults`, two by `make test`: each takes two runs.
MOMENTS = [
    pytest.param("tuner", a_trial_is_done, marks=pytest.mark.faults),
    ("trainer", epochs_are_done),
    pytest.param("evaluator", rows_are_scored, marks=pytest.mark.faults),
    ("pusher", half_a_version_is_there),
    pytest.param("pusher", the_version_is_there, marks=pytest.mark.faults),
]


@pytest.mark.parametrize(("stage", "moment"), MOMENTS)
def test_the_next_run_ends_as_an_unbroken_one(tmp_path, taxi, unbroken, stage, moment):
    project, (whole, expected) = killed_at(tmp_path, taxi, stage, moment), unbroken
    result = project.run("--span", 8)
    assert result.code == 0, result.err
    found, wanted = result.json, expected.json
    assert set(wanted["digests"]) == {"examples", "transform", "tuning", "weights", "metrics"}
    assert found["digests"] == wanted["digests"]
    assert found["data_digest"] == wanted["data_digest"]
    assert found["tuning"]["values"] == wanted["tuning"]["values"]
    assert curves(result) == curves(expected)
    if stage == "trainer":
        assert found["training"]["resumed"] >= 1
    assert project.versions() == whole.versions() == ["1"]
    served, intended = (manifest(str(p.workspace / "serving" / "taxi" / "1")) for p in (project, whole))
    assert served["digest"] == intended["digest"]
    assert weights(project) == weights(whole)
    assert epochs_are_done(project) == []


def weights(project):
    """Bytes of the served weights."""
    folder = Path(project.workspace / "serving" / "taxi" / "1" / "variables")
    return {p.name: p.read_bytes() for p in folder.iterdir()}

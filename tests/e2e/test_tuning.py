"""Tuning through the command line: killed, taken up again, used again by a later run, and replayed."""

import os
import signal
import subprocess

import pytest

from tests.e2e.conftest import RETRAIN, ROOT, environment, make_project, retrain

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def tuned(tmp_path_factory, taxi):
    """A project that tunes in three trials. Its first run is killed after the first trial; the second one goes on."""
    project = make_project(tmp_path_factory.mktemp("tuned"), taxi, spans=(7, 8, 9))
    text = project.config.read_text(encoding="utf-8").replace("epochs: 50", "epochs: 3\n  tune: {trials: 3}")
    project.config.write_text(text, encoding="utf-8")
    words = [*RETRAIN, "run", str(project.config), "--span", "8"]
    killed = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment())
    for line in killed.stderr:
        if line.startswith("tuner: trial 1 of 3"):
            break
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait()
    result = project.run("--span", 8)
    assert result.code == 0, result.err
    return project, result


def test_a_killed_tuning_goes_on_where_it_was(tuned):
    _, result = tuned
    found = result.json["tuning"]
    assert [t["number"] for t in found["trials"]] == [1, 2, 3]
    assert [f["code"] for f in result.json["findings"] if f["stage"] == "tuner"] == ["tuning"]
    log = (tuned[0].workspace / "runs" / result.json["run_id"] / "log.txt").read_text(errors="replace")
    before_trial_1 = log.partition("tuner: trial 1 of 3")[0]
    assert "Epoch 1/3" not in before_trial_1
    assert log.count("Epoch 1/3") == 3  # two trials, and the training itself


def test_training_takes_the_best_values_and_comes_to_the_same_loss(tuned):
    found, training = tuned[1].json["tuning"], tuned[1].json["training"]
    best = found["trials"][found["best"] - 1]
    assert found["values"] == best["values"]
    assert best["loss"] == min(t["loss"] for t in found["trials"])
    assert training["epochs"][training["best_epoch"] - 1]["val_loss"] == best["loss"]
    assert training["parameters"] == best["parameters"]


def test_an_unbroken_replay_is_identical_and_a_later_run_uses_the_values_again(tuned):
    project, first = tuned
    replayed = retrain("replay", "latest", "--config", project.config, "--json")
    assert replayed.json["identical"] is True
    assert [d["what"] for d in replayed.json["digests"]] == ["examples", "transform", "tuning", "weights", "metrics"]
    later = project.run("--span", 9, "--until", "tuner")
    found = later.json["tuning"]
    assert (found["reused"], found["run"]) == (True, first.json["run_id"])
    assert found["values"] == first.json["tuning"]["values"]
    shown = retrain("show", "latest", "tuning", "--config", project.config)
    assert first.json["run_id"] in shown.out
    assert "as configured" in shown.out

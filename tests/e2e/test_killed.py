"""A run that is killed while it trains: the next one takes over and ends with the digests of an unbroken run."""

import os
import signal
import subprocess
import time

import pytest

from tests.e2e.conftest import RETRAIN, ROOT, environment, make_project

pytestmark = pytest.mark.e2e


def test_the_next_run_goes_on_where_training_was_killed(taxi, tmp_path, pushed):
    project = make_project(tmp_path / "killed", taxi)
    words = [*RETRAIN, "run", str(project.config), "--span", "8"]
    backups = project.workspace / "training" / "taxi"
    killed = subprocess.Popen(
        words, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        while not list(backups.glob("*.npz")):
            assert killed.poll() is None, "the run ended before it could be killed"
            time.sleep(0.01)
    finally:
        os.killpg(killed.pid, signal.SIGKILL)
        killed.wait()
    result = project.run("--span", 8)
    assert result.code == 0, result.err
    assert result.json["training"]["resumed"] >= 1
    assert result.json["digests"] == pushed[1].json["digests"]
    curves = [
        [{k: v for k, v in e.items() if k != "seconds"} for e in r["training"]["epochs"]]
        for r in (result.json, pushed[1].json)
    ]
    assert curves[0] == curves[1]
    assert list(backups.iterdir()) == []

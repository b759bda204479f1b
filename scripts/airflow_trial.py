"""Runs an exported DAG on a real Airflow, 2 and 3, through to the verdict: `make test-airflow`. Each version has an environment of its own.

python scripts/airflow_trial.py [--environments DIR] [VERSION ...]

Per version: the file is parsed without import errors, listed, and run twice by `airflow dags test`: on good data, whose model is pushed,
and on a span that is read like any other but has lost values, which must fail in `require_ok` without a retry and name the column. No task
after it runs but `verdict`, and nothing is pushed.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable

from trial_environment import environment

ROOT = Path(__file__).resolve().parent.parent
#: Release -> the Python that its environment gets. Releases that were seen to work. 3.0 does not with the web framework of today (FastAPI).
VERSIONS = {"2.10.5": "3.11", "3.3.2": "3.12"}
STAGES = ("ingest", "require_ok", "trainer", "judge_model", "pusher")
LOST = "payment_type"
#: After the task that stops the run, all but the last.
AFTER = ("transform", "trainer", "evaluator", "judge_model", "pusher")


def installed(version: str, folder: Path) -> Path:
    """The folder with Airflow's programs."""
    return environment(folder / f"airflow-{version}", VERSIONS[version], "airflow", f"apache-airflow=={version}")


def make_project(folder: Path) -> Path:
    """The taxi example with two good spans; gives its configuration."""
    subprocess.run([sys.executable, "-m", "data.taxi", "--output", str(folder / "all")], check=True, cwd=ROOT)
    for number in (7, 8):
        shutil.copytree(folder / "all" / f"span-{number}", folder / "data" / f"span-{number}")
    text = (ROOT / "examples" / "taxi.yaml").read_text(encoding="utf-8")
    text = text.replace("../data/taxi/", "data/").replace("../schemas/", f"{ROOT}/schemas/")
    (folder / "taxi.yaml").write_text(text, encoding="utf-8")
    return folder / "taxi.yaml"


def add_span(folder: Path, change: Callable[[int, dict[str, str]], dict[str, str]]) -> None:
    """Adds span 9: the rows of span 8, each as `change` makes it of its number and itself."""
    (source,) = (folder / "data" / "span-8").glob("*.csv")
    (folder / "data" / "span-9").mkdir()
    with open(source, newline="", encoding="utf-8") as old:
        rows = [change(number, row) for number, row in enumerate(csv.DictReader(old))]
    with open(folder / "data" / "span-9" / "trips.csv", "w", newline="", encoding="utf-8") as new:
        writer = csv.DictWriter(new, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def without_lost(number: int, row: dict[str, str]) -> dict[str, str]:
    """Two of three rows lost a value, as when a join goes wrong."""
    return {**row, LOST: ""} if number % 3 else row


class Trial:
    """One version of Airflow with a home, a project and an exported DAG of its own."""

    def __init__(self, version: str, programs: Path, folder: Path):
        self.folder, self._programs, self._version = folder, programs, version
        self.config = make_project(folder)
        dags = folder / "dags"
        wrapper = folder / "retrain"
        call = f'PYTHONPATH={shlex.quote(str(ROOT))} exec {shlex.quote(sys.executable)} -m pipeline.cli "$@"'
        wrapper.write_text(f"#!/bin/sh\n{call}\n", encoding="utf-8")
        wrapper.chmod(0o755)
        words = ["--to", "airflow", "--command", str(wrapper), "--cron", "0 3 * * *", "--timezone", "Europe/Berlin"]
        self.retrain("export", str(self.config), *words, "-o", str(dags))
        self._environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("PYTHON")},
            "AIRFLOW_HOME": str(folder / "home"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "PATH": f"{programs}:{os.environ['PATH']}",
        }
        self.airflow("db", "migrate")
        self.airflow("dags", "reserialize")

    def retrain(self, *words: str) -> str:
        """Our command, of this source."""
        command = [sys.executable, "-m", "pipeline.cli", *words]
        environment_ = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environment_).stdout

    def airflow(self, *words: str, fails: bool = False) -> str:
        """Airflow's command; gives all that it printed."""
        done = subprocess.run(
            [str(self._programs / "airflow"), *words],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=3600,
        )
        (self.folder / f"{'-'.join(words[:2])}.log").write_text(done.stdout, encoding="utf-8")
        if done.returncode and not fails:
            raise SystemExit(
                f"airflow {' '.join(words)} ended with exit code {done.returncode}:\n{done.stdout[-6000:]}"
            )
        return done.stdout

    def tasks(self) -> dict[str, str]:
        """Task -> its state in the newest run, as Airflow shows them."""
        dag = "retrain-taxi"
        runs = json.loads(self._table("dags", "list-runs", *([dag] if self._version[0] == "3" else ["-d", dag])))
        newest = max(runs, key=lambda r: str(r.get("start_date")))["run_id"]
        states = json.loads(self._table("tasks", "states-for-dag-run", dag, newest))
        return {t["task_id"]: t["state"] for t in states}

    def _table(self, *words: str) -> str:
        """A command's table as JSON, without what is logged before it."""
        printed = self.airflow(*words, "--output", "json")
        return next(line for line in reversed(printed.splitlines()) if line.startswith("["))

    def versions(self) -> list[str]:
        """The versions that were pushed."""
        return sorted(p.name for p in (self.folder / ".retrain" / "serving" / "taxi").iterdir() if p.name.isdigit())

    def latest(self) -> dict[str, Any]:
        """The record of the newest run."""
        shown = self.retrain("show", "latest", "--config", str(self.config), "--json")
        found: dict[str, Any] = json.loads(shown)
        return found


def expect(holds: bool, what: str, output: str = "") -> None:
    """Says what holds, and ends with what does not."""
    if not holds:
        raise SystemExit(f"NOT: {what}\n{output[-6000:]}")
    print(f"  {what}", flush=True)


def try_version(version: str, environments: Path) -> None:
    """All of it, on one version."""
    programs = installed(version, environments)
    began = time.monotonic()
    print(f"Airflow {version}", flush=True)
    with tempfile.TemporaryDirectory(prefix="retrain-airflow-") as name:
        trial = Trial(version, programs, Path(name))
        errors = trial.airflow("dags", "list-import-errors")
        expect("No data found" in errors, "parsed without import errors", errors)
        expect("retrain-taxi" in trial.airflow("dags", "list"), "listed")
        output = trial.airflow("dags", "test", "retrain-taxi")
        run = trial.latest()
        expect(run["status"] == "pushed", f"run to the verdict: {run['explanation']['headline']}", output)
        states = {s["name"]: s["state"] for s in run["stages"]}
        expect(all(states[s] == "done" for s in STAGES), "each stage was done once, by its own task", output)
        add_span(trial.folder, without_lost)
        output = trial.airflow("dags", "test", "retrain-taxi", fails=True)
        run = trial.latest()
        expect(run["status"] == "blocked", f"bad data end blocked: {run['explanation']['headline']}", output)
        expect(
            "AirflowFailException" in output and LOST in output, "the task fails without a retry, and says why", output
        )
        states = {s["name"]: s["state"] for s in run["stages"]}
        read = states["ingest"] == states["inspect_data"] == "done" and states["require_ok"] == "blocked"
        expect(
            read and states["transform"] == "pending",
            "the data were read and checked, and stopped by require_ok",
            str(states),
        )
        tasks = trial.tasks()
        stopped = tasks["require_ok"] == "failed" and all(tasks[t] == "upstream_failed" for t in AFTER)
        expect(
            stopped and tasks["verdict"] == "failed",
            "Airflow shows require_ok failed, what is after it upstream_failed",
            str(tasks),
        )
        expect(trial.versions() == ["1"], "nothing was pushed", str(trial.versions()))
    print(f"  {time.monotonic() - began:.0f} s", flush=True)


def main() -> None:
    """Tries the versions that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environments", type=Path, default=ROOT / ".cache")
    parser.add_argument("versions", nargs="*", default=list(VERSIONS))
    given = parser.parse_args()
    for version in given.versions:
        try_version(version, given.environments)


if __name__ == "__main__":
    main()

"""Exports runs to real MLflow servers, 2 and 3, and reads them back with MLflow's own client: `make test-mlflow`. Each version has an
environment of its own.

    python scripts/mlflow_trial.py [--environments DIR] [VERSION ...]

Per version: a server with a database, one that keeps runs in files where the version has it. A pushed run and one that was blocked are
exported twice each: the second time nothing is doubled.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Iterator

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from trial_environment import environment  # noqa: E402

from tests import factories  # noqa: E402

#: Releases that were seen to work -> the kinds of store that they are tried with.
VERSIONS = {"2.22.1": ("database", "files"), "3.17.2": ("database",)}
PORT_TIME = 120.0
READ = """
import json, sys
from mlflow.tracking import MlflowClient
client = MlflowClient(sys.argv[1])
out = {}
for run in client.search_runs([client.get_experiment_by_name("taxi").experiment_id]):
    name = run.data.tags["retrain.run_id"]
    assert name not in out, "doubled"
    history = {k: [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, k)] for k in run.data.metrics}
    files = {f.path: f.file_size for f in client.list_artifacts(run.info.run_id)}
    out[name] = {"status": run.info.status, "name": run.info.run_name, "params": run.data.params, "tags": run.data.tags,
                 "history": history, "files": files}
print(json.dumps(out))
"""


def installed(version: str, folder: Path) -> Path:
    """The folder with MLflow's programs. MLflow 2 imports pkg_resources."""
    packages = (f"mlflow=={version}", "setuptools<81")
    return environment(folder / f"mlflow-{version}", sys.executable, "mlflow", *packages)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


@contextmanager
def server(programs: Path, folder: Path, store: str) -> Iterator[str]:
    """A server with nothing in it; gives its address."""
    folder.mkdir()
    port = free_port()
    keeps = f"sqlite:///{folder}/mlflow.db" if store == "database" else str(folder / "runs")
    words = ["server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1", "--backend-store-uri", keeps]
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    environ["PATH"] = f"{programs}:{environ['PATH']}"
    with open(folder / "log.txt", "w", encoding="utf-8") as log:
        command = [str(programs / "mlflow"), *words, "--artifacts-destination", str(folder / "artifacts")]
        # MLflow 2 starts gunicorn, and ends without it: all of them are in a session of their own.
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environ, cwd=folder, start_new_session=True)
        try:
            address = f"http://127.0.0.1:{port}"
            wait_for(address, process, folder / "log.txt")
            yield address
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


def wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Returns when the server answers."""
    until = time.monotonic() + PORT_TIME
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5):
                return
        except OSError:
            time.sleep(0.5)
    raise SystemExit(f"the server does not answer:\n{log.read_text(encoding='utf-8')[-6000:]}")


def make_workspace(folder: Path) -> list[str]:
    """A workspace with a pushed run and one that was blocked; gives their ids."""
    runs = [factories.pushed(), factories.blocked(run_id="20261125-043140-s9-4fa2")]
    for record in runs:
        path = folder / "runs" / record.run_id / "run.json"
        path.parent.mkdir(parents=True)
        path.write_text(record.model_dump_json(), encoding="utf-8")
    return [r.run_id for r in runs]


def export(run: str, workspace: Path, address: str) -> dict[str, Any]:
    """Our command, of this source."""
    words = ["export-run", run, "--to", "mlflow", "--uri", address, "--workspace", str(workspace), "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *words],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def read(programs: Path, address: str) -> dict[str, Any]:
    """What MLflow's own client sees there."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    environ["MLFLOW_TRACKING_URI"] = address  # MLflow 2 asks the variable where the files are.
    command = [str(programs / "python"), "-c", READ, address]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environ)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def expect(holds: bool, what: str, seen: object = "") -> None:
    """Says what holds, and ends with what does not."""
    if not holds:
        raise SystemExit(f"NOT: {what}\n{seen}")
    print(f"  {what}", flush=True)


def try_server(programs: Path, folder: Path, address: str) -> None:
    """All of it, on one server."""
    pushed, blocked = make_workspace(folder)
    first = [export(run, folder, address) for run in (pushed, blocked)]
    seen = read(programs, address)
    expect(set(seen) == {pushed, blocked}, "both runs are there, once each", seen)
    expect(all(f["created"] and not f["note"] for f in first), "they were created, with their files", first)
    good, bad = seen[pushed], seen[blocked]
    expect((good["status"], bad["status"]) == ("FINISHED", "FAILED"), "one finished, one failed", seen)
    expect(good["params"]["train.early_stopping.patience"] == "5", "parameters", good["params"])
    steps = [step for step, _ in good["history"]["train/val_loss"]]
    expect(sorted(steps) == list(range(1, 15)), "metrics with their epochs as steps", good["history"])
    expect("test/auc" in good["history"] and "test/auc_low" in good["history"], "metrics of test with intervals")
    expect("mlflow.note.content" in bad["tags"] and bad["tags"]["retrain.status"] == "blocked", "tags", bad["tags"])
    expect(good["files"].keys() >= {"report.html", "config.json"}, "files", good["files"])
    expect(good["files"]["report.html"] > 10_000, "the report is whole", good["files"])
    again = [export(run, folder, address) for run in (pushed, blocked)]
    same = all(a["run_id"] == f["run_id"] and not a["created"] and not a["points"] for a, f in zip(again, first))
    expect(same, "exported again: the same runs, and no new values", again)
    after = read(programs, address)
    expect(after == seen, "nothing is doubled", after)


def main() -> None:
    """Tries the versions that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environments", type=Path, default=ROOT / ".cache")
    parser.add_argument("versions", nargs="*", default=list(VERSIONS))
    given = parser.parse_args()
    for version in given.versions:
        programs = installed(version, given.environments)
        for store in VERSIONS.get(version, ("database",)):
            began = time.monotonic()
            print(f"MLflow {version}, {store}", flush=True)
            with tempfile.TemporaryDirectory(prefix="retrain-mlflow-") as name, server(
                programs, Path(name) / "server", store
            ) as address:
                try_server(programs, Path(name), address)
            print(f"  {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()

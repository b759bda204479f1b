"""Validates an exported pipeline with the Kubeflow Pipelines SDK, and plays it through without a cluster: `make test-kubeflow`.

    python scripts/kubeflow_trial.py [--environments DIR] [VERSION ...]

Per version of the SDK, in an environment of its own: the file is loaded, and compiled again as a part of another pipeline. Then each task's
own command is run with the inputs that KFP's launcher would give it, in the order of their dependencies, and nothing after one that
failed: on good data, whose model is pushed, and on a span with 40 % of a column empty, where the pipeline ends at the gate.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict

from airflow_trial import add_span, expect, make_project
from trial_environment import ROOT, environment

sys.path.insert(0, str(ROOT))

import yaml

#: Release -> the Python that its environment gets. Releases that were seen to work.
VERSIONS = {"2.17.3": "3.12"}
#: Run by the SDK's Python: loads the file, uses it in another pipeline, compiles that and loads it again.
LOAD = """
import sys
from kfp import compiler, components, dsl
exported = components.load_component_from_file(sys.argv[1])
@dsl.pipeline(name="around")
def around():
    exported()
compiler.Compiler().compile(around, sys.argv[2])
components.load_component_from_file(sys.argv[2])
print(*sorted(exported.pipeline_spec.root.dag.tasks))
"""
AFTER_THE_GATE = ("transform", "trainer", "evaluator", "judge_model", "pusher")
Json = Dict[str, Any]


class Played:
    """A specification, and its tasks as they were run.

    Attributes:
        states: task -> done, failed or, when one before it failed, skipped.
        said: the end of what the failed task printed.
    """

    def __init__(self, specification: Json, folder: Path):
        self._tasks: Json = specification["root"]["dag"]["tasks"]
        self._components: Json = specification["components"]
        self._executors: Json = specification["deploymentSpec"]["executors"]
        self._folder = folder
        self._made: dict[str, Json] = {}
        self.states: dict[str, str] = {}
        self.said = ""

    def play(self) -> None:
        """Runs task after task, each when those before it have ended."""
        waiting = dict(self._tasks)
        while waiting:
            name = next(n for n, t in waiting.items() if set(t.get("dependentTasks", ())) <= set(self.states))
            before = {self.states[n] for n in waiting.pop(name).get("dependentTasks", ())}
            self.states[name] = self._run(name) if before <= {"done"} else "skipped"

    def _run(self, name: str) -> str:
        component = self._components[self._tasks[name]["componentRef"]["name"]]
        executor = self._executors[component["executorLabel"]]
        if "importer" in executor:
            self._made[name] = _imported(name, component, executor["importer"])
            return "done"
        given = self._input(name, component)
        container, place = executor["container"], json.dumps(given)
        words = [place if w == "{{$}}" else w for w in container["args"]]
        command = [sys.executable, *container["command"][1:], *words]
        said = {v["name"]: v["value"] for v in container.get("env", [])}
        environ = {**os.environ, "PYTHONPATH": str(ROOT), **said}
        log = self._folder / f"{name}.log"
        with log.open("w", encoding="utf-8") as file:
            code = subprocess.run(command, env=environ, stdout=file, stderr=file, check=False).returncode
        if code:
            self.said = log.read_text(encoding="utf-8", errors="replace")[-6000:]
            return "failed"
        output = json.loads(Path(given["outputs"]["outputFile"]).read_text(encoding="utf-8"))
        self._made[name] = {
            key: {"artifacts": [{**planned["artifacts"][0], **made} for made in output["artifacts"][key]["artifacts"]]}
            for key, planned in given["outputs"]["artifacts"].items()
            if key in output.get("artifacts", {})
        }
        return "done"

    def _input(self, name: str, component: Json) -> Json:
        """What the launcher puts in the place of ``{{$}}``: an ExecutorInput."""
        task, place = self._tasks[name], self._folder / name
        artifacts = {k: self._source(v) for k, v in task.get("inputs", {}).get("artifacts", {}).items()}
        constants = task.get("inputs", {}).get("parameters", {})
        outputs = {
            key: {"artifacts": [{"name": f"{name}-{key}", "uri": str(place / key), "type": kind["artifactType"]}]}
            for key, kind in component.get("outputDefinitions", {}).get("artifacts", {}).items()
        }
        return {
            "inputs": {
                "artifacts": {k: v for k, v in artifacts.items() if v},
                "parameterValues": {k: v["runtimeValue"]["constant"] for k, v in constants.items()},
            },
            "outputs": {"artifacts": outputs, "outputFile": str(place / "executor_output.json")},
        }

    def _source(self, value: Json) -> Json:
        origin = value["taskOutputArtifact"]
        found: Json = self._made[origin["producerTask"]][origin["outputArtifactKey"]]
        return found


def _imported(name: str, component: Json, importer: Json) -> Json:
    """What an importer gives: the artifact that is there, with what the specification says of it."""
    (key,) = component["outputDefinitions"]["artifacts"]
    artifact = {"name": name, "uri": importer["artifactUri"]["constant"], "type": importer["typeSchema"]}
    return {key: {"artifacts": [{**artifact, "metadata": importer.get("metadata", {})}]}}


def exported(config: Path, folder: Path) -> Path:
    """Exports; gives the file."""
    command = [sys.executable, "-m", "pipeline.cli", "export", str(config), "--to", "kubeflow", "-o", str(folder)]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([*command, "--image", "registry.example/retrain:1"], check=True, env=environ, capture_output=True)
    return folder / "retrain-taxi.yaml"


def try_sdk(version: str, environments: Path, file: Path) -> None:
    """Loads and compiles with one version of the SDK."""
    programs = environment(environments / f"kfp-{version}", VERSIONS[version], "kfp", f"kfp=={version}")
    again = file.with_name(f"around-{version}.yaml")
    command = [str(programs / "python"), "-c", LOAD, str(file), str(again)]
    environ = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environ)
    expect(done.returncode == 0, f"KFP SDK {version} loads it, and compiles it into another pipeline", done.stderr)
    tasks = yaml.safe_load(file.read_text(encoding="utf-8"))["root"]["dag"]["tasks"]
    expect(done.stdout.split() == sorted(tasks), f"with all of its {len(tasks)} tasks", done.stdout)


def played(file: Path, folder: Path) -> Played:
    """Plays a file through."""
    folder.mkdir()
    made = Played(yaml.safe_load(file.read_text(encoding="utf-8")), folder)
    made.play()
    return made


def in_state(found: Played, state: str) -> list[str]:
    """Tasks that ended so."""
    return sorted(n for n, s in found.states.items() if s == state)


def main() -> None:
    """Tries the versions that are asked for, and plays both pipelines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--environments", type=Path, default=ROOT / ".cache")
    parser.add_argument("versions", nargs="*", default=list(VERSIONS))
    given = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="retrain-kubeflow-") as name:
        config = make_project(Path(name))
        good = exported(config, Path(name) / "good")
        for version in given.versions:
            try_sdk(version, given.environments, good)
        found = played(good, Path(name) / "played-good")
        expect(in_state(found, "done") == sorted(found.states), "each task's own command ran to its end", found.said)
        served = Path(name) / ".retrain" / "serving" / "taxi" / "1" / "saved_model.pb"
        expect(served.exists(), "its model was pushed, as version 1")
        add_span(Path(name), lambda n, row: {**row, "fare": row["fare"] if n % 5 > 1 else ""})
        found = played(exported(config, Path(name) / "bad"), Path(name) / "played-bad")
        expect(in_state(found, "failed") == ["require_ok"], "with 40 % of a column empty, the gate fails", found.said)
        expect(
            set(AFTER_THE_GATE) <= set(in_state(found, "skipped")), "and nothing after it has anything to start with"
        )
        expect([p.name for p in served.parent.parent.iterdir()] == ["1"], "version 1 stays served")
    print(f"  {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()

"""Real runs through the command line, as a user makes them. One pushed taxi run is shared by all tests that look at one."""

import csv
import json
import os
import random
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from data.taxi import build

ROOT = Path(__file__).parents[2]
RETRAIN = [sys.executable, "-m", "pipeline.cli"]


@dataclass
class Result:
    """What a command left: exit code and both outputs."""

    code: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)

    @property
    def flagged(self):
        """Code, subject and severity of all findings but passes, sorted."""
        return sorted((f["code"], f["subject"], f["severity"]) for f in self.json["findings"] if f["severity"] != "ok")

    @property
    def states(self):
        """Stage -> how it ended."""
        return {s["name"]: s["state"] for s in self.json["stages"]}

    def artifact(self, stage, output):
        """The folder of a stage's output."""
        return Path(next(s for s in self.json["stages"] if s["name"] == stage)["artifacts"][output])

    def values(self, split, column):
        """A column of a split's examples as `ingest` left them."""
        from components.examples import read_flat, split_files

        files = split_files(str(self.artifact("ingest", "examples")), split)
        batches = [b for file in files for b in read_flat(file)]
        return [v for b in batches for v in b.column(b.schema.get_field_index(column)).to_pylist()]

    def learned(self, feature):
        """What Transform learned about a feature."""
        return next(f for f in self.json["learned"] if f["name"] == feature)


def environment():
    return {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}


def retrain(*words, cwd=None):
    """Runs the command to its end."""
    done = subprocess.run(
        [*RETRAIN, *map(str, words)], capture_output=True, text=True, cwd=cwd or ROOT, env=environment(), check=False
    )
    return Result(done.returncode, done.stdout, done.stderr)


def read_rows(path):
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_rows(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@dataclass
class Project:
    """A folder with a configuration, data and a workspace, as a user has it."""

    folder: Path

    @property
    def config(self):
        return self.folder / "taxi.yaml"

    @property
    def workspace(self):
        return self.folder / ".retrain"

    def span(self, number):
        return self.folder / "data" / f"span-{number}" / "trips.csv"

    def run(self, *words):
        return retrain("run", self.config, "--json", *words)

    def versions(self):
        folder = self.workspace / "serving" / "taxi"
        return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


def make_project(folder, taxi, spans=range(5, 9)):
    """A project with the taxi example's configuration and some spans."""
    text = (ROOT / "examples" / "taxi.yaml").read_text(encoding="utf-8")
    text = text.replace("../data/taxi/", "data/").replace("../schemas/", f"{ROOT}/schemas/")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "taxi.yaml").write_text(text, encoding="utf-8")
    for number in spans:
        target = folder / "data" / f"span-{number}"
        shutil.copytree(taxi / f"span-{number}", target)
    return Project(folder)


@pytest.fixture(scope="session")
def taxi(tmp_path_factory):
    """All spans of the taxi data."""
    folder = tmp_path_factory.mktemp("source") / "taxi"
    build(folder)
    return folder


@pytest.fixture(scope="session")
def pushed(tmp_path_factory, taxi):
    """A project after one good run of span 8, and that run's record. Tests only read it."""
    project = make_project(tmp_path_factory.mktemp("pushed"), taxi)
    result = project.run("--span", 8)
    assert result.code == 0, result.err
    return project, result


@pytest.fixture
def champion(tmp_path, pushed):
    """A copy of the pushed project, to be changed."""
    folder = tmp_path / "project"
    shutil.copytree(pushed[0].folder, folder)
    return Project(folder)


def shuffled(rows, seed):
    """The same rows in another order."""
    rows = list(rows)
    random.Random(seed).shuffle(rows)
    return rows


def is_identical(folder):
    """Whether a replay of the latest run of `retrain.yaml` reaches all four digests again."""
    result = retrain("replay", "latest", "--json", cwd=folder)
    assert result.code == 0, result.err
    assert [d["what"] for d in result.json["digests"]] == ["examples", "transform", "weights", "metrics"]
    return result.json["identical"]

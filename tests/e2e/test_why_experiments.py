"""`retrain why --experiments` on real retrains of a small table, and the remedy taken over."""

import hashlib
import random

import pytest

from pipeline.commands.experiments import experiment
from pipeline.diagnosis import planning
from pipeline.diagnosis.lookup import diagnose_in, earlier_runs
from pipeline.diagnosis.reference import reference_of
from pipeline.workspace import Workspace
from tests.e2e.conftest import retrain, write_rows

pytestmark = pytest.mark.e2e

CONFIG = """
name: small
data:
  source: {csv: "data/span-{SPAN}/*.csv"}
  window: {last_spans: 2}
  label: ill
train: {model: {mlp: {hidden: [16]}}, epochs: 10, batch_size: 32, learning_rate: 0.01, seed: 7}
evaluate:
  metrics: [auc, accuracy]
  gates: {metric_floor: {auc: 0.7}, no_regression: {metric: auc}}
"""


def rows(number):
    """A span: three features, and a label that depends on two of them in one way or the other."""
    draw = random.Random(number)
    for _ in range(500):
        a, b, c = (draw.gauss(0, 1) for _ in range(3))
        ill = int(a * b + 0.3 * draw.gauss(0, 1) > 0)
        yield {"a": f"{a:.5f}", "b": f"{b:.5f}", "c": f"{c:.5f}", "ill": str(ill)}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A champion, and a retrain on the next span whose learning rate somebody has made far too small."""
    folder = tmp_path_factory.mktemp("why")
    for number in (1, 2):
        write_rows(folder / "data" / f"span-{number}" / "rows.csv", list(rows(number)))
    config = folder / "retrain.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    assert retrain("run", config, "--span", 1).code == 0
    config.write_text(CONFIG.replace("learning_rate: 0.01", "learning_rate: 0.00001"), encoding="utf-8")
    assert retrain("run", config, "--span", 2).code == 4
    return folder


def everything(folder):
    """Digest of every file of the workspace and of the data, but those of experiments and locks."""
    files = (p for p in folder.rglob("*") if p.is_file() and p.name != "experiments.json" and "locks" not in p.parts)
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_experiments_tell_settings_from_data_and_change_nothing(project):
    config, before = project / "retrain.yaml", everything(project)
    plain = retrain("why", "latest", "--config", config, "--json").json
    told = retrain("why", "latest", "--config", config, "--experiments", 2, "--json")
    assert told.code == 0, told.err
    proofs = told.json["proofs"]
    assert 1 <= len(proofs) <= 2
    assert "restored" in {p["effect"] for p in proofs} or "unchanged" in {p["effect"] for p in proofs}, proofs
    assert told.json["causes"][0]["code"] == "learning_rate_low"
    assert told.json["causes"][0]["score"] >= plain["causes"][0]["score"]
    assert everything(project) == before
    assert not list((project / ".retrain" / "experiments").iterdir())
    # The proof stays with the diagnosis.
    assert retrain("why", "latest", "--config", config, "--json").json == told.json
    assert "Experiments" in retrain("why", "latest", "--config", config).out


@pytest.fixture
def spoiled(tmp_path):
    """A champion, and a retrain on a span with 30 values far out that was let through, and did worse."""
    draw = random.Random(0)
    for number in (1, 2):
        span = list(rows(number))
        for row in draw.sample(span, 30 if number == 2 else 0):
            row["a"] = f"{1000 * float(row['a']):.5f}"
        write_rows(tmp_path / "data" / f"span-{number}" / "rows.csv", span)
    config = tmp_path / "retrain.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    assert retrain("run", config, "--span", 1).code == 0
    accepted = (w for c in ("outliers", "constant_fill", "numeric_drift") for w in ("--accept", c))
    assert retrain("run", config, "--span", 2, *accepted, "--reason", "a try").code == 4
    return tmp_path


def test_without_the_rows_that_are_suspected_the_model_is_as_good_as_before(spoiled, monkeypatch):
    every = planning.all_experiments()
    monkeypatch.setattr(planning, "all_experiments", lambda: {"without_rows": every["without_rows"]})
    place = Workspace.for_config(spoiled / "retrain.yaml")
    record = place.load_record(place.find("latest", "small"))
    plain = diagnose_in(place, record)
    told = experiment(place, record, reference_of(record, earlier_runs(place, record)), plain, 3, None)
    (made,) = told.proofs
    assert (made.experiment, made.supports, made.effect) == ("without_rows", ("outliers",), "restored"), made
    # The record names ten of the thirty; without these alone, the loss would stay.
    assert max(len(f.rows) for f in record.findings if f.code == "outliers") == 10
    assert told.causes[0].code == "outliers"
    assert told.causes[0].score > plain.causes[0].score


def test_the_remedy_restores_the_model(project):
    done = retrain("run", project / "retrain.yaml", "--span", 2, "--apply", "latest", "--json")
    assert done.code == 0, done.err
    assert done.json["config"]["train"]["learning_rate"] == 0.01

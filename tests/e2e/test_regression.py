"""Retrains of a model of amounts, as a user has them: pushed, the same again, worse, another unit, replayed, and asked."""

import csv
import shutil

import pytest

from tests.e2e.conftest import ROOT, Project, read_rows, retrain, write_rows

pytestmark = pytest.mark.e2e


class Fares(Project):
    """A project of examples/fares.yaml."""

    @property
    def config(self):
        return self.folder / "fares.yaml"

    def versions(self):
        folder = self.workspace / "serving" / "fares"
        return sorted(p.name for p in folder.iterdir()) if folder.exists() else []


@pytest.fixture(scope="module")
def fares(tmp_path_factory, taxi):
    """After one good run of span 8, and that run."""
    folder = tmp_path_factory.mktemp("fares")
    text = (ROOT / "examples" / "fares.yaml").read_text(encoding="utf-8")
    text = text.replace("../data/taxi/", "data/").replace("../schemas/", f"{ROOT}/schemas/")
    (folder / "fares.yaml").write_text(text, encoding="utf-8")
    for number in range(5, 10):
        shutil.copytree(taxi / f"span-{number}", folder / "data" / f"span-{number}")
    project = Fares(folder)
    first = project.run("--span", 8)
    assert first.code == 0, first.err
    return project, first


@pytest.fixture
def copied(fares, tmp_path):
    """A copy that a test may change."""
    shutil.copytree(fares[0].folder, tmp_path / "copy")
    return Fares(tmp_path / "copy")


def test_a_good_run_is_pushed_and_says_how_far_off_it_is(fares):
    project, first = fares
    assert project.versions() == ["1"]
    assert "MAE on test" in first.err
    overall = first.json["evaluation"]["slices"][0]
    assert set(overall["candidate"]) == {"rmse", "mae", "r2"}
    assert overall["candidate"]["r2"]["value"] > 0.7
    assert 0 < overall["candidate"]["mae"]["low"] < overall["candidate"]["mae"]["value"] < overall["trivial"]["mae"]
    assert overall["labels"] == {}
    assert first.json["training"]["labels"] == []
    assert first.json["training"]["amounts"]["width"] > 1
    assert {f["code"] for f in first.json["findings"]}.isdisjoint({"class_balance", "label_shift", "label_noise"})
    assert {f["severity"] for f in first.json["findings"] if f["code"] == "evaluator_blessing"} == {"ok"}
    assert (
        "class"
        not in (project.workspace / "serving" / "fares" / "1" / "assets.extra" / "model_card.md").read_text().lower()
    )


def test_it_can_be_read(fares):
    project, first = fares
    for what in ("findings", "metrics", "curves", "schema", "stats", "lineage"):
        shown = retrain("show", "latest", what, "--config", project.config)
        assert shown.code == 0, shown.err
    assert "RMSE" in retrain("show", "latest", "metrics", "--config", project.config).out
    report = (project.workspace / "runs" / first.json["run_id"] / "report.html").read_text(encoding="utf-8")
    assert "MAE" in report
    why = retrain("why", "latest", "--config", project.config)
    assert why.code == 0, why.err


def test_a_replay_is_identical(fares):
    project, _ = fares
    again = retrain("replay", "latest", "--config", project.config)
    assert again.code == 0, again.out + again.err


def test_predicted_amounts_are_those_of_the_evaluation(fares, tmp_path):
    project, first = fares
    output = tmp_path / "predicted.csv"
    done = retrain("predict", project.config, "--input", project.span(8), "--output", output)
    assert done.code == 0, done.err
    with output.open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    asked = read_rows(project.span(8))
    assert list(lines[0]) == ["prediction"]
    assert len(lines) == len(asked)
    off = [abs(float(p["prediction"]) - float(r["fare"])) for p, r in zip(lines, asked, strict=True) if r["fare"]]
    assert sum(off) / len(off) == pytest.approx(
        first.json["evaluation"]["slices"][0]["candidate"]["mae"]["value"], rel=0.3
    )


def test_the_next_span_is_compared_with_the_champion(copied):
    done = copied.run("--span", 9)
    assert done.code in (0, 4), done.err
    evidence = done.json["evaluation"]
    assert set(evidence["slices"][0]["difference"]) == {"rmse", "mae", "r2"}
    (judged,) = [f for f in done.json["findings"] if f["code"] == "no_regression"]
    assert judged["observed"]["outcome"] in ("better", "worse", "same", "cannot tell")
    assert evidence["cross"]["metric"] == "mae"
    assert evidence["cross"]["new"]["rows"] > 0


def test_a_worse_model_is_not_blessed(copied):
    config = copied.config.read_text(encoding="utf-8").replace(
        "metric_floor: {r2: 0.5, mae: 5.0}", "metric_floor: {r2: -9}"
    )
    copied.config.write_text(config, encoding="utf-8")
    done = copied.run("--span", 9, "--override", "train.epochs=2", "--override", "train.learning_rate=0.0001")
    assert done.code == 4, done.err
    assert ("no_regression", "mae on overall", "block") in done.flagged
    assert copied.versions() == ["1"]


def test_a_ceiling_is_a_ceiling_for_tfma_too(copied):
    done = copied.run("--span", 8, "--override", "evaluate.gates.metric_floor={mae: 0.5, rmse: 0.5}")
    assert done.code == 4, done.err
    said = {f["code"]: f["message"] for f in done.json["findings"] if f["severity"] == "block"}
    assert "the ceiling is 0.5" in said["metric_floor"]
    assert "at most 0.2505 is allowed" in said["evaluator_blessing"]


def test_cents_for_dollars_are_stopped_before_training(copied):
    rows = read_rows(copied.span(9))
    write_rows(copied.span(9), [{**r, "fare": r["fare"] and str(float(r["fare"]) * 100)} for r in rows])
    done = copied.run("--span", 9)
    assert done.code == 3, done.err
    assert any(
        code == "numeric_drift" and subject == "fare" and level == "block" for code, subject, level in done.flagged
    )


def test_a_label_that_is_no_finite_number_is_named(copied):
    rows = read_rows(copied.span(9))
    rows[4]["fare"] = "inf"
    write_rows(copied.span(9), rows)
    done = copied.run("--span", 9, "--until", "ingest")
    assert done.code == 3, done.err
    assert "row 5" in done.err

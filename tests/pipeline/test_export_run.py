"""`retrain export-run`: events by OpenLineage's rules; a run on a server that takes what MLflow takes (real ones: `make test-mlflow`)."""

import json
import re
import uuid
from datetime import datetime

import pytest

from pipeline.cli import main
from pipeline.errors import UsageError
from pipeline.run_exports import mlflow
from pipeline.run_exports.mlflow_client import Client
from pipeline.run_exports.openlineage import events, run_uuid
from schemas.evidence import MetricValue
from schemas.run_record import ModelFile, Status
from tests import factories
from tests.pipeline.mlflow_server import FakeMlflow, Refusal, Served


@pytest.fixture
def fake():
    return FakeMlflow()


@pytest.fixture
def address(fake):
    with Served(fake) as address:
        yield address


@pytest.fixture
def saved(tmp_path):
    """A workspace with one pushed run."""
    record = factories.pushed()
    path = tmp_path / "runs" / record.run_id / "run.json"
    path.parent.mkdir(parents=True)
    path.write_text(record.model_dump_json(), encoding="utf-8")
    return tmp_path


def send(address, record, experiment="taxi", files=None, environment=None):
    return Client(address, environment or {}).send(record, experiment, files or {})


# OpenLineage


def facets(value):
    if isinstance(value, dict):
        if "_schemaURL" in value:
            yield value
        for inner in value.values():
            yield from facets(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from facets(inner)


@pytest.mark.parametrize(
    ("record", "end"),
    [
        (factories.pushed(), "COMPLETE"),
        (factories.nothing_new(), "COMPLETE"),
        (factories.blocked(), "FAIL"),
        (factories.not_blessed(), "FAIL"),
        (factories.failed(), "FAIL"),
        (factories.invalid(), "FAIL"),
        (factories.interrupted(), "ABORT"),
    ],
)
def test_a_run_that_has_ended_is_a_start_and_an_end(record, end):
    made = events(record)
    assert [e["eventType"] for e in made] == ["START", end]
    for event in made:
        assert datetime.fromisoformat(event["eventTime"]).tzinfo is not None
        assert str(uuid.UUID(event["run"]["runId"])) == run_uuid(record)
        assert event["job"]["namespace"] == "retrain"
        assert event["job"]["name"] == record.name
        assert event["schemaURL"].endswith("#/$defs/RunEvent")
        assert all(re.match(r"[a-z]+:", f["_schemaURL"]) and f["_producer"] for f in facets(event))
        for dataset in event["inputs"] + event["outputs"]:
            assert dataset["namespace"]
            assert dataset["name"]
    assert ("errorMessage" in made[1]["run"]["facets"]) == (end != "COMPLETE")
    assert made == events(record)


def test_a_run_at_work_has_only_begun():
    assert [e["eventType"] for e in events(factories.record(status=Status.RUNNING, finished=None))] == ["START"]


def test_inputs_have_digests_sizes_columns_and_what_checks_said():
    record = factories.blocked()
    found = events(record)[1]["inputs"]
    assert [i["name"] for i in found] == [f.path for f in record.files]
    newest = found[-1]
    assert newest["namespace"] == "file"
    assert newest["facets"]["version"]["datasetVersion"] == record.files[-1].sha256
    assert newest["inputFacets"]["inputStatistics"]["size"] == record.files[-1].bytes
    names = [f["name"] for f in newest["facets"]["schema"]["fields"]]
    assert names == [*(f.name for f in record.contract.features), record.contract.label]
    said = newest["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert {"assertion": "missing_shift", "success": False, "column": "fare"} in said
    assert "dataQualityAssertions" not in found[0]["inputFacets"]


def test_only_a_pushed_model_is_an_output():
    (made,) = events(factories.pushed())[1]["outputs"]
    assert made["name"] == "/home/ada/taxi/.retrain/serving/taxi"
    assert made["facets"]["version"]["datasetVersion"] == "3"
    assert made["facets"]["retrain_model"]["weights"] == factories.pushed().digests["weights"]
    assert events(factories.not_blessed())[1]["outputs"] == []


def test_files_in_a_store_are_named_by_the_store():
    file = factories.record().files[0].model_copy(update={"path": "gs://bucket/taxi/a.csv"})
    user = ModelFile(name="model", path="/home/ada/model.py", bytes=10, sha256="cd" * 32)
    first, second = events(factories.record(files=[file], model_files=[user]))[0]["inputs"]
    assert (first["namespace"], first["name"]) == ("gs://bucket", "taxi/a.csv")
    assert second["name"] == "/home/ada/model.py"


def test_numbers_that_are_none_are_still_json():
    record = factories.pushed()
    record.evaluation.overall.candidate["auc"] = MetricValue(value=float("nan"))
    made = json.dumps(events(record), allow_nan=False)  # raises for a NaN
    assert [e["eventType"] for e in json.loads(made)] == ["START", "COMPLETE"]


def test_command_writes_one_event_a_line(saved, capsys, tmp_path):
    out = tmp_path / "events.jsonl"
    words = ["export-run", "latest", "--workspace", str(saved), "--to", "openlineage"]
    assert main([*words, "-o", str(out), "--namespace", "prod"]) == 0
    lines = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    assert [e["job"]["namespace"] for e in lines] == ["prod", "prod"]
    capsys.readouterr()
    assert main([*words, "-o", "-"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--to", "mlfow"], "Did you mean"),
        (["--to", "openlineage", "--uri", "http://x"], "--uri: is not for"),
        (["--to", "mlflow", "-o", "x"], "--output: is not for"),
        (["--to", "openlineage", "-o", "-", "--json"], "--json"),
        (["--to", "mlflow"], "MLFLOW_TRACKING_URI"),
        (["--to", "mlflow", "--uri", "file:///x"], "must be the address"),
        (["--to", "mlflow", "--uri", "http://ada:secret@x"], "must not hold a password"),
        (["--to", "openlineage", "-o", "/dev/null/x"], "cannot be written"),
    ],
)
def test_what_does_not_fit_is_said(saved, capsys, monkeypatch, words, told):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    assert main(["export-run", "latest", "--workspace", str(saved), *words]) == 2
    said = capsys.readouterr().err
    assert told in said
    assert "secret" not in said


# MLflow


def test_a_run_is_created_with_all_that_is_known(fake, address):
    record = factories.pushed()
    sent = send(address, record, files={"report.html": b"<html>", "a b.txt": b"x"})
    (run,) = fake.runs.values()
    assert sent.created
    assert sent.run_id == run["id"]
    assert fake.experiments["taxi"]["experiment_id"] == sent.experiment_id
    assert run["status"] == "FINISHED"
    assert run["run_name"] == record.run_id
    assert run["start"] == 1_795_494_700_000
    assert run["end_time"] == 1_795_494_756_000
    assert run["params"]["evaluate.gates.0.name"] == "no_regression"
    assert run["params"]["data.exclude"] == '["tips"]'
    losses = {p["step"]: p["value"] for p in run["points"] if p["key"] == "train/val_loss"}
    assert losses == {e.epoch: e.val_loss for e in record.training.epochs}
    values = {p["key"]: p["value"] for p in run["points"]}
    auc = record.evaluation.overall
    assert values["test/auc"] == auc.candidate["auc"].value
    assert values["test/auc_low"] == auc.candidate["auc"].low
    assert values["test/auc_champion"] == auc.champion["auc"].value
    assert run["tags"]["retrain.digest.weights"] == record.digests["weights"]
    assert record.explanation.headline in run["tags"]["mlflow.note.content"]
    folder = f"{sent.experiment_id}/{sent.run_id}/artifacts"
    assert fake.files == {f"{folder}/report.html": b"<html>", f"{folder}/a b.txt": b"x"}


def test_exported_twice_it_is_brought_up_to_date(fake, address):
    done = factories.pushed()
    at_work = done.model_copy(update={"status": Status.RUNNING, "finished": None, "evaluation": None, "pushed": None})
    assert send(address, at_work, files={"report.html": b"1"}).created
    (run,) = fake.runs.values()
    assert run["status"] == "RUNNING"
    assert "end_time" not in run
    second = send(address, done, files={"report.html": b"2"})
    third = send(address, done, files={"report.html": b"2"})
    assert (second.created, third.created, third.points) == (False, False, 0)
    assert second.points > 0
    assert len(fake.runs) == 1
    points = [tuple(p.values()) for p in run["points"]]
    assert len(points) == len(set(points))
    assert set(points) == {tuple(p) for p in mlflow.metrics(done)}
    assert run["status"] == "FINISHED"
    assert run["tags"]["retrain.status"] == "pushed"
    assert list(fake.files.values()) == [b"2"]


@pytest.mark.parametrize(
    ("record", "status"),
    [(factories.blocked(), "FAILED"), (factories.not_blessed(), "FAILED"), (factories.interrupted(), "KILLED")],
)
def test_what_was_held_back_is_not_finished(fake, address, record, status):
    send(address, record)
    assert [r["status"] for r in fake.runs.values()] == [status]


def test_two_runs_are_two(fake, address):
    send(address, factories.pushed())
    send(address, factories.blocked(run_id="20261125-000000-s9-aaaa"))
    assert len(fake.runs) == 2


def test_hostile_names_long_values_and_large_configurations_are_taken(fake, address):
    record = factories.pushed()
    odd = {"a/../b": 1, "..": 2, "": 3, "é=<b>": 4, "long": "x" * 9000, "none": None}
    config = {"data": {"features": odd}, "train": {f"k{i}": i for i in range(350)}, "metadata": {"url": "db://u:pw@h"}}
    part = record.evaluation.slices[1].model_copy(update={"slice": "city=St. Gallen/../x"})
    slices = [record.evaluation.overall, part]
    evaluation = record.evaluation.model_copy(update={"slices": slices})
    send(address, record.model_copy(update={"config": config, "evaluation": evaluation}))
    (run,) = fake.runs.values()
    assert len(run["params"]) == 350 + 5
    assert "pw" not in json.dumps(run["params"])
    assert any(p["key"].startswith("slice/city_x3d_St. Gallen_x2f_.._x2f_x/") for p in run["points"])


def test_undefined_metrics_are_left_out():
    record = factories.pushed()
    record.evaluation.overall.candidate["auc"] = MetricValue(value=None)
    record.evaluation.overall.candidate["log_loss"] = MetricValue(value=float("nan"))
    keys = {p.key for p in mlflow.metrics(record)}
    assert not keys & {"test/auc", "test/auc_low", "test/log_loss"}


def test_a_server_that_does_not_take_files_is_said(address, fake):
    fake.artifacts = "s3://bucket/"
    sent = send(address, factories.pushed(), files={"report.html": b"x"})
    assert sent.artifacts == []
    assert "s3://bucket/" in sent.note
    assert fake.files == {}


def test_password_and_token_are_sent_as_a_header(address, fake):
    send(address, factories.pushed(), environment={"MLFLOW_TRACKING_USERNAME": "ada", "MLFLOW_TRACKING_PASSWORD": "p"})
    assert {h["Authorization"] for _, _, h in fake.requests} == {"Basic YWRhOnA="}
    fake.requests.clear()
    send(address, factories.pushed(), environment={"MLFLOW_TRACKING_TOKEN": "t"})
    assert {h["Authorization"] for _, _, h in fake.requests} == {"Bearer t"}


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (Refusal(401, "", "who are you"), "MLFLOW_TRACKING_TOKEN"),
        (Refusal(500, "INTERNAL_ERROR", "no room"), "status 500 (no room)"),
        (Refusal(302, "", ""), "sends on to http://elsewhere.invalid/"),
    ],
)
def test_a_refusal_is_a_sentence(address, fake, refusal, told):
    fake.refuse = refusal
    with pytest.raises(UsageError, match=re.escape(told)):
        send(address, factories.pushed())


def test_a_deleted_experiment_is_said(address, fake):
    fake.create_experiment({"name": "taxi"})
    fake.experiments["taxi"]["lifecycle_stage"] = "deleted"
    with pytest.raises(UsageError, match="was deleted"):
        send(address, factories.pushed())


def test_no_server_is_said():
    with pytest.raises(UsageError, match="cannot be reached"):
        send("http://127.0.0.1:1", factories.pushed())


def test_command_sends_report_and_configuration(saved, address, fake, capsys, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", address)
    words = ["export-run", "latest", "--workspace", str(saved), "--to", "mlflow", "--experiment", "mine", "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["created"]
    assert told["artifacts"] == ["report.html", "config.json"]
    assert list(fake.experiments) == ["mine"]
    page, config = fake.files.values()
    assert b"<!doctype html>" in page
    assert json.loads(config)["data"]["label"] == "big_tipper"
    assert main(words[:-1]) == 0
    assert "brought up to date" in capsys.readouterr().out

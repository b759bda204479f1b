"""What `runs --json` and `show --json` print fits the JSON Schemas in schemas/."""

import functools
import json
from pathlib import Path

import jsonschema
import pytest

from pipeline.cli import main
from pipeline.record_json import to_json
from pipeline.show.history import runs_data
from pipeline.show.parts import PARTS, part_data
from pipeline.workspace import BadRecord, Workspace
from schemas.run_record import LARGEST
from tests import factories

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
CONFIG = 'name: taxi\ndata: {source: {csv: "x/{SPAN}.csv"}, label: y}\n'
KINDS = ["pushed", "first_run", "blocked", "not_blessed", "failed", "interrupted", "invalid", "nothing_new"]
ROLLBACK = {
    "id": "20260104-000000-back",
    "when": "2026-01-04T00:00:00+00:00",
    "who": "ada",
    "reason": "too slow",
    "from": 3,
    "to": 2,
    "version": 4,
    "withdraws": 3,
}


@functools.lru_cache
def validator(name, part=None):
    """Of a schema; of `show`, of the definition of that part alone."""
    schema = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    if part is not None:
        schema = {"$defs": schema["$defs"], "$ref": f"#/$defs/part_{part}"}
    return jsonschema.Draft202012Validator(schema)


def check(document, name, part=None):
    """Raises what does not fit."""
    validator(name, part).validate(document)


def printed_data(data):
    return json.loads(to_json(data))


@pytest.fixture
def place(tmp_path, monkeypatch):
    (tmp_path / "taxi.yaml").write_text(CONFIG)
    workspace = Workspace.for_config(tmp_path / "taxi.yaml")
    for i, kind in enumerate(["pushed", "blocked", "failed"]):
        workspace.save_record(getattr(factories, kind)(run_id=f"2026010{i + 1}-000000-s{i}-aaaa", name="taxi"))
    monkeypatch.chdir(tmp_path)
    return workspace


def test_runs_as_printed(place, capsys):
    assert main(["runs", "taxi.yaml", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert len(listed) == 3
    check(listed, "runs")


@pytest.mark.parametrize("part", [None, *PARTS])
def test_show_as_printed(place, capsys, part):
    assert main(["show", "20260101", *([part] if part else []), "--json"]) == 0
    check(json.loads(capsys.readouterr().out), "show", part or "run")


def test_all_endings_a_rollback_and_a_damaged_record():
    records = [getattr(factories, kind)(run_id=f"2026010{i + 1}-a") for i, kind in enumerate(KINDS)]
    damaged = BadRecord("20260109-a", "run.json is damaged: it is not valid JSON.")
    listed = printed_data(runs_data([*records, damaged], [ROLLBACK]))
    assert len(listed) == len(KINDS) + 2
    check(listed, "runs")


@pytest.mark.parametrize("name", ["runs", "show"])
def test_the_schemas_are_schemas(name):
    jsonschema.Draft202012Validator.check_schema(validator(name).schema)


@pytest.mark.parametrize("part", [None, *PARTS])
def test_every_part_of_a_run_that_never_began(part):
    check(printed_data(part_data(factories.invalid(), part)), "show", part or "run")


def test_a_loss_that_is_no_number():
    training = factories.training()
    epochs = [e.model_copy(update={"loss": float("nan"), "val_loss": LARGEST}) for e in training.epochs]
    record = factories.failed(training=training.model_copy(update={"epochs": epochs}))
    check(printed_data(part_data(record, "curves")), "show", "curves")


def test_what_is_not_in_the_schema_is_seen():
    listed = printed_data(runs_data([factories.pushed()]))
    for changed in ({"more": 1}, {"status": "fine"}, {"span": "8"}):
        with pytest.raises(jsonschema.ValidationError):
            check([{**listed[0], **changed}], "runs")
    with pytest.raises(jsonschema.ValidationError):
        check({"files": []}, "show", "lineage")

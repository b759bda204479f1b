"""`retrain schema`: show without TensorFlow, diff and accept from a run's files, and who may change a kept schema: nobody silently."""

import csv
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from components.spans import digest_file
from pipeline import kept, schema_log
from pipeline.cli import main
from pipeline.job import SCHEMA, Job
from pipeline.planning import schema_source
from pipeline.worker import keep
from pipeline.workspace import Workspace
from schemas.config import load_config
from schemas.run_record import Stage
from tests import factories

CONFIG = 'name: rides\ndata: {source: {csv: "day-{SPAN}.csv"}, label: tip, exclude: [fee]}\n'
TEXT = """\
# By hand.
feature { name: "fare" type: FLOAT presence { min_count: 1 } } # euros
feature { name: "fee" type: FLOAT }
feature { name: "miles" type: FLOAT presence { min_fraction: 1.0 min_count: 1 } }
feature { name: "old" type: BYTES lifecycle_stage: DEPRECATED }
feature { name: "pay" type: BYTES string_domain { value: "cash" } }
feature { name: "tip" type: INT int_domain { min: 0 max: 1 is_categorical: true } }
"""
RUN = "20260102-000000-s2-aaaa"


@pytest.fixture
def place(tmp_path, monkeypatch):
    (tmp_path / "rides.yaml").write_text(CONFIG)
    (tmp_path / "schemas").mkdir()
    (tmp_path / "schemas" / "rides.pbtxt").write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_rows(place, rows):
    with (place / "day-2.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def blocked_run(place, run_id=RUN, **changes):
    """A run that ingest blocked: it has files and no statistics."""
    file = digest_file(str(place / "day-2.csv"), 2) if (place / "day-2.csv").exists() else None
    config = load_config(place / "rides.yaml")
    values = {
        "files": [file] if file else [],
        "stages": [Stage(name="ingest")],
        "config": config.model_dump(mode="json"),
    }
    record = factories.blocked(run_id=run_id, name="rides", span=2, **(values | changes))
    Workspace.for_config(place / "rides.yaml").save_record(record)


@pytest.fixture
def changed(place):
    """A place whose newest run was blocked by other data: miles are lost, fare has texts, wait is new."""
    first = {"fare": "4.5", "pay": "cash", "tip": 1, "wait": 1, "void": ""}
    write_rows(place, [first, {**first, "fare": "a lot", "pay": "app", "wait": 2.5}])
    blocked_run(place)
    return place


LOST = "miles: lost; required -> deprecated (no input any more)"
ALL = ["fare: float -> string", LOST, "new column wait: float"]


def run(capsys, *words, code=0):
    assert main(list(words)) == code
    return capsys.readouterr()


def test_show_tells_columns_file_and_changes(place, capsys):
    schema_log.change(place / "schemas" / "rides.pbtxt", TEXT, TEXT, RUN, "a new meter", ["fare: float -> string"])
    out = run(capsys, "schema", "show", "rides.yaml").out
    for part in ("schemas/rides.pbtxt", "kept beside the configuration", "a new meter", "fare: float -> string", RUN):
        assert part in out
    told = json.loads(run(capsys, "schema", "show", "rides.yaml", "--json").out)
    assert {c["name"]: c["kind"] for c in told["columns"]} == {
        "fare": "numeric",
        "fee": "left out (no input)",
        "miles": "numeric",
        "old": "deprecated (no input)",
        "pay": "categorical",
        "tip": "label",
    }
    assert told["columns"][5]["domain"] == "0 to 1"
    assert told["changes"][0]["reason"] == "a new meter"


def test_show_needs_no_tensorflow_and_is_quick(place):
    began = time.monotonic()
    code = "import sys; from pipeline.cli import main; c = main(['schema', 'show', 'rides.yaml']);"
    code += "sys.exit(c or any(m.split('.')[0] in ('tensorflow', 'tfx', 'tensorflow_data_validation', 'apache_beam') for m in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], env=environment(), check=False).returncode == 0
    assert time.monotonic() - began < 8  # about one second; this machine may be busy


def environment():
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


def test_without_a_schema_all_three_say_so(place, capsys):
    (place / "schemas" / "rides.pbtxt").unlink()
    for words in (["show"], ["diff"], ["accept", "--reason", "x"]):
        done = run(capsys, "schema", words[0], "rides.yaml", *words[1:])
        assert "the first accepted run proposes one" in done.out
        assert json.loads(run(capsys, "schema", words[0], "rides.yaml", *words[1:], "--json").out)["file"] is None


def test_diff_of_a_run_that_was_blocked_before_statistics(changed, capsys):
    told = json.loads(run(capsys, "schema", "diff", "rides.yaml", "--json").out)
    assert [c["sentence"] for c in told["changes"]] == ALL
    assert (told["run"], told["span"]) == (RUN, 2)
    out = run(capsys, "schema", "diff", "rides.yaml", "--run", RUN[:10]).out
    assert f"against the data of run {RUN}" in out
    assert "  fare: float -> string\n" in out
    assert (changed / "schemas" / "rides.pbtxt").read_text() == TEXT


def test_accept_edits_the_file_and_records_it(changed, capsys):
    out = run(capsys, "schema", "accept", "rides.yaml", "--reason", " no meters\nhere ").out
    assert "3 changes accepted, recorded in schemas/rides.changes.jsonl" in out
    text = (changed / "schemas" / "rides.pbtxt").read_text()
    assert 'feature { name: "fare" type: BYTES presence { min_count: 1 } } # euros\n' in text
    assert 'feature { name: "fee" type: FLOAT }\n' in text
    (line,) = (changed / "schemas" / "rides.changes.jsonl").read_text().splitlines()
    entry = json.loads(line)
    assert (entry["run"], entry["reason"], entry["changes"]) == (RUN, "no meters\nhere", ALL)
    assert (entry["before"], entry["after"]) == (schema_log.digest(TEXT), schema_log.digest(text))
    assert entry["who"]
    out = run(capsys, "schema", "accept", "rides.yaml", "--reason", "again").out
    assert "nothing to accept" in out
    assert "nothing would change" in run(capsys, "schema", "diff", "rides.yaml").out


def test_accept_of_one_column(changed, capsys):
    words = ["schema", "accept", "rides.yaml", "--reason", "r", "--feature", "wait", "--json"]
    told = json.loads(run(capsys, *words).out)
    assert [c["feature"] for c in told["changes"]] == ["wait"]
    assert told["recorded"]["changes"] == ["new column wait: float"]
    left = json.loads(run(capsys, "schema", "diff", "rides.yaml", "--json").out)
    assert [c["sentence"] for c in left["changes"]] == ALL[:2]


def test_a_pinned_file_is_edited_where_it_is(changed, capsys):
    (changed / "mine").mkdir()
    (changed / "mine" / "s.pbtxt").write_text(TEXT)
    (changed / "rides.yaml").write_text(CONFIG.replace("label:", "schema_file: mine/s.pbtxt, label:"))
    run(capsys, "schema", "accept", "rides.yaml", "--reason", "r")
    assert 'name: "wait"' in (changed / "mine" / "s.pbtxt").read_text()
    assert (changed / "mine" / "s.changes.jsonl").exists()
    assert (changed / "schemas" / "rides.pbtxt").read_text() == TEXT


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["accept"], "--reason TEXT"),
        (["accept", "--reason", "  "], "--reason TEXT"),
        (["accept", "--reason", "r", "--feature", "wiat"], "Did you mean 'wait'?"),
        (["diff", "--run", "nope"], "no such run"),
    ],
)
def test_mistakes_end_with_2_and_change_nothing(changed, capsys, words, said):
    assert said in run(capsys, "schema", words[0], "rides.yaml", *words[1:], code=2).err
    assert (changed / "schemas" / "rides.pbtxt").read_text() == TEXT
    assert not (changed / "schemas" / "rides.changes.jsonl").exists()


def test_data_that_have_changed_since_the_run(changed, capsys):
    write_rows(changed, [{"fare": 1}])
    assert "has changed since" in run(capsys, "schema", "diff", "rides.yaml", code=2).err


def test_a_run_that_never_read_its_data_and_no_run(place, capsys):
    assert "no run of 'rides'" in run(capsys, "schema", "diff", "rides.yaml", code=2).err
    blocked_run(place)
    assert "were not read so far" in run(capsys, "schema", "diff", "rides.yaml", code=2).err


def test_files_that_cannot_be_read_are_told(changed, capsys):
    (changed / "day-2.csv").write_bytes(b'fare,pay\n1,"\xff\xfe\n')
    blocked_run(changed)
    assert "day-2.csv" in run(capsys, "schema", "diff", "rides.yaml", code=2).err


def test_a_damaged_schema_is_told(place, capsys):
    (place / "schemas" / "rides.pbtxt").write_text("feature {")
    assert "not a TFMD schema" in run(capsys, "schema", "show", "rides.yaml", code=2).err


def test_what_cannot_be_written_leaves_file_and_record_as_they_were(changed, capsys, monkeypatch):
    def refuse(path, text):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(schema_log, "write_atomic", refuse)
    done = run(capsys, "schema", "accept", "rides.yaml", "--reason", "r", code=2)
    assert "cannot be written (Permission denied)" in done.err
    assert (changed / "schemas" / "rides.pbtxt").read_text() == TEXT
    assert not (changed / "schemas" / "rides.changes.jsonl").exists()


# -- the proposal of the first accepted run


def job_of(place, **changes):
    config = load_config(place / "rides.yaml")
    folder = place / ".retrain" / "runs" / RUN
    folder.mkdir(parents=True, exist_ok=True)
    (folder / SCHEMA).write_text(TEXT)
    values = {"config": config.model_dump(mode="json"), "base": place, "root": place / ".retrain", "folder": folder}
    values |= {"serving": place, "run_id": RUN, "span": 2}
    return Job(**(values | changes)), config


def propose(place, **changes):
    from components.plan import IngestPlan
    from components.splits import plain_bounds
    from pipeline.planning import Planned
    from schemas.features import ColumnType, FeatureContract
    from schemas.run_record import DataFile

    job, config = job_of(place, **changes)
    plan = IngestPlan(
        form="csv",
        files=(DataFile(span=2, path="x", bytes=1, sha256=""),),
        types={},
        label="tip",
        group_by=None,
        by_time=None,
        seed=0,
        bounds=plain_bounds(config.data.split),
        rows_per_shard=10,
    )
    contract = FeatureContract(label="tip", label_type=ColumnType.INT, features=())
    return keep(job, config, Planned(plan, contract, None)), config


def test_a_proposal_is_kept_beside_the_configuration_with_its_origin(place):
    path = place / "schemas" / "rides.pbtxt"
    path.unlink()
    said, config = propose(place)
    assert str(path) in said["said"]
    lines = path.read_text().splitlines()
    assert lines[0].startswith(f"# Schema of rides, proposed by run {RUN} on 20")
    assert all(line.startswith("#") for line in lines[:3])
    assert schema_source(config, place, place / ".retrain") == path
    assert lines[-2:] == ['default_environment: "TRAINING"', 'default_environment: "SERVING"']
    assert [line for line in lines if "not_in_environment" in line and 'name: "tip"' in line]


def test_a_kept_schema_is_never_changed(place):
    said, config = propose(place)
    assert said == {}
    assert (place / "schemas" / "rides.pbtxt").read_text() == TEXT
    older = kept.fallback_path(place / ".retrain", config)
    older.parent.mkdir(parents=True)
    (place / "schemas" / "rides.pbtxt").rename(older)
    assert propose(place)[0] == {}
    assert schema_source(config, place, place / ".retrain") == older
    assert not (place / "schemas" / "rides.pbtxt").exists()


def test_a_folder_that_cannot_be_written_means_the_workspace(place):
    (place / "schemas" / "rides.pbtxt").unlink()
    (place / "schemas").rmdir()
    (place / "schemas").write_text("a file, so no folder can be made")
    said, config = propose(place)
    path = kept.fallback_path(place / ".retrain", config)
    assert "cannot be written" in said["said"]
    assert str(path) in said["said"]
    assert "# It is in the workspace because" in path.read_text()
    assert schema_source(config, place, place / ".retrain") == path


def test_a_replay_leaves_the_folder_of_the_configuration_alone(place):
    (place / "schemas" / "rides.pbtxt").unlink()
    assert propose(place, recorded=place)[0] == {}
    assert not (place / "schemas" / "rides.pbtxt").exists()

"""`retrain rollback`: exit codes, the record, the lock, the history, and that it is light."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from components import served
from pipeline.cli import main
from pipeline.rollbacks import read_rollbacks, rollbacks_path
from pipeline.workspace import Workspace
from tests import factories

SCHEMAS = Path(__file__).resolve().parents[2] / "schemas"
CONFIG = """
name: taxi
data: {source: {csv: "x/{SPAN}.csv"}, label: y}
evaluate: {gates: {metric_floor: {auc: 0.5}}}
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A workspace in which three runs pushed a version each."""
    (tmp_path / "taxi.yaml").write_text(CONFIG)
    workspace = Workspace.for_config(tmp_path / "taxi.yaml")
    for number in (1, 2, 3):
        run = f"2026010{number}-000000-s{number}-aaaa"
        model = tmp_path / f"model-{number}"
        model.mkdir()
        (model / "saved_model.pb").write_text(f"model {number}")
        pushed = served.push(str(model), str(workspace.serving("taxi")), f"digest-{number}", run)
        workspace.save_record(factories.pushed(run_id=run, pushed=pushed))
    monkeypatch.chdir(tmp_path)
    return workspace


def said(capsys):
    return json.loads(capsys.readouterr().out)


def numbers(place):
    return sorted(os.listdir(place.serving("taxi")))


def test_one_command_and_it_is_recorded_and_listed(place, capsys):
    assert main(["rollback", "taxi.yaml", "--reason", "too slow", "--json"]) == 0
    out = said(capsys)
    assert (out["served"], out["rollback"]["from"], out["rollback"]["to"]) == (4, 3, 2)
    assert [(v["version"], v["copy_of"]) for v in out["versions"]] == [(1, None), (2, None), (3, None), (4, 2)]
    (entry,) = read_rollbacks(place.root, "taxi")
    assert entry == out["rollback"]
    assert (entry["reason"], entry["who"] != "", entry["when"][:2]) == ("too slow", True, "20")
    assert main(["runs", "taxi.yaml", "--json"]) == 0
    newest, *rest = listed = said(capsys)
    jsonschema.validate(listed, json.loads((SCHEMAS / "runs.schema.json").read_text()))
    assert (newest["run_id"], newest["status"], newest["version"], newest["rollback"]) == (
        None,
        "rolled_back",
        4,
        entry,
    )
    assert newest["headline"] == "Back from version 3 to version 2, which is served as version 4: too slow."
    assert [r["version"] for r in rest] == [3, 2, 1]
    assert main(["runs", "taxi.yaml"]) == 0
    assert "↩ back to version 2" in capsys.readouterr().out


def test_in_words(place, capsys):
    assert main(["rollback", "taxi.yaml", "--to", "1"]) == 0
    assert capsys.readouterr().out == (
        "Back from version 3 to version 1, which is served as version 4. The next run compares with it.\n"
    )
    assert main(["rollback", "taxi.yaml", "--to", "1"]) == 0
    assert "the model of version 1 is served already, as version 4, a copy of version 1" in capsys.readouterr().out
    assert numbers(place) == ["1", "2", "3", "4"]
    assert len(read_rollbacks(place.root, "taxi")) == 1


def test_an_unknown_version_ends_with_2_and_the_list(place, capsys):
    assert main(["rollback", "taxi.yaml", "--to", "9"]) == 2
    assert "--to 9: there is no such version. Versions: 1, 2, 3 (served)." in capsys.readouterr().err
    assert main(["rollback", "taxi.yaml", "--to", "9", "--json"]) == 2
    assert said(capsys)["error"]["kind"] == "usage"
    assert numbers(place) == ["1", "2", "3"]


def test_without_a_version_or_a_configuration(tmp_path, capsys):
    (tmp_path / "taxi.yaml").write_text(CONFIG)
    assert main(["rollback", str(tmp_path / "taxi.yaml")]) == 2
    assert "has no version yet" in capsys.readouterr().err
    assert main(["rollback", str(tmp_path / "other.yaml")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_while_a_run_works_it_ends_with_5(place, capsys):
    with place.lock("20260104-000000-s4-aaaa"):
        assert main(["rollback", "taxi.yaml"]) == 5
    assert "20260104-000000-s4-aaaa" in capsys.readouterr().err
    assert numbers(place) == ["1", "2", "3"]
    assert main(["rollback", "taxi.yaml"]) == 0


def test_killed_before_it_was_recorded_the_next_one_records_it(place, capsys, monkeypatch):
    with monkeypatch.context() as killed:
        killed.setattr("pipeline.commands.rollback.complete", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        assert main(["rollback", "taxi.yaml"]) == 1
    assert read_rollbacks(place.root, "taxi") == []
    assert main(["rollback", "taxi.yaml", "--to", "1"]) == 0
    assert [(e["to"], e["version"]) for e in read_rollbacks(place.root, "taxi")] == [(2, 4), (1, 5)]


def test_a_line_of_the_record_that_cannot_be_read_harms_nothing(place, capsys):
    assert main(["rollback", "taxi.yaml"]) == 0
    with rollbacks_path(place.root, "taxi").open("a") as file:
        file.write('{"id": "half\n[]\n{}\n')
    assert main(["rollback", "taxi.yaml", "--to", "1"]) == 0
    assert len(read_rollbacks(place.root, "taxi")) == 2
    assert main(["runs", "taxi.yaml"]) == 0


def test_the_limit_of_runs_leaves_out_older_rollbacks(place, capsys):
    assert main(["rollback", "taxi.yaml"]) == 0
    for number in (1, 2):
        place.save_record(factories.blocked(run_id=f"2999010{number}-000000-s4-aaaa"))
    capsys.readouterr()
    assert main(["runs", "taxi.yaml", "--limit", "2", "--json"]) == 0
    assert [r["status"] for r in said(capsys)] == ["blocked", "blocked"]
    assert main(["runs", "taxi.yaml", "--limit", "3", "--json"]) == 0
    assert [r["status"] for r in said(capsys)] == ["blocked", "blocked", "rolled_back", "pushed"]


def test_it_imports_neither_tensorflow_nor_tfx(place):
    code = (
        "import sys; from pipeline.cli import main; code = main(['rollback', 'taxi.yaml']); "
        "heavy = {'tensorflow', 'tfx', 'apache_beam', 'ml_metadata', 'pyarrow', 'pandas'} & set(sys.modules); "
        "sys.exit(code or (f'imported {heavy}' if heavy else 0))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr

"""The reading commands: tables for people, clean JSON for scripts, clear errors with the right exit code."""

import json
import subprocess
import sys

import pytest

from pipeline.cli import main
from pipeline.workspace import Workspace
from tests import factories

CONFIG = 'name: taxi\ndata: {source: {csv: "x/{SPAN}.csv"}, label: y}\n'


@pytest.fixture
def place(tmp_path, monkeypatch):
    (tmp_path / "taxi.yaml").write_text(CONFIG)
    workspace = Workspace.for_config(tmp_path / "taxi.yaml")
    for i, kind in enumerate(["pushed", "blocked", "not_blessed"]):
        workspace.save_record(getattr(factories, kind)(run_id=f"2026010{i + 1}-000000-s{i}-aaaa", name="taxi"))
    monkeypatch.chdir(tmp_path)
    return workspace


def test_runs_lists_all_newest_first(place, capsys):
    assert main(["runs", "taxi.yaml"]) == 0
    out = capsys.readouterr().out
    assert out.index("20260103") < out.index("20260102") < out.index("20260101")
    assert main(["runs", "taxi.yaml", "--json"]) == 0
    assert [r["status"] for r in json.loads(capsys.readouterr().out)] == ["not_blessed", "blocked", "pushed"]


def test_a_damaged_record_is_listed_and_harms_nothing(place, capsys):
    place.record_path("20260102-000000-s1-aaaa").write_text("{")
    assert main(["runs", "taxi.yaml"]) == 0
    assert "20260101" in capsys.readouterr().out
    assert main(["show", "20260102"]) == 2
    assert "20260102" in capsys.readouterr().err


@pytest.mark.parametrize("part", [None, "findings", "metrics", "curves", "schema", "stats", "lineage"])
def test_every_part_as_table_and_as_json(place, capsys, part):
    words = ["show", "20260101", *([part] if part else [])]
    assert main(words) == 0
    assert capsys.readouterr().out.strip()
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["show", "2026"], "3 runs begin with it"),
        (["show", "nope"], "no such run"),
        (["show", "latest", "metrix"], "metrics"),
        (["runs", "other.yaml"], "no such file"),
        (["report", "nope"], "no such run"),
    ],
)
def test_mistakes_end_with_2_and_a_sentence(place, capsys, words, said):
    assert main(words) == 2
    assert said in capsys.readouterr().err


def test_latest_and_report(place, capsys, tmp_path):
    assert main(["report", "latest", "-o", str(tmp_path / "page.html")]) == 0
    assert (tmp_path / "page.html").read_text().startswith("<!")


def test_a_closed_pipe_is_quiet(place):
    command = f"{sys.executable} -m pipeline.cli runs taxi.yaml | head -c 1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    assert "Error" not in done.stderr

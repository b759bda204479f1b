"""`retrain why` and the causes in the report."""

import json

import pytest

from pipeline.cli import main
from pipeline.report import render
from pipeline.workspace import Workspace
from schemas.diagnosis import Diagnosis
from tests.pipeline.diagnosis.cases import champion, found, retrain


@pytest.fixture
def workspace(tmp_path):
    place = Workspace(tmp_path)
    run = retrain(findings=[found("missing_shift", message="<script>fare</script> lost values.")])
    for record in (champion(), run):
        place.run_folder(record.run_id).mkdir(parents=True)
        place.save_record(record)
    return tmp_path


def call(capsys, *words):
    code = main([*map(str, words)])
    return code, capsys.readouterr()


def test_the_answer_comes_first_with_evidence_and_what_to_do(workspace, capsys):
    code, said = call(capsys, "why", "latest", "--workspace", workspace)
    assert code == 0
    lines = said.out.splitlines()
    assert lines[0].startswith("Not pushed: values of fare are missing that were there before (")
    assert any("1. Values of fare are missing" in line for line in lines)
    assert any(line.startswith("do ") and "Mend fare." in line for line in lines)


def test_json_is_a_diagnosis(workspace, capsys):
    code, said = call(capsys, "why", "latest", "--workspace", workspace, "--json")
    assert code == 0
    told = Diagnosis.model_validate(json.loads(said.out))
    assert (told.against, told.causes[0].code) == (champion().run_id, "missing_values")


def test_a_run_is_not_held_against_itself(workspace, capsys):
    code, said = call(capsys, "why", "latest", "--against", "latest", "--workspace", workspace)
    assert code == 2
    assert "is the run itself" in said.err


def test_the_report_has_the_causes_and_no_markup_from_data(workspace, capsys):
    code, said = call(capsys, "report", "latest", "--workspace", workspace, "-o", "-")
    assert code == 0
    assert "Most likely causes" in said.out
    assert "&lt;script&gt;fare&lt;/script&gt; lost values." in said.out
    assert "<script" not in said.out
    assert "Most likely causes" not in render(champion())

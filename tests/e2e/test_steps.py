"""A run in steps, each a process of its own: gates hold whatever order the steps are called in, and nothing is done twice."""

import pytest

from tests.e2e.conftest import make_project, read_rows, retrain, write_rows

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

CHECKING = ("ingest", "statistics", "schema", "example_validator", "inspect_data")


@pytest.fixture(scope="module")
def blocked(tmp_path_factory, taxi):
    """Project and results of the steps of a run whose span has no company in most rows: ``require_ok`` blocks."""
    project = make_project(tmp_path_factory.mktemp("steps"), taxi, [7, 8])
    rows = read_rows(project.span(8))
    for number, row in enumerate(rows):
        row["company"] = row["company"] if number % 10 == 0 else ""
    write_rows(project.span(8), rows)

    def step(name, *words):
        return retrain("step", project.config, name, *words)

    plan = step("plan", "--json")
    assert plan.code == 0, plan.err
    run = plan.json["run_id"]
    results = {"plan": plan}
    for stage in CHECKING:
        results[stage] = step(stage, "--run", run)
    results["again"] = step("ingest", "--run", run)
    results["between"] = retrain("runs", project.config, "--json")
    results["require_ok"] = step("require_ok", "--run", run)
    results["transform"] = step("transform", "--run", run)
    results["verdict"] = step("verdict", "--run", run, "--json")
    results["late"] = step("pusher", "--run", run)
    results["verdict again"] = step("verdict", "--run", run, "--json")
    return project, results


def test_plan_gives_the_run_and_its_steps(blocked):
    said = blocked[1]["plan"].json
    assert said["span"] == 8
    assert said["steps"] == [
        *CHECKING,
        "require_ok",
        "transform",
        "trainer",
        "evaluator",
        "judge_model",
        "pusher",
        "verdict",
    ]


def test_stages_find_what_earlier_processes_left(blocked):
    _, results = blocked
    assert [results[s].code for s in CHECKING] == [0] * 5, results["inspect_data"].err


def test_a_stage_that_is_done_is_not_done_again(blocked):
    _, results = blocked
    assert results["again"].code == 0
    assert "was done before" in results["again"].err


def test_between_steps_the_run_is_running(blocked):
    assert [r["status"] for r in blocked[1]["between"].json] == ["running"]


def test_the_gate_blocks_and_there_is_no_way_around_it(blocked):
    project, results = blocked
    assert results["require_ok"].code == 3
    assert results["transform"].code == 1
    assert "input" in results["transform"].err
    assert project.versions() == []


def test_the_verdict_is_that_of_a_run(blocked):
    _, results = blocked
    verdict = results["verdict"]
    assert verdict.code == 3
    assert verdict.json["status"] == "blocked"
    assert {s: verdict.states[s] for s in CHECKING} == dict.fromkeys(CHECKING, "done")
    assert verdict.states["require_ok"] == "blocked"
    assert ("missing_shift", "company", "block") in verdict.flagged
    assert verdict.json["report"]


def test_a_run_ends_once(blocked):
    _, results = blocked
    assert results["late"].code == 2
    assert "has ended (blocked)" in results["late"].err
    assert results["verdict again"].code == 3
    assert results["verdict again"].json == results["verdict"].json


def test_wrong_calls(blocked):
    project, results = blocked
    run = results["plan"].json["run_id"]
    for words, said in [
        (("trainr", "--run", run), "Did you mean 'trainer'"),
        (("trainer",), "Give the id that the step plan gave"),
        (("plan", "--run", run), "begins a run"),
        (("trainer", "--run", "nope"), "no such run"),
    ]:
        result = retrain("step", project.config, *words)
        assert (result.code, said in result.err) == (2, True), result.err

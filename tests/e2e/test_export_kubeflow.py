"""The specification for Kubeflow Pipelines: every stage is there, and what is behind a gate has its data from the gate only."""

import importlib
import json
import re
import shutil

import pytest
import yaml

from pipeline.exporters._kubeflow_graph import earlier
from pipeline.workspace import BadRecord
from tests import factories
from tests.e2e.conftest import Project, retrain

pytestmark = [pytest.mark.e2e, pytest.mark.slow]

NODES = {
    *("ingest", "statistics", "schema", "example_validator", "previous_data", "inspect_data", "require_ok"),
    *("transform", "trainer", "champion", "evaluator", "judge_model", "pusher"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory, taxi, pushed):
    """The export of span 9, in a workspace whose span 8 was pushed: (project, specification as plain data)."""
    pytest.importorskip("kfp.pipeline_spec", reason="kfp-pipeline-spec is not installed")
    folder = tmp_path_factory.mktemp("kubeflow") / "project"
    shutil.copytree(pushed[0].folder, folder)
    shutil.copytree(taxi / "span-9", folder / "data" / "span-9")
    project = Project(folder)
    words = ("--to", "kubeflow", "--image", "registry.example/retrain:1", "-o", folder / "out")
    result = retrain("export", project.config, *words)
    assert result.code == 0, result.err
    assert result.err == ""
    return project, yaml.safe_load((folder / "out" / "retrain-taxi.yaml").read_text(encoding="utf-8"))


def sources(tasks, name):
    """Input of a task -> the task whose output it is."""
    given = tasks[name].get("inputs", {}).get("artifacts", {})
    return {k: v["taskOutputArtifact"]["producerTask"] for k, v in given.items()}


def test_it_is_a_pipeline_specification(made):
    from google.protobuf import json_format
    from kfp.pipeline_spec import pipeline_spec_pb2

    message = json_format.ParseDict(made[1], pipeline_spec_pb2.PipelineSpec())
    assert (message.pipeline_info.name, message.schema_version) == ("taxi", "2.1.0")


def test_every_stage_is_there_with_its_command(made):
    tasks, executors = made[1]["root"]["dag"]["tasks"], made[1]["deploymentSpec"]["executors"]
    assert set(tasks) == NODES
    importers = {n for n in NODES if "importer" in executors[f"{n}_executor"]}
    assert importers == {"previous_data"}
    for name in NODES - importers:
        container = executors[f"{name}_executor"]["container"]
        assert container["image"] == "registry.example/retrain:1"
        assert container["command"][:2] == ["python", "-m"]
    assert executors["ingest_executor"]["container"]["args"][1] == "components.ingest.ingest_Executor"


def test_containers_find_the_types_of_artifacts(made):
    """By their titles, which TFX's own command imports; of TFX's own types it knows where they are."""
    titles = set(re.findall(r"title: ([\w.]+)", json.dumps(made[1])))
    ours = {t.rpartition(".") for t in titles if not t.startswith(("tfx.", "system."))}
    assert {"IngestReport", "DataFindings", "AcceptedData", "GateFindings"} <= {name for *_, name in ours}
    for module, _, name in ours:
        assert f"retrain.{name}" == getattr(importlib.import_module(module), name).TYPE_NAME


def test_containers_have_the_environment_that_stages_need(made):
    executors = made[1]["deploymentSpec"]["executors"].values()
    for container in [e["container"] for e in executors if "container" in e]:
        variables = {v["name"]: v["value"] for v in container["env"]}
        assert variables.items() >= {"TF_USE_LEGACY_KERAS": "0", "PYTHONHASHSEED": "0"}.items()


def test_gates_are_data_dependencies(made):
    tasks = made[1]["root"]["dag"]["tasks"]
    assert sources(tasks, "require_ok") == {"examples": "ingest", "findings": "inspect_data"}
    for name in ("transform", "trainer", "evaluator"):
        assert sources(tasks, name)["examples"] == "require_ok"
        assert "ingest" not in sources(tasks, name).values()
    assert sources(tasks, "pusher")["blessing"] == "judge_model"


def test_no_task_ignores_that_another_failed(made):
    policies = [t.get("triggerPolicy", {}) for t in made[1]["root"]["dag"]["tasks"].values()]
    assert not any("ALL_UPSTREAM_TASKS_COMPLETED" in str(p) for p in policies)


def test_the_span_before_is_what_this_workspace_accepted(made):
    project, specification = made
    importer = specification["deploymentSpec"]["executors"]["previous_data_executor"]["importer"]
    folder = importer["artifactUri"]["constant"]
    assert folder.startswith(f"{project.folder.parent}") or "/.retrain/artifacts/taxi/require_ok/accepted/" in folder
    assert sources(specification["root"]["dag"]["tasks"], "inspect_data")["previous"] == "previous_data"


def test_without_an_image(pushed):
    result = retrain("export", pushed[0].config, "--to", "kubeflow")
    assert result.code == 2
    assert "--image" in result.err


def test_earlier_takes_the_newest_accepted_span_before(tmp_path):
    def record(span, state):
        made = factories.pushed(run_id=f"r{span}{state}", name="taxi")
        folder = tmp_path / f"{span}"
        folder.mkdir(exist_ok=True)
        stages = [
            s.model_copy(update={"state": state, "artifacts": {"accepted": str(folder)}})
            if s.name == "require_ok"
            else s
            for s in made.stages
        ]
        return made.model_copy(update={"span": span, "stages": stages})

    records = [
        record(9, "done"),
        BadRecord("x", "broken"),
        record(7, "blocked"),
        record(5, "cached"),
        record(6, "done"),
    ]
    assert earlier(records, 8)["require_ok"]["span"] == 6
    assert earlier(records, 6)["require_ok"]["span"] == 5
    assert earlier(records, 5) == {}

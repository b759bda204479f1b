"""From a request to a specification of Kubeflow Pipelines. It imports TFX, so it is a process of its own: see `kubeflow`."""

from __future__ import annotations

import json
import re
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import yaml

from pipeline.job import Job
from pipeline.planning import plan_job
from pipeline.supervise import ALWAYS
from pipeline.workspace import BadRecord, Workspace, new_run_id
from schemas.config import ConfigError, load_config
from schemas.findings import DataBlocked
from schemas.run_record import RunRecord, StageState

#: Node -> its output that later spans are compared with.
LEFT = {"require_ok": "accepted", "augmentation_ok": "accepted"}
MISSING = (
    "kfp-pipeline-spec is not installed. With TFX 1.16 install version 0.2.2 of it, with TFX 1.21 one from 0.6 to 2.16"
)


def earlier(records: list[RunRecord | BadRecord], span: int) -> dict[str, Any]:
    """What the newest earlier accepted span left, per node.

    Args:
        records: of this pipeline, newest first.
    """
    found: dict[str, Any] = {}
    for record in records:
        if isinstance(record, BadRecord) or record.span is None or record.span >= span:
            continue
        for stage in record.stages:
            uri = stage.artifacts.get(LEFT.get(stage.name, ""))
            passed = uri is not None and stage.state in (StageState.DONE, StageState.CACHED) and Path(uri).is_dir()
            if passed and (stage.name not in found or found[stage.name]["span"] < record.span):
                found[stage.name] = {"uri": uri, "span": record.span}
    return found


def graph_of(config_path: Path, workspace: Path) -> Any:
    """The graph of a run of the newest span. It is planned here: names and digests of files, and the schema, are part of it.

    Raises:
        ConfigError, DataBlocked: as a run would.
    """
    from pipeline.build import Graph
    from pipeline.versions import code_digest
    from pipeline.worker import known_of

    config, place = load_config(config_path), Workspace(workspace)
    run_id = new_run_id(datetime.now(timezone.utc), None)
    job = Job(
        config=config.recipe,
        base=config_path.parent,
        root=place.root,
        folder=place.run_folder(run_id),
        serving=place.serving(config.name, config.push.directory),
        run_id=run_id,
        span=None,
    )
    planned = plan_job(job, config)
    return Graph(
        config=config,
        plan=planned.plan,
        contract=planned.contract,
        schema_file=str(planned.schema_file) if planned.schema_file else None,
        code=code_digest(),
        run_id=run_id,
        root=place.root,
        serving=job.serving,
        known=known_of(planned),
        resolves=False,
        earlier=earlier(place.records(name=config.name), planned.plan.window[-1]),
    )


def specification(graph: Any, image: str) -> dict[str, Any]:
    """The pipeline's specification (schema 2.1) as plain data.

    Raises:
        ValueError: when TFX's runner for Kubeflow cannot be imported.
    """
    from pipeline.build import build

    try:
        from tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner import KubeflowV2DagRunner, KubeflowV2DagRunnerConfig
    except ImportError:
        raise ValueError(MISSING) from None
    settings = KubeflowV2DagRunnerConfig(default_image=image, use_pipeline_spec_2_1=True)
    job = KubeflowV2DagRunner(settings).run(build(graph), write_out=False)
    return runnable(job["pipelineSpec"])


def runnable(made: dict[str, Any]) -> dict[str, Any]:
    """What TFX's runner leaves out: in a container, it imports an artifact's class by the title of its schema, which is the name of the
    type, and for types that are not TFX's own there is nothing of that name. And stages need the environment that they have here.
    """
    titles = {f"title: {t.TYPE_NAME}": f"title: {t.__module__}.{t.__qualname__}" for t in own_types()}
    text = json.dumps(made)
    for wrong, right in titles.items():
        text = re.sub(rf"{re.escape(wrong)}\b", right, text)
    done: dict[str, Any] = json.loads(text)
    variables = [{"name": name, "value": value} for name, value in ALWAYS.items()]
    for executor in done["deploymentSpec"]["executors"].values():
        if "container" in executor:
            executor["container"]["env"] = variables
    return done


def own_types() -> list[Any]:
    """Types of artifacts that are ours."""
    from tfx.types.artifact import Artifact

    from components import artifacts

    found: list[Any] = [t for t in vars(artifacts).values() if isinstance(t, type) and issubclass(t, Artifact)]
    return [t for t in found if t.TYPE_NAME]


def main() -> int:
    """Reads what `kubeflow` asks for from the command line, and writes the specification into a file.

    Returns:
        2 when it cannot be made, with the reason in the file.
    """
    config_path, workspace, image, output = sys.argv[1:]
    try:
        made = specification(graph_of(Path(config_path), Path(workspace)), image)
    except (ConfigError, DataBlocked, ValueError) as error:
        Path(output).write_text(str(error), encoding="utf-8")
        return 2
    Path(output).write_text(yaml.safe_dump(made, sort_keys=True, allow_unicode=True), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

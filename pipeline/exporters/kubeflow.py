"""A pipeline of Kubeflow Pipelines, through TFX's own KubeflowV2DagRunner: one run of one span, each stage in a container."""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from pipeline.exporters._common import Export, Request
from pipeline.supervise import environment

START = "import sys; sys.path[:] = [p for p in sys.path if p]; from pipeline.exporters._kubeflow_graph import main; sys.exit(main())"


def export(request: Request) -> Export:
    """One file with the specification of the pipeline. Takes half a minute: TFX is imported, in a process of its own.

    Raises:
        ValueError: without an image, without the runner's package, or when a run could not be planned.
    """
    if request.image is None:
        raise ValueError("needs --image IMAGE, a container image with Retrain installed, in which the stages run")
    with tempfile.TemporaryDirectory(prefix="retrain-export-") as folder:
        output = Path(folder) / "pipeline.yaml"
        words = [str(request.config_path), str(request.workspace), request.image, str(output)]
        done = subprocess.run(
            [sys.executable, "-c", START, *words],
            env=environment(Path(folder)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        text = output.read_text(encoding="utf-8") if output.exists() else ""
        if done.returncode == 2 and text:
            raise ValueError(text.rstrip("."))
        if done.returncode != 0:
            raise RuntimeError(f"the specification could not be made:\n{done.stderr[-4000:]}")
    name = f"{request.unit}.yaml"
    folders = f"{request.workspace} and {request.config_path.parent}"
    steps = [
        f"Mount {folders} into every container under the same path: stages read and write there (docs/handing-over.md).",
        f"Start it: kfp run create --experiment-name {request.config.name} --package-file {shlex.quote(str(request.folder / name))}",
        "Export again for the next span: this specification is of the newest span, its files and the model that is served now.",
    ]
    return Export({name: text}, steps)

"""`retrain tensorboard RUN`: TensorBoard on the training logs of a run."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

from pipeline.errors import UsageError
from pipeline.locate import find_place
from pipeline.wording import nearest_path
from schemas.run_record import RunRecord

#: Folder in the artifact `model_run` of the trainer.
LOGS = "logs"


def logs_of(record: RunRecord) -> Path:
    """The folder with the training logs of a run.

    Raises:
        UsageError: when the run was not trained, or there are no logs in it.
    """
    uri = next((s.artifacts.get("model_run") for s in record.stages if s.name == "trainer"), None)
    if uri is None:
        raise UsageError(f"run {record.run_id}: has no training logs, as it trained nothing. Name another run.")
    folder = Path(uri) / LOGS
    if not folder.is_dir() or not any(f.is_file() for f in folder.rglob("*")):
        raise UsageError(
            f"run {record.run_id}: there are no TensorBoard logs in {nearest_path(folder)}. "
            f"The curves are in: retrain show {record.run_id} curves"
        )
    return folder


def tensorboard_command(*, run: str, port: int, config: Path | None, workspace: Path | None) -> int:
    """Starts TensorBoard for this machine only, and waits until it is stopped.

    Returns:
        0 when it was stopped with Ctrl-C, else TensorBoard's exit code.
    """
    place = find_place(config, workspace)
    folder = logs_of(place.workspace.load_record(place.workspace.find(run, place.name)))
    if importlib.util.find_spec("tensorboard") is None:
        raise UsageError("TensorBoard is not installed in this environment. Install it with: pip install tensorboard")
    words = ["-m", "tensorboard.main", "--logdir", str(folder), "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen([sys.executable, *words])
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.wait()
        return 0

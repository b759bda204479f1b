"""A worker process that has imported everything and waits for its job, with the process that will ask its model: a run that is given one
starts 10 to 20 seconds sooner.

Not a fork server: once Beam and its like are imported, the process has threads (those of OpenBLAS and of Arrow's allocator among them),
and what a fork does to threads and their locks is not defined. A spare is a process like any other worker; it runs one job and ends.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

#: As `pipeline.supervise.START`, for a worker without a job.
START = "import sys; sys.path[:] = [p for p in sys.path if p]; from pipeline.spare import main; sys.exit(main())"
#: What a run imports on its way, in the order in which it does.
IMPORTS = (
    "tensorflow",
    "pipeline.worker",
    "pipeline.build",
    "pipeline.runners.local",
    "tensorflow_model_analysis",
    "components.training",
    "components.augmentation_report",
    "components.graph_digest",
)
_MESSAGE = 1 << 16


class Spare:
    """A process that imports and waits.

    Args:
        environment: of the process; its folder for temporary files comes with the job.
    """

    def __init__(self, environment: dict[str, str]):
        self._ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-c", START],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=environment,
            )

    @property
    def usable(self) -> bool:
        """Whether it is alive; it need not have finished importing."""
        return self.process.poll() is None

    def give(self, job_file: Path, temporary: Path, events: int, lock: int, log: int) -> subprocess.Popen[bytes]:
        """Hands over a job, with the open files of its events, its lock and its log.

        Raises:
            OSError: when it has ended meanwhile.
        """
        message = json.dumps({"job": str(job_file), "temporary": str(temporary)}).encode()
        with self._ours:
            socket.send_fds(self._ours, [message], [events, lock, log])
        return self.process

    def close(self) -> None:
        """Ends a spare that is not needed."""
        with contextlib.suppress(OSError):
            self._ours.close()
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def _receive() -> tuple[dict[str, str], list[int]] | None:
    """The job; None when the parent closed the connection without one."""
    with socket.socket(fileno=os.dup(0)) as connection:
        message, fds, _, _ = socket.recv_fds(connection, _MESSAGE, 3)
    return (json.loads(message), fds) if message else None


def main() -> int:
    """Imports, waits, and does the job as any worker does."""
    from pipeline.job import EVENTS_FD
    from pipeline.worker import die_with_parent
    from pipeline.worker import main as work

    die_with_parent()
    for name in IMPORTS:
        importlib.import_module(name)
    # What was imported is never garbage: no collection of the run needs to look at it.
    gc.collect()
    gc.freeze()
    _start_probe()
    received = _receive()
    if received is None:
        return 0
    message, (events, _lock, log) = received
    with open(os.devnull, encoding="utf-8") as nothing:
        os.dup2(nothing.fileno(), 0)
    sys.stdout.flush()
    sys.stderr.flush()
    os.dup2(log, 1)
    os.dup2(log, 2)
    _move_temporary(message["temporary"])
    os.environ[EVENTS_FD] = str(events)
    sys.argv[1:] = [message["job"]]
    return work()


def _start_probe() -> None:
    from components.serving_check import start_ahead

    start_ahead()


def _move_temporary(folder: str) -> None:
    import tempfile

    os.environ["TMPDIR"] = folder
    # Asked for by an import, and kept from then on.
    tempfile.tempdir = None

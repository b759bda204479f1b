"""Runs as processes of their own, the next one started ahead of time (`standby.py`). The scheduler never imports what they do."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, ValidationError

from pipeline.schedule.request import Request, Result

START = (
    "import sys; sys.path[:] = [p for p in sys.path if p]; from pipeline.schedule.standby import main; sys.exit(main())"
)
#: After SIGTERM a run saves its record; one that has not ended then is killed.
GRACE_SECONDS = 20.0
#: Some seconds are usual.
PROBE_SECONDS = 900.0


class Drift(BaseModel):
    """A measurement: what has drifted as a sentence, what tells this drift from another, and why it could not be measured.

    Attributes:
        unsettled: files that were left out, as they were being written.
    """

    model_config = ConfigDict(extra="forbid")

    drift: str | None = None
    key: str = ""
    problem: str = ""
    unsettled: list[str] = []


class Launcher(Protocol):
    """How the daemon runs things; tests have one without processes."""

    def prepare(self) -> None:
        """Gets ready for the next run, if that can be done ahead."""

    def start(self, request: Request) -> int:
        """Starts a run; its process id."""

    def poll(self) -> Result | None:
        """How the run ended; None while it is at work."""

    def stop(self) -> None:
        """Asks the run to end; `poll` tells when it has."""

    def measure(self, config: Path, workspace: Path, overrides: list[str]) -> None:
        """Starts a measurement of drift, unless one is at work."""

    def measured(self) -> Drift | None:
        """What it found, once; None while there is nothing new."""

    def close(self) -> None:
        """Ends everything that is left."""


class ProcessLauncher:
    """Each run in a process that ends with it.

    Args:
        warm: whether the process of the next run is started ahead of time, with everything imported.
    """

    def __init__(self, warm: bool):
        self._warm = warm
        self._standby: subprocess.Popen[str] | None = None
        self._code = ""
        self._running: subprocess.Popen[str] | None = None
        self._request: Request | None = None
        self._began = 0.0
        self._kill_at: float | None = None
        self._probe: subprocess.Popen[str] | None = None
        self._probe_began = 0.0

    def prepare(self) -> None:
        """Starts the process of the next run; nothing when there is one, or runs start cold."""
        if self._warm and (self._standby is None or self._standby.poll() is not None):
            self._standby = self._process()
            self._code = _code()

    def start(self, request: Request) -> int:
        """Gives the request to the waiting process. One that has ended, or was started by older code, is replaced."""
        standby = self._standby
        if standby is not None and (standby.poll() is not None or _code() != self._code):
            _end(standby)
            standby = None
        self._standby = None
        process = standby or self._process()
        request.result.unlink(missing_ok=True)
        self._running, self._request, self._began, self._kill_at = process, request, time.monotonic(), None
        # A process that has died meanwhile: `poll` says so.
        with contextlib.suppress(OSError):
            assert process.stdin is not None
            process.stdin.write(request.model_dump_json() + "\n")
            process.stdin.close()
        return process.pid

    def poll(self) -> Result | None:
        """How the run ended; None while it is at work."""
        process, request = self._running, self._request
        if process is None or request is None:
            return None
        code = process.poll()
        if code is None:
            self._enforce(process, request)
            return None
        self._running = self._request = None
        return self._result(request, code)

    def _enforce(self, process: subprocess.Popen[str], request: Request) -> None:
        """Kills a process that neither its own watchdog nor SIGTERM has ended."""
        now = time.monotonic()
        if request.timeout is not None and now - self._began > request.timeout + GRACE_SECONDS:
            process.kill()
        if self._kill_at is not None and now > self._kill_at:
            process.kill()

    def _result(self, request: Request, code: int) -> Result:
        seconds = round(time.monotonic() - self._began, 3)
        try:
            result = Result.model_validate_json(request.result.read_bytes())
            if result.token == request.token:
                return result.model_copy(update={"seconds": seconds})
        except (OSError, ValidationError):
            pass
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
        told = f"The process of the run {how} before it had a result."
        return Result(token=request.token, status="failed", exit_code=1, headline=told, seconds=seconds)

    def stop(self) -> None:
        """SIGTERM; after `GRACE_SECONDS`, SIGKILL."""
        if self._running is not None and self._running.poll() is None and self._kill_at is None:
            self._kill_at = time.monotonic() + GRACE_SECONDS
            self._running.terminate()

    def measure(self, config: Path, workspace: Path, overrides: list[str]) -> None:
        """Starts a measurement in a process of its own."""
        if self._probe is None:
            words = [sys.executable, "-m", "pipeline.schedule.drift", str(config), str(workspace), *overrides]
            self._probe = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
            self._probe_began = time.monotonic()

    def measured(self) -> Drift | None:
        """The measurement that has ended; one that takes longer than `PROBE_SECONDS` is ended."""
        probe = self._probe
        if probe is None:
            return None
        if probe.poll() is None and time.monotonic() - self._probe_began < PROBE_SECONDS:
            return None
        probe.kill()
        self._probe = None
        said, error = probe.communicate()
        try:
            return Drift.model_validate_json(said)
        except ValidationError:
            last = (error.strip().splitlines() or ["it was ended"])[-1]
            return Drift(problem=f"the measurement failed ({last[:200]}).")

    def close(self) -> None:
        """Ends the waiting process, a measurement, and a run that is at work."""
        if self._probe is not None:
            self._probe.kill()
            self._probe.communicate()
            self._probe = None
        if self._standby is not None:
            _end(self._standby)
            self._standby = None
        if self._running is not None:
            self.stop()
            try:
                self._running.wait(GRACE_SECONDS)
            except subprocess.TimeoutExpired:
                self._running.kill()
                self._running.wait()

    def _process(self) -> subprocess.Popen[str]:
        # In a group of its own: Ctrl-C in the terminal is for the scheduler, which then stops the run.
        words = [sys.executable, "-c", START, *(["--warm"] if self._warm else [])]
        return subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
            env=dict(os.environ),
        )


def _end(process: subprocess.Popen[str]) -> None:
    """Ends a waiting process: its input ends, so it does."""
    with contextlib.suppress(OSError):
        if process.stdin is not None:
            process.stdin.close()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _code() -> str:
    from pipeline.versions import source_digest

    return source_digest()

"""Whether the exported model can be served: a fresh process loads it beside the evaluation, and is asked when that is over.

`start_ahead` has the process started earlier, by a worker that waits for its job: then TensorFlow is imported when the model is there.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from components import serving_probe
from components.examples import write_records
from schemas.evidence import ServingEvidence

#: Test rows that are sent, one request each: enough for a 95th percentile, and some tenths of a second.
ROWS = 200
#: Seconds in which the process must have loaded the model and answered all rows, once the evaluation is over: ten times what a large model
#: of pictures takes, so that a model that hangs ends as a finding and not as a run without end.
PATIENCE = 300


class Process:
    """A process that has imported TensorFlow, or is about to, and waits to be asked. It ends with its input, and so with this process."""

    def __init__(self) -> None:
        # -I: neither the working directory nor the environment's paths decide what it imports.
        self.log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self.popen = subprocess.Popen(
            [sys.executable, "-I", str(serving_probe.__file__)],
            stdin=subprocess.PIPE,
            stdout=self.log,
            stderr=self.log,
            text=True,
        )

    def tell(self, line: str) -> None:
        """Writes a line; nothing when the process has ended, which its exit code tells."""
        assert self.popen.stdin is not None
        with contextlib.suppress(OSError):
            self.popen.stdin.write(line + "\n")
            self.popen.stdin.flush()

    def end(self) -> None:
        """Ends it, whatever it does."""
        self.popen.kill()
        self.popen.wait()
        if self.popen.stdin:
            with contextlib.suppress(OSError):
                self.popen.stdin.close()
        self.log.close()


_ahead: list[Process] = []


def start_ahead() -> None:
    """Starts the process of the next `Probe` of this process now."""
    if not _ahead:
        _ahead.append(Process())


def _process() -> Process:
    """One that was started ahead, unless it has died since, or a new one."""
    while _ahead:
        if (process := _ahead.pop()).popen.poll() is None:
            return process
        process.end()
    return Process()


class Probe:
    """A process that loads the model while the evaluation runs. Use as a context; it never outlives that.

    Args:
        model: folder of the SavedModel.
        records: serialized examples, up to `ROWS` of them.
    """

    def __init__(self, model: str, records: list[bytes]):
        self._model, self._records = model, records

    def __enter__(self) -> Probe:
        self._folder = tempfile.TemporaryDirectory(prefix="serving-")
        rows, self._output = (os.path.join(self._folder.name, n) for n in ("rows.tfrecord", "answers.json"))
        write_records(rows, np.array(self._records, object))
        self._process = _process()
        self._process.tell(json.dumps([self._model, rows, self._output]))
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.end()
        self._folder.cleanup()

    def evidence(self, expected: npt.NDArray[np.float32]) -> ServingEvidence:
        """Lets the process answer all rows, and compares.

        Args:
            expected: scores of the same rows in the evaluation, float32 [n, width]; NaN for rows that are not in it (of a class
                that the model does not know).
        """
        try:
            self._process.tell("go")
            self._process.popen.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            return ServingEvidence(error=f"no answer within {PATIENCE} s")
        if self._process.popen.returncode or not os.path.exists(self._output):
            return ServingEvidence(error=self._reason())
        with open(self._output, encoding="utf-8") as file:
            return compared(json.load(file), expected, folder_size(self._model))

    def _reason(self) -> str:
        """The last line that the process wrote, which names the exception, or the signal that ended it."""
        self._process.log.seek(0)
        lines = [line.strip() for line in self._process.log if line.strip()]
        code = self._process.popen.returncode
        return lines[-1][:300] if code > 0 and lines else f"the process ended with code {code} and no answers"


def compared(answers: dict[str, Any], expected: npt.NDArray[np.float32], size: int) -> ServingEvidence:
    """What the answers of the process (see `serving_probe`) say, against the evaluation.

    Args:
        expected: as in `Probe.evidence`.
        size: of the model, in bytes.
    """
    amounts = expected.shape[1] == 1
    got, scored = np.array(answers["scores"], np.float64), np.isfinite(expected).all(axis=1)
    if got.shape != expected.shape:
        return ServingEvidence(error=f"answers have the shape {got.shape}, in the evaluation {expected.shape}")
    if not scored.any() or not np.isfinite(got).all():
        return ServingEvidence(error="the answers, or all scores of the evaluation, are not finite")
    milliseconds = 1000 * np.array(answers["seconds"])
    return ServingEvidence(
        rows=len(got),
        difference=float(np.abs(got - expected)[scored].max())
        / (float(np.abs(expected[scored]).max()) or 1.0 if amounts else 1.0),
        latency_ms=float(np.median(milliseconds)),
        latency_ms_p95=float(np.percentile(milliseconds, 95)),
        load_seconds=answers["load_seconds"],
        size_mb=size / 1e6,
    )


def folder_size(folder: str) -> int:
    """Bytes of all files below a folder."""
    return sum(os.path.getsize(os.path.join(at, name)) for at, _, names in os.walk(folder) for name in names)

"""Whether the exported model can be served: a fresh process is started beside the evaluation, and asked when that is over."""

from __future__ import annotations

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
        # -I: neither the working directory nor the environment's paths decide what it imports.
        words = [sys.executable, "-I", str(serving_probe.__file__), self._model, rows, self._output]
        self._log = open(os.path.join(self._folder.name, "log.txt"), "w+", encoding="utf-8", errors="replace")
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=self._log, stderr=self._log)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        self._log.close()
        self._folder.cleanup()

    def evidence(self, expected: npt.NDArray[np.float32]) -> ServingEvidence:
        """Lets the process answer all rows, and compares.

        Args:
            expected: scores of the same rows in the evaluation, float32 [n, width]; NaN for rows that are not in it (of a class
                that the model does not know).
        """
        try:
            self._process.communicate(b"go\n", timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            return ServingEvidence(error=f"no answer within {PATIENCE} s")
        if self._process.returncode or not os.path.exists(self._output):
            return ServingEvidence(error=self._reason())
        with open(self._output, encoding="utf-8") as file:
            return compared(json.load(file), expected, folder_size(self._model))

    def _reason(self) -> str:
        """The last line that the process wrote, which names the exception, or the signal that ended it."""
        self._log.seek(0)
        lines = [line.strip() for line in self._log if line.strip()]
        code = self._process.returncode
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

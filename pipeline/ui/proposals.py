"""What a run's data would change in the schema, worked out beside the server: TFDV, and TensorFlow with it, take seconds to load.

A child process runs `retrain schema diff` and `accept`; so the server stays light, and both say what they say in the terminal.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from threading import Lock, Thread

from pipeline.schema_changes import SchemaChange

#: As in `supervise.START`: the current folder is no place to import from.
START = "import sys; sys.path[:] = [p for p in sys.path if p]; from pipeline.cli import main; sys.exit(main())"
#: The same behind whatever else the machine does, as pages are answered meanwhile, and not longer than the server is there.
GENTLY = (
    "import os, sys; os.nice(10); sys.path[:] = [p for p in sys.path if p]; "
    f"from pipeline.worker import die_with_parent; die_with_parent(); {START}"
)
#: TFDV loads in 5 to 15 s, and a file without statistics is read once; what takes longer hangs.
SECONDS = 300.0
#: Results that are remembered.
KEPT = 16


@dataclass(frozen=True)
class Proposed:
    """What would change, or why that cannot be said.

    Attributes:
        listed: the changes; empty when the data fit.
        problem: a sentence; empty when there is none.
    """

    listed: tuple[SchemaChange, ...] = ()
    problem: str = ""


class Proposals:
    """Works out proposals in the background, each once.

    Args:
        config: the configuration.
        root: the workspace.
    """

    def __init__(self, config: Path, root: Path):
        self._config, self._root = config, root
        self._lock = Lock()
        self._known: OrderedDict[tuple[str, str, str], Proposed | None] = OrderedDict()

    def get(self, schema: str, run_id: str, status: str) -> Proposed | None:
        """What the data of a run would change in a schema; None while that is worked out.

        Args:
            schema: the text of the schema in force. With the run and its status it says what was asked, so that an edit asks anew.
        """
        key = (schema, run_id, status)
        with self._lock:
            if key not in self._known:
                self._known[key] = None
                Thread(target=self._work, args=(key,), daemon=True).start()
            return self._known[key]

    def _work(self, key: tuple[str, str, str]) -> None:
        try:
            found = self._asked(key[1])
        except (OSError, ValueError, KeyError, TypeError) as error:
            found = Proposed(problem=f"The changes cannot be worked out ({type(error).__name__}: {error}).")
        with self._lock:
            self._known[key] = found
            while len(self._known) > KEPT:
                self._known.popitem(last=False)

    def _asked(self, run_id: str) -> Proposed:
        code, said, problems = retrain("schema", "diff", f"--run={run_id}", *self._common(), "--json", start=GENTLY)
        if code:
            return Proposed(problem=" ".join(problems) or f"`retrain schema diff` ended with exit code {code}.")
        return Proposed(tuple(SchemaChange(**c) for c in json.loads(said)["changes"]))

    def _common(self) -> list[str]:
        # Absolute paths: they never look like options.
        return [f"--workspace={self._root}", str(self._config)]

    def accept(self, reason: str, features: list[str], run: str) -> tuple[int, str, list[str]]:
        """Takes changes over; as `retrain`."""
        words = [f"--reason={reason}", *(f"--feature={f}" for f in features), *([f"--run={run}"] if run else [])]
        return retrain("schema", "accept", *words, *self._common())


def retrain(*words: str, start: str = START) -> tuple[int, str, list[str]]:
    """Runs a command to its end in a process of its own.

    Args:
        start: what Python is told first.

    Returns:
        Exit code, standard output, and the problems that it named.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-c", start, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=SECONDS,
            check=False,
            encoding="utf-8",
            errors="replace",
        )
    except subprocess.TimeoutExpired:
        return 1, "", [f"No answer after {SECONDS:.0f} seconds."]
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    told = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    return done.returncode, done.stdout.strip(), told or lines[-3:]

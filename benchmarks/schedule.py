"""The 16 taxi spans arriving one by one in a watched folder under `retrain schedule`, and what a cold run of some of them costs.

Scheduled and cold runs alternate, so that whatever else the machine does hits both. A span arrives when the process of the next run has
imported everything, as it has when data come by the hour. A cold run is `retrain run`, started by hand in a project of its own that had
the same spans before: imports included, nothing cached, and the same champion to compare with.

python -m benchmarks.schedule [--spans 16] [--output docs/scheduling.md]
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import resource
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.compare import ROOT, environment
from benchmarks.pages import put
from benchmarks.processes import Tree

MARKS = ("<!-- begin: python -m benchmarks.schedule -->", "<!-- end of schedule -->")
SCHEDULE = "schedule: {on_new_data: {settle: 1s, poll: 1s}}\n"
#: Longest time that a run may take, seconds.
PATIENCE = 600
#: A process that has used less than `IDLE_SHARE` of one core for this long, in seconds, has nothing to do.
IDLE_FOR = 2.0
IDLE_SHARE = 0.02


@dataclass(frozen=True)
class Cost:
    """What a run took: seconds on the clock, and of the processors by all of its processes.

    Attributes:
        ahead: processor seconds before there was anything to do: the imports of the waiting process.
    """

    wall: float
    cpu: float
    ahead: float = 0.0


@dataclass(frozen=True)
class Line:
    """One span: what the scheduler's history says, what it cost, and the cold run beside it."""

    outcome: dict[str, Any]
    cost: Cost
    cold: Cost


def retrain(*words: object) -> list[str]:
    """A command line."""
    return [sys.executable, "-m", "pipeline.cli", *map(str, words)]


def project(folder: Path) -> Path:
    """The taxi example's configuration, with a schedule, beside an empty folder of data."""
    text = (ROOT / "examples" / "taxi.yaml").read_text(encoding="utf-8")
    text = text.replace("../data/taxi/", "data/").replace("../schemas/", f"{ROOT}/schemas/")
    folder.mkdir(parents=True)
    (folder / "data").mkdir()
    config = folder / "taxi.yaml"
    config.write_text(text + SCHEDULE, encoding="utf-8")
    return config


def deliver(source: Path, data: Path, span: int) -> None:
    """A span appears, as a copy over a network would: under its name at once, file by file."""
    shutil.copytree(source / f"span-{span}", data / f"span-{span}")


def history(config: Path) -> list[dict[str, Any]]:
    """How scheduled runs ended so far. Read from the file, which costs nothing beside what is measured."""
    try:
        text = (config.parent / ".retrain" / "schedule" / "taxi" / "state.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    return [o for o in json.loads(text)["history"] if o["status"] != "skipped"]


class Watched:
    """A folder under `retrain schedule`; use it as a context manager.

    Args:
        folder: for the configuration, the data and the workspace; made here.
        source: has the folders of all spans.
    """

    def __init__(self, folder: Path, source: Path):
        self._config, self._source = project(folder), source
        self._log = (folder / "log.txt").open("w")
        self._process = subprocess.Popen(
            retrain("schedule", self._config), cwd=ROOT, env=environment(), stdout=self._log, stderr=subprocess.STDOUT
        )
        self._tree = Tree(self._process.pid)

    def __enter__(self) -> Watched:
        return self

    def __exit__(self, *error: object) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(60)
        self._log.close()

    def _alive(self, began: float) -> None:
        if time.monotonic() - began > PATIENCE or self._process.poll() is not None:
            raise RuntimeError((self._config.parent / "log.txt").read_text(encoding="utf-8")[-2000:])

    def ready(self) -> None:
        """Waits for the process of the next run to be there and to have nothing left to do."""
        began = time.monotonic()
        while len(self._tree.pids()) < 3 or self._tree.share(IDLE_FOR) > IDLE_SHARE:
            self._alive(began)
            time.sleep(0.2)

    def run(self, span: int) -> tuple[dict[str, Any], Cost]:
        """Delivers a span and waits for the end of its run."""
        self.ready()
        number, began = len(history(self._config)), time.monotonic()
        # Processes that have ended count from when they are waited for, so what has ended by now is the runs before.
        ahead, ended = self._tree.children(), self._tree.ended()
        deliver(self._source, self._config.parent / "data", span)
        while len(ends := history(self._config)) == number:
            self._alive(began)
            time.sleep(0.2)
        return ends[-1], Cost(ends[-1]["seconds"], self._tree.ended() - ended - ahead, ahead)


class ByHand:
    """A project whose runs are started by hand."""

    def __init__(self, folder: Path, source: Path):
        self._config, self._source = project(folder), source

    def run(self, span: int) -> tuple[int, Cost]:
        """A span comes, and `retrain run`, imports included: its exit code and what it cost."""
        deliver(self._source, self._config.parent / "data", span)
        words = retrain("run", self._config, "--span", span)
        began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN)
        code = subprocess.run(words, cwd=ROOT, env=environment(), capture_output=True, check=False).returncode
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return code, Cost(time.monotonic() - began, used)


def measure(folder: Path, source: Path, spans: int) -> Iterator[Line]:
    """All spans in order, the cold run of a span right after its scheduled one.

    Raises:
        RuntimeError: when the two end differently, and so cannot be compared.
    """
    by_hand = ByHand(folder / "by-hand", source)
    with Watched(folder / "watched", source) as watched:
        for span in range(1, spans + 1):
            outcome, cost = watched.run(span)
            watched.ready()
            code, cold = by_hand.run(span)
            if code != outcome["exit_code"]:
                raise RuntimeError(f"span {span}: scheduled {outcome}, by hand exit code {code}")
            yield Line(outcome, cost, cold)


def table(lines: list[Line]) -> str:
    """The runs as Markdown.

    Of blocked ones, processor time is not known: what waits to ask a model goes on to wait, with what it has used.
    """
    head = ["span", "verdict", "why", "reused", "s", "CPU s", "cold, s", "cold, CPU s"]
    out = [f"| {' | '.join(head)} |", "| ---: | --- | --- | --- | ---: | ---: | ---: | ---: |"]
    for line in lines:
        of = line.outcome
        cells = [
            str(of["span"]),
            of["status"],
            str(of["headline"]).replace("|", "/"),
            "; ".join(of["reused"]) or "–",
            f"{line.cost.wall:.1f}",
            "–" if of["status"] == "blocked" else f"{line.cost.cpu:.1f}",
            f"{line.cold.wall:.1f}",
            f"{line.cold.cpu:.1f}",
        ]
        out.append(f"| {' | '.join(cells)} |")
    return "\n".join(out)


def summary(lines: list[Line]) -> str:
    """The ratios of all spans but the first (without a champion, that is another run): runs that trained, and those that were blocked."""
    trained = [line for line in lines[1:] if line.outcome["status"] != "blocked"]
    blocked = [line for line in lines[1:] if line.outcome["status"] == "blocked"]
    told = [ratios(what, part) for what, part in (("trained", trained), ("were blocked", blocked)) if part]
    ahead = statistics.fmean(line.cost.ahead for line in lines)
    stack = " and ".join(f"{p} {importlib.metadata.version(p)}" for p in ("tfx", "tensorflow"))
    return "\n".join(
        [
            *told,
            f"{ahead:.1f} s more of it had been spent ahead of each run, while nothing was to do, on the imports of the waiting processes.",
            f"Measured with {stack}, {os.cpu_count()} cores, load {os.getloadavg()[2]:.1f} over the last 15 minutes.",
        ]
    )


def ratios(what: str, lines: list[Line]) -> str:
    """What scheduled runs took of the time of cold ones, on the clock and of the processors."""
    walls = sorted(line.cost.wall / line.cold.wall for line in lines)
    cpus = sorted(line.cost.cpu / line.cold.cpu for line in lines if line.outcome["status"] != "blocked")
    told = (
        f"The {len(lines)} scheduled runs that {what} took {statistics.median(walls):.0%} of the time of cold ones (median; "
        f"{walls[0]:.0%} to {walls[-1]:.0%})"
    )
    if not cpus:
        return f"{told}."
    return f"{told}, and {statistics.median(cpus):.0%} of their processor time ({cpus[0]:.0%} to {cpus[-1]:.0%})."


def main() -> int:
    """Measures and writes the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--spans", type=int, default=16)
    parser.add_argument("--output", type=Path)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="schedule-") as name:
        folder = Path(name)
        source = folder / "source"
        subprocess.run([sys.executable, "-m", "data.taxi", "--output", str(source)], cwd=ROOT, check=True)
        lines: list[Line] = []
        for line in measure(folder, source, words.spans):
            lines.append(line)
            print(line.outcome["span"], line.outcome["status"], line.cost, "cold:", line.cold, flush=True)
            made = f"{table(lines)}\n\n{summary(lines)}"
            if words.output:
                put(words.output, MARKS, made)
    print(made)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

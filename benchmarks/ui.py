"""How fast `retrain ui` answers with a long history: every page, over real connections.

python -m benchmarks.ui [--runs 1000] [--project FOLDER] [--output docs/ui.md]

The history is made from real runs: each record is a copy of one of them with another id, day and span, and with metrics and statistics
that vary a little. ``--project`` is a folder with runs of the taxi example, as ``scripts/screenshots.py --projects FOLDER`` leaves it in
FOLDER/taxi; it is copied. Without it, one run is made first.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks.compare import ROOT, environment
from benchmarks.pages import put
from benchmarks.schedule import SCHEDULE, deliver, project, retrain

MARKS = ("<!-- begin: python -m benchmarks.ui -->", "<!-- end of ui -->")
#: Calls of a page after its first one.
AGAIN = 9
#: No answer may take longer once the history has been read, ms.
LIMIT = 300.0
FIRST_DAY = datetime(2024, 1, 1, 3, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Timing:
    """Times of one page, ms, and its size in bytes; `processor` is what a later call costs the server, also when others are at work."""

    name: str
    first: float
    later: tuple[float, ...]
    processor: float
    size: int


def one_run(folder: Path) -> Path:
    """A project after one run; its configuration."""
    config = project(folder)
    source = folder / "source"
    subprocess.run([sys.executable, "-m", "data.taxi", "--output", str(source)], cwd=ROOT, check=True)
    for span in range(5, 9):
        deliver(source, config.parent / "data", span)
    subprocess.run(retrain("run", config), cwd=ROOT, env=environment(), check=True, capture_output=True)
    return config


def copied(source: Path, folder: Path) -> Path:
    """A copy of a project; records still point to the artifacts of the first one."""
    leave_out = shutil.ignore_patterns("source", "*.log")
    shutil.copytree(source, folder, ignore=leave_out)
    return folder / "taxi.yaml"


def multiply(workspace: Path, runs: int, seed: int = 7) -> None:
    """Puts `runs` records in the place of those that are there, a day and a span each."""
    draw = random.Random(seed)
    folder = workspace / "runs"
    models = [json.loads(p.read_text(encoding="utf-8")) for p in sorted(folder.glob("*/run.json"))]
    for old in list(folder.iterdir()):
        shutil.rmtree(old)
    for number in range(1, runs + 1):
        record = varied(models[number % len(models)], number, draw)
        place = folder / record["run_id"]
        place.mkdir()
        (place / "run.json").write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")


def varied(model: dict[str, Any], number: int, draw: random.Random) -> dict[str, Any]:
    """A record as another day would have left it."""
    record: dict[str, Any] = json.loads(json.dumps(model))
    day, old = FIRST_DAY + timedelta(days=number), record["span"]
    record |= {"run_id": f"{day:%Y%m%d-%H%M%S}-s{number}-{draw.randrange(16**4):04x}", "span": number}
    record["started"] = day.isoformat()
    for finding in record["findings"]:
        if finding["span"] == old:
            finding["span"] = number
        if finding["statistic"] is not None:
            finding["statistic"] *= draw.uniform(0.8, 1.2)
    for part in (record["evaluation"] or {}).get("slices", []):
        for value in part["candidate"].values():
            factor = draw.uniform(0.97, 1.0)
            value |= {key: number * factor for key, number in value.items() if number is not None}
    return record


@contextmanager
def served(config: Path) -> Iterator[tuple[int, str, float, int]]:
    """The UI at work: its port, its token, the seconds until it said where it is, and its process."""
    began = time.monotonic()
    server = subprocess.Popen(
        retrain("ui", config, "--port", 0), cwd=ROOT, env=environment(), stderr=subprocess.PIPE, text=True
    )
    try:
        assert server.stderr is not None
        for line in server.stderr:
            if found := re.search(r"http://[^:]+:(\d+)/\?token=(\S+)", line):
                yield int(found[1]), found[2], time.monotonic() - began, server.pid
                break
        else:
            raise RuntimeError("the UI did not start")
    finally:
        server.terminate()
        server.wait(30)


def call(port: int, path: str, cookie: str) -> tuple[float, int]:
    """Milliseconds until a page is here as a whole, and its bytes.

    Raises:
        RuntimeError: when it is not answered with 200.
    """
    began = time.perf_counter()
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    text = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"{path}: {answer.status}\n{text.decode('utf-8')[-2000:]}")
    return (time.perf_counter() - began) * 1000, len(text)


def cookie_of(port: int, token: str) -> str:
    """What the first visit leaves: with it, pages have their forms."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", f"/?token={token}")
    cookie = connection.getresponse().getheader("set-cookie") or ""
    connection.close()
    return cookie.partition(";")[0]


def pages(ids: list[str]) -> dict[str, str]:
    """What is measured: name -> address. `ids`: newest first."""
    new, older, oldest = ids[0], ids[len(ids) // 2], ids[-1]
    return {
        "runs": "/",
        "runs, last page": f"/?page={len(ids)}",
        "runs, filtered and sorted": "/?text=pushed&sort=-metric",
        "trends, 50 spans": "/trends",
        "trends, the most spans": f"/trends?spans={len(ids)}",
        "trends of one input": "/trends?about=fare",
        "compare: choose two": "/compare",
        "compare two runs": f"/compare?before={older}&after={new}",
        "schema": "/schema",
        "schedule": "/schedule",
        "versions": "/versions",
        "actions": "/actions",
        "newest run": f"/runs/{new}",
        "oldest run": f"/runs/{oldest}",
        "causes, newest run": f"/runs/{new}/why",
        "causes, a run in the middle": f"/runs/{older}/why",
        "state of a run (JSON)": f"/runs/{new}/live",
    }


def used(process: int) -> float:
    """Processor time of a process so far, ms."""
    words = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def measure(port: int, token: str, ids: list[str], process: int) -> list[Timing]:
    """Every page: once, and then again."""
    cookie = cookie_of(port, token)
    found = []
    for name, path in pages(ids).items():
        first, size = call(port, path, cookie)
        before = used(process)
        later = tuple(call(port, path, cookie)[0] for _ in range(AGAIN))
        found.append(Timing(name, first, later, (used(process) - before) / AGAIN, size))
        print(f"{name}: {first:.0f} ms, then {statistics.median(later):.0f} ms (at most {max(later):.0f})", flush=True)
    return found


def memory(process: int) -> float:
    """Resident memory of a process, MB."""
    text = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    return int(text.partition("VmRSS:")[2].split()[0]) / 1024


def table(runs: int, kb: float, start: float, reading: float, resident: float, found: list[Timing]) -> str:
    """The figures as Markdown; `reading` is the processor time that a start takes more than one without runs, seconds."""
    slowest = max(max(t.first, *t.later) for t in found)
    others = os.getloadavg()[0]
    shared = (
        ""
        if others <= (os.cpu_count() or 1)
        else " Times include waiting for the cores; what it costs is in column processor."
    )
    lines = [
        f"{runs:,} runs, {kb:.0f} kB a record; {os.cpu_count()} cores, with {others:.0f} processes that wanted them "
        f"(niceness {os.nice(0)}). "
        f"Start until the address is printed: {start:.1f} s; reading the history costs {reading:.1f} s of a core. "
        f"Memory: {resident:.0f} MB. "
        f"Slowest answer: {slowest:.0f} ms; the limit is {LIMIT:.0f} ms.{shared}",
        "",
        "| page | first, ms | then, ms (median) | at most, ms | processor, ms | kB |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for t in found:
        times = (t.first, statistics.median(t.later), max(t.later), t.processor, t.size / 1000)
        lines.append(f"| {t.name} | " + " | ".join(f"{n:.0f}" for n in times) + " |")
    return "\n".join(lines)


def main() -> int:
    """Measures; exit code 1 when a page took longer than it may."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--project", type=Path)
    parser.add_argument("--output", type=Path)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ui-") as name:
        folder = Path(name, "taxi")
        config = copied(words.project.resolve(), folder) if words.project else one_run(folder)
        text = config.read_text(encoding="utf-8")
        if "\nschedule:" not in text:
            config.write_text(text + SCHEDULE, encoding="utf-8")
        workspace = folder / ".retrain"
        kept = folder / "kept"
        (workspace / "runs").rename(kept)
        with served(config) as (_, _, _, process):
            empty = used(process)
        kept.rename(workspace / "runs")
        multiply(workspace, words.runs)
        records = sorted((workspace / "runs").glob("*/run.json"), reverse=True)
        kb = statistics.fmean(p.stat().st_size for p in records) / 1000
        with served(config) as (port, token, start, process):
            reading = (used(process) - empty) / 1000
            found = measure(port, token, [p.parent.name for p in records], process)
            made = table(words.runs, kb, start, reading, memory(process), found)
    print(made)
    if words.output:
        put(words.output, MARKS, made)
    return int(any(max(t.first, *t.later) > LIMIT for t in found))


if __name__ == "__main__":
    raise SystemExit(main())

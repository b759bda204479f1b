"""The 16 taxi spans arriving one by one in a watched folder under `retrain schedule`, and what a cold run of some of them costs.

python -m benchmarks.schedule [--spans 16] [--cold 6 11 16] [--output docs/scheduling.md]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.compare import ROOT, environment
from benchmarks.pages import put

MARKS = ("<!-- begin: python -m benchmarks.schedule -->", "<!-- end of schedule -->")
SCHEDULE = "schedule: {on_new_data: {settle: 1s, poll: 1s}}\n"
#: Longest time that a run may take, seconds.
PATIENCE = 600


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
    """How runs ended so far."""
    done = subprocess.run(
        retrain("schedule", config, "status", "--json"), cwd=ROOT, env=environment(), capture_output=True, check=True
    )
    state = json.loads(done.stdout)["state"]
    return list(state["history"]) if state else []


def watch(config: Path, source: Path, spans: int) -> list[dict[str, Any]]:
    """What the scheduler made of each span."""
    log = (config.parent / "log.txt").open("w")
    scheduler = subprocess.Popen(
        retrain("schedule", config), cwd=ROOT, env=environment(), stdout=log, stderr=subprocess.STDOUT
    )
    found = []
    try:
        for span in range(1, spans + 1):
            deliver(source, config.parent / "data", span)
            end = time.monotonic() + PATIENCE
            while len(ended := [o for o in history(config) if o["status"] != "skipped"]) < span:
                if time.monotonic() > end or scheduler.poll() is not None:
                    raise RuntimeError(f"span {span}: no run ended; {(config.parent / 'log.txt').read_text()[-2000:]}")
                time.sleep(0.5)
            found.append(ended[-1])
            print(f"span {span}: {ended[-1]['status']}, {ended[-1]['seconds']:.0f} s", flush=True)
    finally:
        scheduler.send_signal(signal.SIGTERM)
        scheduler.wait(60)
        log.close()
    return found


def cold(folder: Path, source: Path, span: int) -> float:
    """Seconds of a first `retrain run` on the same data, imports included."""
    config = project(folder)
    for number in range(1, span + 1):
        deliver(source, config.parent / "data", number)
    began = time.monotonic()
    subprocess.run(
        retrain("run", config, "--span", span), cwd=ROOT, env=environment(), capture_output=True, check=False
    )
    return time.monotonic() - began


def table(found: list[dict[str, Any]], colds: dict[int, float]) -> str:
    """The runs as Markdown, and the ratio."""
    lines = ["| span | verdict | why | seconds | reused | cold run, s |", "| ---: | --- | --- | ---: | --- | ---: |"]
    for outcome in found:
        span = outcome["span"]
        reused = ", ".join(outcome["reused"]) or "–"
        before = f"{colds[span]:.1f}" if span in colds else ""
        headline = str(outcome["headline"]).replace("|", "/")
        lines.append(f"| {span} | {outcome['status']} | {headline} | {outcome['seconds']:.1f} | {reused} | {before} |")
    both = [(o["seconds"], colds[o["span"]]) for o in found if o["span"] in colds]
    ratio = statistics.fmean(a / b for a, b in both)
    told = (
        f"Scheduled runs take {ratio:.0%} of a cold `retrain run` on the same data, on average over {len(both)} spans; "
    )
    told += f"{os.cpu_count()} cores."
    return "\n".join([*lines, "", told])


def main() -> int:
    """Measures and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--spans", type=int, default=16)
    parser.add_argument("--cold", type=int, nargs="*", default=[6, 11, 16])
    parser.add_argument("--output", type=Path)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="schedule-") as name:
        folder = Path(name)
        source = folder / "source"
        subprocess.run([sys.executable, "-m", "data.taxi", "--output", str(source)], cwd=ROOT, check=True)
        found = watch(project(folder / "watched"), source, words.spans)
        colds = {n: cold(folder / f"cold-{n}", source, n) for n in words.cold if n <= words.spans}
    made = table(found, colds)
    print(made)
    if words.output:
        put(words.output, MARKS, made)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

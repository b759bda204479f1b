"""Makes the pictures of docs/img/ from real runs of the taxi example: a pushed one, one blocked by data, one not blessed.

python scripts/screenshots.py [--project FOLDER] [--only-runs]

The runs take some minutes; with ``--project`` they are kept there, and taken from there the next time. Needs Playwright and a Chromium
of the system.
"""

from __future__ import annotations

import argparse
import csv
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.compare import environment  # noqa: E402
from benchmarks.schedule import deliver, history, project, retrain  # noqa: E402

SCHEDULE = "schedule: {cron: '0 3 * * *', on_new_data: {settle: 1s, poll: 1s}, retries: {times: 0}}\n"
#: Too small a learning rate, and too few epochs to make up for it: a mistake that is easily made, and shows in every curve.
MISTAKE = ("train.learning_rate=0.0001", "train.epochs=15")
#: Longest time that a run may take, seconds.
PATIENCE = 900


def make_runs(folder: Path) -> Path:
    """A project with four runs; made anew unless it is there.

    Returns:
        Its configuration.
    """
    config, done = folder / "taxi.yaml", folder / "done"
    if done.exists():
        return config
    config = project(folder)
    text = config.read_text(encoding="utf-8")
    config.write_text(text[: text.index("\nschedule:") + 1] + SCHEDULE, encoding="utf-8")
    source = folder / "source"
    subprocess.run([sys.executable, "-m", "data.taxi", "--output", str(source)], cwd=ROOT, check=True)
    data = folder / "data"
    for span in (4, 5, 6):
        deliver(source, data, span)
    scheduler = start_scheduler(config)
    try:
        for number, span in enumerate((7, 8, 9), start=1):
            if span == 9:
                empty(source / "span-9", "fare", 0.4)
            deliver(source, data, span)
            wait_for(config, number, scheduler)
    finally:
        scheduler.send_signal(signal.SIGTERM)
        scheduler.wait(60)
    words = [w for change in MISTAKE for w in ("--override", change)]
    subprocess.run(retrain("run", config, "--span", 8, *words), cwd=ROOT, env=environment(), check=False)
    done.touch()
    return config


def start_scheduler(config: Path) -> subprocess.Popen[bytes]:
    """`retrain schedule`, at work."""
    log = (config.parent / "schedule.log").open("ab")
    with log:
        return subprocess.Popen(retrain("schedule", config), cwd=ROOT, env=environment(), stdout=log, stderr=log)


def wait_for(config: Path, number: int, scheduler: subprocess.Popen[bytes]) -> None:
    """Waits until so many runs of the scheduler have ended."""
    end = time.monotonic() + PATIENCE
    while len([o for o in history(config) if o["status"] != "skipped"]) < number:
        if time.monotonic() > end or scheduler.poll() is not None:
            raise RuntimeError(f"run {number} did not end: see {config.parent / 'schedule.log'}")
        time.sleep(2)


def empty(span: Path, column: str, share: float) -> None:
    """Takes the values of a column out of some rows, evenly over the files."""
    for path in sorted(span.glob("*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        for number, row in enumerate(rows):
            if number % 100 < share * 100:
                row[column] = ""
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)


def main() -> int:
    """Makes the runs, then the pictures."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--project", type=Path)
    parser.add_argument("--only-runs", action="store_true")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="screenshots-") as name:
        config = make_runs((words.project or Path(name, "taxi")).resolve())
        print(config)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Makes the pictures of docs/img/ from real runs of three examples: taxi (a pushed run, one blocked by data, one not blessed, a
comparison), digits (a pushed run, one blocked by its augmentation) and retina (a pushed run).

python scripts/screenshots.py [--projects FOLDER] [--example NAME] [--only NAME]

The runs take some ten minutes; with ``--projects`` they are kept there, and taken from there the next time. Needs Playwright and a
Chromium of the system.
"""

from __future__ import annotations

import argparse
import csv
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.compare import environment  # noqa: E402
from benchmarks.schedule import deliver, history, project, retrain  # noqa: E402
from benchmarks.ui import served  # noqa: E402
from pipeline.workspace import FOLDER  # noqa: E402

SCHEDULE = "schedule: {cron: '0 3 * * *', on_new_data: {settle: 1s, poll: 1s}, retries: {times: 0}}\n"
#: Too small a learning rate, and too few epochs to make up for it: a mistake that is easily made, and shows in every curve.
MISTAKE = ("train.learning_rate=0.0001", "train.epochs=15")
#: What digits do not look like when only the threes are turned.
ONE_SIDED = 'transform.augment={per_epoch: true, ops: [{rotate: {degrees: 30, classes: ["3"]}}]}'
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
#: Widths, CSS pixels.
DESKTOP, PHONE = 1280, 380
#: So that they can be kept in the repository, bytes.
LARGEST = 150_000
#: Longest time that a run may take, seconds.
PATIENCE = 900


def make_taxi(folder: Path) -> Path:
    """Four runs, three of them by the scheduler.

    Returns:
        Their configuration.
    """
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
    return config


def make_digits(folder: Path) -> Path:
    """A pushed run, and one that turns the threes only."""
    config = example(folder, "digits")
    for words in ((), ("--override", ONE_SIDED)):
        subprocess.run(retrain("run", config, "--span", 4, *words), cwd=ROOT, env=environment(), check=False)
    return config


def make_retina(folder: Path) -> Path:
    """A pushed run."""
    config = example(folder, "retina")
    subprocess.run(retrain("run", config, "--span", 3), cwd=ROOT, env=environment(), check=False)
    return config


def example(folder: Path, name: str) -> Path:
    """The configuration of an example beside its data, which are made."""
    folder.mkdir()
    subprocess.run([sys.executable, "-m", f"data.{name}", "--output", str(folder / "data")], cwd=ROOT, check=True)
    text = (ROOT / "examples" / f"{name}.yaml").read_text(encoding="utf-8").replace(f"../data/{name}/", "data/")
    config = folder / f"{name}.yaml"
    config.write_text(text, encoding="utf-8")
    return config


MAKERS = {"taxi": make_taxi, "digits": make_digits, "retina": make_retina}


def made(folder: Path, name: str) -> Path:
    """The configuration of an example with its runs; made anew unless they are there."""
    config, done = folder / f"{name}.yaml", folder / "done"
    if not done.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        config = MAKERS[name](folder)
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


@dataclass(frozen=True)
class Picture:
    """A page as somebody sees it first, or from a heading on.

    Attributes:
        path: address; ``{blocked}`` and the like are ids of runs.
        height: of the window in CSS pixels; the width is that of the screen.
        at: the id of the heading that it begins with; empty for the top.
    """

    name: str
    path: str
    width: int = DESKTOP
    height: int = 800
    dark: bool = False
    example: str = "taxi"
    at: str = ""


PICTURES = (
    Picture("pushed", "/runs/{pushed}"),
    Picture("blocked", "/runs/{blocked}"),
    Picture("not-blessed", "/runs/{not_blessed}"),
    Picture("compare", "/compare?before={pushed}&after={not_blessed}"),
    Picture("schedule", "/schedule"),
    Picture("runs", "/", dark=True),
    Picture("phone-pushed", "/runs/{pushed}", PHONE),
    Picture("phone-blocked", "/runs/{blocked}", PHONE),
    Picture("phone-runs", "/", PHONE),
    Picture("data", "/runs/{pushed}", at="data"),
    Picture("digits", "/runs/{pushed}", example="digits"),
    Picture("one-sided", "/runs/{blocked}", example="digits"),
    Picture("one-sided-histograms", "/runs/{blocked}", example="digits", at="augmentation", height=560),
    Picture("retina", "/runs/{pushed}", example="retina"),
    Picture("retina-classes", "/runs/{pushed}", example="retina", at="metrics", height=1500),
)


def ids_of(config: Path) -> dict[str, str]:
    """How it ended -> the newest run that ended so."""
    found = {}
    for path in sorted((config.parent / FOLDER / "runs").glob("*/run.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        found[record["status"]] = record["run_id"]
    return found


def take(address: str, ids: dict[str, str], output: Path, pictures: list[Picture]) -> None:
    """Opens pages in Chromium, and keeps what the window shows."""
    from playwright.sync_api import sync_playwright

    browser_path = next((p for n in BROWSERS if (p := shutil.which(n))), None)
    if browser_path is None:
        raise SystemExit(f"error: none of {', '.join(BROWSERS)} is installed; there are no pictures without a browser.")
    output.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=browser_path)
        for picture in pictures:
            page = browser.new_page(
                viewport={"width": picture.width, "height": picture.height},
                color_scheme="dark" if picture.dark else "light",
            )
            page.goto(address)
            page.goto(address.partition("/?")[0] + picture.path.format(**ids), wait_until="networkidle")
            if picture.at:
                page.evaluate("id => document.getElementById(id).closest('section').scrollIntoView()", picture.at)
            page.screenshot(path=output / f"{picture.name}.png")
            page.close()
            shrink(output / f"{picture.name}.png")
        browser.close()


def shrink(path: Path) -> None:
    """The same picture with a palette of 128 colours: pages have few, and a third of the bytes is enough."""
    with Image.open(path) as image:
        small = image.convert("RGB").quantize(128, dither=Image.Dither.NONE)
    small.save(path, optimize=True)
    size = path.stat().st_size
    print(f"{path}: {size / 1000:.0f} kB")
    if size > LARGEST:
        raise SystemExit(f"error: {path} has {size:,} bytes; at most {LARGEST:,}.")


def main() -> int:
    """Makes the runs, then the pictures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--projects", type=Path, help="folder where the runs are kept")
    parser.add_argument("--example", choices=sorted(MAKERS), help="only this one")
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "img")
    parser.add_argument("--only", default="", help="part of a picture's name")
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="screenshots-") as name:
        for example_name in [words.example] if words.example else MAKERS:
            pictures = [p for p in PICTURES if p.example == example_name and words.only in p.name]
            if not pictures:
                continue
            config = made((words.projects or Path(name)).resolve() / example_name, example_name)
            scheduler = start_scheduler(config) if example_name == "taxi" else None
            try:
                with served(config) as (port, token, _, _):
                    take(f"http://127.0.0.1:{port}/?token={token}", ids_of(config), words.output, pictures)
            finally:
                if scheduler:
                    scheduler.send_signal(signal.SIGTERM)
                    scheduler.wait(60)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""What the data checks cost beside the statistics, on a span after an accepted one; writes a table of docs/validation.md.

python -m benchmarks.check_cost [--rows 300000] [--output docs/validation.md]
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.compare import make_data

ROOT = Path(__file__).parents[1]
MARKS = ("<!-- begin: python -m benchmarks.check_cost -->", "<!-- end of cost -->")
CONFIG = """
name: cost
data:
  source: {csv: "span-{SPAN}/*.csv"}
  window: {last_spans: 1}
  label: big_tipper
  exclude: [trip_start_month]
checks: {missing_fraction: off}
"""


def retrain(config: Path, span: int) -> dict[str, Any]:
    """The data stages of one run; its record."""
    words = ["run", str(config), "--span", str(span), "--until", "require_ok", "--no-cache", "--json"]
    done = subprocess.run(
        [sys.executable, "-m", "pipeline.cli", *words],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    record: dict[str, Any] = json.loads(done.stdout)
    return record


def main() -> int:
    """Measures and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rows", type=int, default=300_000)
    parser.add_argument("--output", type=Path)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="cost-") as name:
        folder = Path(name)
        for span in (1, 2):
            make_data(words.rows, folder / f"span-{span}", seed=span)
        (folder / "cost.yaml").write_text(CONFIG)
        retrain(folder / "cost.yaml", 1)
        record = retrain(folder / "cost.yaml", 2)
    seconds = {s["name"]: s["seconds"] for s in record["stages"]}
    checks = len({f["code"] for f in record["findings"]})
    statistics, inspection = seconds["statistics"], seconds["inspect_data"]
    stack = f"TFX {importlib.metadata.version('tfx')}, {os.cpu_count()} cores"
    made = (
        f"{words.rows:,} rows of 16 columns, {stack}: TFDV's statistics {statistics:.1f} s, `inspect_data` (counting all rows, sampling, "
        f"findings of {checks} codes) {inspection:.1f} s, which is {inspection / statistics:.2f} of it."
    )
    print(made)
    if words.output:
        text = words.output.read_text(encoding="utf-8")
        head, _, rest = text.partition(MARKS[0])
        words.output.write_text(head + "\n\n".join([MARKS[0], made, MARKS[1]]) + rest.partition(MARKS[1])[2], "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

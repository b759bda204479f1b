"""Runs the data stages over the 16 taxi spans in order, as they would have come, and lists every finding that is no pass.

python -m benchmarks.taxi_history [--output docs/validation.md]

Each span is a real `retrain run --until require_ok`. A span that is blocked is accepted with a reason, as a person would after having read
the finding, so that the next one has a reference.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from data.taxi import build

ROOT = Path(__file__).parents[1]
MARKS = ("<!-- begin: python -m benchmarks.taxi_history -->", "<!-- end of history -->")


def retrain(config: Path, span: int, accept: list[str]) -> dict[str, Any]:
    """One run; its record."""
    words = [sys.executable, "-m", "pipeline.cli", "run", str(config), "--span", str(span), "--until", "require_ok"]
    words += [w for code in accept for w in ("--accept", code)]
    words += ["--reason", "read and judged: real"] * bool(accept)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([*words, "--json"], capture_output=True, text=True, cwd=ROOT, env=env, check=False)
    record: dict[str, Any] = json.loads(done.stdout)
    return record


def quarter(span: int) -> str:
    """``2013 Q1`` for span 1."""
    return f"{2013 + (span - 1) // 4} Q{(span - 1) % 4 + 1}"


def main() -> int:
    """Runs the history and writes the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--output", type=Path)
    output = parser.parse_args().output
    lines = ["| span | rows | verdict | findings |", "| --- | ---: | --- | --- |"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder / "data")
        text = (ROOT / "examples" / "taxi.yaml").read_text(encoding="utf-8")
        config = folder / "taxi.yaml"
        config.write_text(text.replace("../data/taxi/", "data/").replace("../schemas/", f"{ROOT}/schemas/"))
        for span in range(1, 17):
            record = retrain(config, span, [])
            told = [f for f in record["findings"] if f["severity"] != "ok"]
            rows = record["data"]["spans"][-1]["rows"] if record["data"] else 0
            said = "<br>".join(f"**{f['severity']}** `{f['code']}` {f['message']}" for f in told) or "quiet"
            lines.append(f"| {span} ({quarter(span)}) | {rows:,} | {record['status']} | {said} |")
            print(lines[-1], flush=True)
            if record["status"] == "blocked":
                again = retrain(config, span, sorted({f["code"] for f in told if f["severity"] == "block"}))
                assert again["status"] == "checked", again["error"]
    if output:
        page = output.read_text(encoding="utf-8")
        head, rest = page.split(MARKS[0])
        page = f"{head}{MARKS[0]}\n\n" + "\n".join(lines) + f"\n\n{MARKS[1]}" + rest.split(MARKS[1], 1)[1]
        output.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

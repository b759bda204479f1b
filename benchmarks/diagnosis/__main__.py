"""Runs the suite and writes docs/diagnosis.md.

python -m benchmarks.diagnosis [--answers FILE] [--resume] [--again] [--only taxi] [--fault missing] [--of settings] [--seed 0] [--clean 5]
    [--most N] [--minutes M] [--experiments 3] [--output docs/diagnosis.md]
python -m benchmarks.diagnosis --inspect [--unseen] [--answers FILE] [--only taxi] [--fault missing] [--seed 0] [--output docs/diagnosis.md]
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path

from benchmarks.diagnosis.cases import KNOWN, UNSEEN, Answer, Case, Suite, in_order, load
from benchmarks.diagnosis.inspected import inspected
from benchmarks.diagnosis.page import blocked_page, page
from benchmarks.diagnosis.trial import Workers, ask, ask_again, prepare, warmed
from benchmarks.pages import put

BLOCKED_MARKS = ("<!-- begin: python -m benchmarks.diagnosis --inspect -->", "<!-- end of diagnosis --inspect -->")
UNSEEN_MARKS = (
    "<!-- begin: python -m benchmarks.diagnosis --inspect --unseen -->",
    "<!-- end of diagnosis --inspect --unseen -->",
)
MARKS = ("<!-- begin: python -m benchmarks.diagnosis -->", "<!-- end of diagnosis -->")


def arguments() -> argparse.Namespace:
    """The words of the command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0] if __doc__ else "")
    parser.add_argument("--answers", type=Path, help="file of JSON lines that answers are appended to as they come")
    parser.add_argument("--resume", action="store_true", help="keep the answers that the file has")
    parser.add_argument("--again", action="store_true", help="ask again from the kept records; run nothing")
    parser.add_argument("--inspect", action="store_true", help="faults of data only, and no further than to the checks")
    parser.add_argument("--unseen", action="store_true", help="data sets and faults that no rule was made with")
    parser.add_argument("--only", default="", help="data sets whose name contains this")
    parser.add_argument("--fault", default="", help="faults whose name contains this")
    parser.add_argument(
        "--of", choices=("data", "settings"), help="faults of the data only, or of the configuration only"
    )
    parser.add_argument("--seed", type=int, default=0, help="0: the strengths as listed; else drawn around them")
    parser.add_argument("--clean", type=int, default=5, help="clean retrains of each data set")
    parser.add_argument("--most", type=int, help="run no more cases than this")
    parser.add_argument("--minutes", type=float, help="start no case after this time")
    parser.add_argument("--no-remedies", action="store_true", help="do not run again with the remedies")
    parser.add_argument("--experiments", type=int, default=0, help="so many at most, where an answer is not clear")
    parser.add_argument("--output", type=Path)
    words = parser.parse_args()
    if words.unseen and words.output and not words.inspect:
        parser.error("--unseen writes a page with --inspect only")
    if (words.resume or words.again) and words.answers is None:
        parser.error("--resume and --again need --answers FILE")
    return words


def _suite(words: argparse.Namespace) -> Suite:
    return UNSEEN if words.unseen else KNOWN


def main() -> int:
    """Runs and writes."""
    words = arguments()
    with tempfile.TemporaryDirectory(prefix="diagnosis-") as name:
        file = words.answers or Path(name) / "answers.jsonl"
        file.parent.mkdir(parents=True, exist_ok=True)
        if words.inspect:
            return _inspect(words, file)
        answers = _again(words, file) if words.again else _run(words, file)
    text = page(answers, len(in_order(words.only, words.fault, words.seed, words.clean, _suite(words))))
    print(text)
    if words.output:
        put(words.output, MARKS, text)
    return 0


def _inspect(words: argparse.Namespace, file: Path) -> int:
    """Faults of data through the data stages alone."""
    answers = []
    cases = in_order(words.only, words.fault, words.seed, 0, _suite(words))
    for got in inspected(cases, file.with_suffix(".projects")):
        answers.append(got)
        causes = ", ".join(f"{code} {score:.2f}" for code, score in got.causes[:3])
        print(f"{got.name}: place {got.place}: {causes or got.outcome}", flush=True)
        if words.answers is not None:
            with file.open("a", encoding="utf-8") as lines:
                lines.write(got.line() + "\n")
    text = blocked_page(answers)
    print(text)
    if words.output:
        put(words.output, UNSEEN_MARKS if words.unseen else BLOCKED_MARKS, text)
    return 0


def _cases(words: argparse.Namespace) -> list[Case]:
    """What is asked for."""
    cases = in_order(words.only, words.fault, words.seed, words.clean, _suite(words))
    return [c for c in cases if c.fault is None or words.of in (None, "data" if c.fault.spoil else "settings")]


def _again(words: argparse.Namespace, file: Path) -> list[Answer]:
    """What the diagnosis says now of records that are kept."""
    known = {a.name: a for a in load(file)}
    cases = in_order(words.only, words.fault, words.seed, words.clean, _suite(words))
    return [ask_again(c, file.with_suffix(".records"), known[c.name]) for c in cases if c.name in known]


def _run(words: argparse.Namespace, file: Path) -> list[Answer]:
    records, projects, work = (file.resolve().with_suffix(s) for s in (".records", ".projects", ".work"))
    began = time.monotonic()
    if not words.resume:
        file.unlink(missing_ok=True)
        shutil.rmtree(projects, ignore_errors=True)
    done = {a.name: a for a in load(file)}
    cases = _cases(words)
    workers = Workers(file.with_suffix(".log"))
    try:
        for case in [c for c in cases if c.name not in done][: words.most]:
            if words.minutes is not None and time.monotonic() - began > 60 * words.minutes:
                break
            project = prepare(case.dataset, projects, workers)
            if case.fault is not None and case.fault.spoil is None:
                project = warmed(case.dataset, project, work, workers)
            got = done[case.name] = ask(case, project, work, records, workers, not words.no_remedies, words.experiments)
            with file.open("a", encoding="utf-8") as lines:
                lines.write(got.line() + "\n")
            causes = ", ".join(f"{code} {score:.2f}" for code, score in got.causes[:3])
            print(f"{got.name}: exit {got.exit_code}, place {got.place}: {causes or got.headline}", flush=True)
    finally:
        workers.close()
    return [done[c.name] for c in cases if c.name in done]


if __name__ == "__main__":
    raise SystemExit(main())

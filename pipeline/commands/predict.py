"""`retrain predict`: scores a file of raw rows with a served model, batch by batch; bad rows are reported and not fatal."""

from __future__ import annotations

import csv
import os
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from components.served import versions
from pipeline.commands.output import emit_json
from pipeline.errors import UsageError
from pipeline.workspace import Workspace
from schemas.config import PipelineConfig, load_config
from schemas.findings import DataBlocked


def model_folder(directory: Path, version: int | None) -> tuple[int, str]:
    """The version to score with: the one asked for, else the newest.

    Raises:
        UsageError: when it is not there.
    """
    there = versions(str(directory))
    if not there:
        raise UsageError(f"{directory} has no model yet. Run `retrain run` until a model is pushed.")
    if version is not None and version not in there:
        raise UsageError(f"--version {version}: there is none. Versions: {', '.join(map(str, there))}.")
    number = max(there) if version is None else version
    return number, there[number]


def format_of(path: Path, config: PipelineConfig) -> str:
    """Format of an input file: by its ending, else as configured."""
    endings = {".csv": "csv", ".parquet": "parquet", ".tfrecord": "tfrecord"}
    return endings.get(path.with_suffix("").suffix if path.suffix == ".gz" else path.suffix, config.data.source.format)


@dataclass
class Counts:
    """What became of the rows: `rest` is the reason why the file could not be read to its end."""

    scored: int = 0
    rejected: int = 0
    rest: str | None = None


def rejected_path(output: Path) -> Path:
    """Where the rows that could not be scored are listed."""
    return output.with_name(f"{output.name}.rejected.csv")


def write_scores(path: Path, form: str, model: str, scores: TextIO, rejected: TextIO) -> Counts:
    """Writes one line per row of the file, so that lines and rows go side by side; that of a rejected row is empty but for commas.

    Raises:
        UsageError: when the file lacks a column that the model needs.
        DataBlocked: when not even its first row can be read.
    """
    from components.scoring import lacking, score_rows
    from components.serving import Scorer
    from components.threshold import decided

    scorer = Scorer(model)
    if names := lacking(str(path), form, scorer):
        raise UsageError(
            f"{path}: lacks the columns {', '.join(names)}, which the model needs. They may be empty, but must be there."
        )
    to_scores, to_rejected = csv.writer(scores, lineterminator="\n"), csv.writer(rejected, lineterminator="\n")
    amounts = scorer.contract.amounts
    to_scores.writerow(["prediction", *(f"probability_{v}" for v in scorer.labels)])
    to_rejected.writerow(["file", "row", "reason"])
    counts, blank = Counts(), [""] * (1 + len(scorer.labels))
    for part in score_rows(str(path), form, scorer):
        best = [] if amounts else [scorer.labels[i] for i in decided(part.scores, scorer.threshold).argmax(axis=1)]
        rows = [[f"{s:.9g}" for s in row] for row in part.scores.tolist()]
        told = rows if amounts else [[p, *row] for p, row in zip(best, rows, strict=True)]
        lines = dict(zip(part.numbers.tolist(), told, strict=True)) | {
            r.row: blank for r in part.rejected if not r.rest
        }
        to_scores.writerows(lines[row] for row in sorted(lines))
        to_rejected.writerows([str(path), r.row, r.reason] for r in part.rejected)
        counts.scored += len(told)
        counts.rejected += sum(not r.rest for r in part.rejected)
        counts.rest = next((f"row {r.row}: {r.reason}" for r in part.rejected if r.rest), counts.rest)
    return counts


def predict_command(
    config: Path, input_path: Path, output_path: Path, version: int | None, workspace: Path | None, as_json: bool
) -> int:
    """Writes one line per row: predicted label and the probability of each label value, or the predicted amount; bad rows are listed
    beside it.

    Returns:
        0, also when some rows were rejected; 3 when all were (the output is then left as it was), or when the file could not be read
        to its end.

    Raises:
        UsageError: when there is no model, or the input cannot be used; the output is then left as it was.
    """
    os.environ["TF_USE_LEGACY_KERAS"] = "0"
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    # Clients of Google Cloud, which TFX imports and nothing here uses, complain about the age of Python.
    warnings.filterwarnings("ignore", category=FutureWarning, module="google")
    parsed = load_config(config)
    place = Workspace.for_config(config, workspace)
    number, model = model_folder(place.serving(parsed.name, parsed.push.directory), version)
    beside = rejected_path(output_path)
    temporary = [p.with_name(f".{p.name}.{os.getpid()}.tmp") for p in (output_path, beside)]
    try:
        with _open(temporary[0]) as scores, _open(temporary[1]) as rejected:
            counts = write_scores(input_path, format_of(input_path, parsed), model, scores, rejected)
        if counts.rejected or counts.rest:
            os.replace(temporary[1], beside)
        else:
            beside.unlink(missing_ok=True)
        if counts.scored:
            os.replace(temporary[0], output_path)
    except DataBlocked as error:
        raise UsageError(*(f"{f.message} {f.remedy}" for f in error.findings)) from None
    except OSError as error:
        raise UsageError(f"{output_path}: cannot be written ({error.strerror}).") from None
    finally:
        for path in temporary:
            path.unlink(missing_ok=True)
    _tell(counts, number, output_path, as_json)
    return 0 if counts.scored and not counts.rest else 3


def _open(path: Path) -> TextIO:
    # What a file name or a reason cannot say in UTF-8 must not end the scoring.
    return path.open("w", newline="", encoding="utf-8", errors="backslashreplace")


def _tell(counts: Counts, version: int, output: Path, as_json: bool) -> None:
    bad = counts.rejected or counts.rest
    if as_json:
        emit_json(
            {
                "rows": counts.scored,
                "rejected": counts.rejected,
                "unread": counts.rest,
                "version": version,
                "output": str(output) if counts.scored else None,
                "rejected_output": str(rejected_path(output)) if bad else None,
            }
        )
        return
    where = output if counts.scored else f"{output} is left as it was"
    print(f"{counts.scored} rows scored with version {version}: {where}", file=sys.stderr)
    if bad:
        print(f"{counts.rejected} rows rejected, with reasons in {rejected_path(output)}", file=sys.stderr)
    if counts.rest:
        print(f"The file could not be read to its end. {counts.rest}", file=sys.stderr)

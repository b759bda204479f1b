"""`retrain predict`: scores a file of raw rows with a served model, batch by batch."""

from __future__ import annotations

import csv
import os
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from components.served import versions
from pipeline.commands.output import emit_json
from pipeline.errors import UsageError
from pipeline.workspace import Workspace
from schemas.config import PipelineConfig, load_config
from schemas.features import Kind
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
    endings = {".csv": "csv", ".gz": "csv", ".parquet": "parquet", ".tfrecord": "tfrecord"}
    return endings.get(path.suffix, config.data.source.format)


def score_file(path: Path, form: str, model: str) -> Iterator[tuple[list[str], list[str], Any]]:
    """Batches of (label values, predicted labels, probabilities float32 [n, classes]), in the order of the rows."""
    from components import examples, sources
    from components.kinds import picture_paths
    from components.serving import Scorer
    from components.threshold import decided

    scorer = Scorer(model)
    types = {f.name: f.type for f in scorer.contract.features}
    lacking = sorted(set(types) - set(sources.column_names(str(path), form))) if form != "tfrecord" else []
    if lacking:
        raise UsageError(
            f"{path}: lacks the columns {', '.join(lacking)}, which the model needs. They may be empty, but must be there."
        )
    pictures = [f.name for f in scorer.contract.of_kind(Kind.IMAGE)]
    row = 1
    for raw in sources.read_raw(str(path), form):
        names = [n for n in raw.schema.names if n in types]
        known = pa.RecordBatch.from_arrays([raw.column(raw.schema.get_field_index(n)) for n in names], names=names)
        typed = sources.typed(sources.complete(known, types), types, str(path), row)
        row += raw.num_rows
        for batch in picture_paths.with_pictures(raw, typed, pictures, str(path), form):
            for start in range(0, batch.num_rows, 4096):
                scores = scorer(list(examples.encode(batch.slice(start, 4096))))
                taken = decided(scores, scorer.threshold).argmax(axis=1)
                yield scorer.labels, [scorer.labels[i] for i in taken], scores


def predict_command(
    config: Path, input_path: Path, output_path: Path, version: int | None, workspace: Path | None, as_json: bool
) -> int:
    """Writes one line per row: predicted label, and the probability of each label value.

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
    temporary = output_path.with_name(f".{output_path.name}.{os.getpid()}.tmp")
    rows = 0
    try:
        with temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            for labels, predicted, scores in score_file(input_path, format_of(input_path, parsed), model):
                if rows == 0:
                    writer.writerow(["prediction", *(f"probability_{v}" for v in labels)])
                writer.writerows(
                    [p, *(f"{s:.9g}" for s in row)] for p, row in zip(predicted, scores.tolist(), strict=True)
                )
                rows += len(predicted)
        os.replace(temporary, output_path)
    except DataBlocked as error:
        raise UsageError(*(f"{f.message} {f.remedy}" for f in error.findings)) from None
    except OSError as error:
        raise UsageError(f"{output_path}: cannot be written ({error.strerror}).") from None
    finally:
        temporary.unlink(missing_ok=True)
    if as_json:
        emit_json({"rows": rows, "version": number, "output": str(output_path)})
    else:
        print(f"{rows} rows scored with version {number}: {output_path}", file=sys.stderr)
    return 0

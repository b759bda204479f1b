"""`retrain check`: is the configuration valid, do the data have the columns it names, is the environment complete? No TensorFlow."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from components.contract import check_columns
from components.plan import common_columns
from components.registry import build_all
from components.spans import find_spans, pick_window
from components.tfmd import read_schema
from pipeline.commands.output import emit_json
from pipeline.commands.run import check_runner
from pipeline.metadata_store import password_of
from pipeline.model_files import check_model
from pipeline.versions import versions
from schemas.config import ConfigError, PipelineConfig, load_config
from schemas.findings import DataBlocked
from schemas.run_record import DataFile


def problems_of_data(config: PipelineConfig, base: Path) -> tuple[list[str], list[int]]:
    """Problems of paths and columns, and the spans of the newest window. Reads headers, not rows."""
    pattern = config.data.source.pattern
    try:
        window = pick_window(find_spans(pattern, base), config.data.window, None, pattern)
    except ConfigError as error:
        return error.problems, []
    files = [DataFile(span=n, path=p, bytes=0, sha256="") for n, paths in window.items() for p in paths]
    if config.data.source.format in ("tfrecord", "images"):
        return [], list(
            window
        )  # columns of records are only known to TensorFlow; images have two, the image and the label
    try:
        schema = base / config.data.schema_file if config.data.schema_file else None
        known = [f.name for f in read_schema(schema).feature] if schema and schema.is_file() else []
        check_columns(config, common_columns(files, config.data.source.format), known)
    except ConfigError as error:
        return error.problems, list(window)
    except DataBlocked as error:
        return [f"{f.message} {f.remedy}" for f in error.findings], list(window)
    return [], list(window)


def check_command(config: Path, overrides: list[str], as_json: bool) -> int:
    """Checks everything that can be checked without running.

    Returns:
        0 when all is well.

    Raises:
        ConfigError: with all problems at once.
    """
    parsed = load_config(config, overrides)
    problems: list[str] = []
    base = config.resolve().parent
    for step in (build_all, check_runner, password_of, lambda c: check_model(c.train.model, base)):
        try:
            step(parsed)
        except ConfigError as error:
            problems += error.problems
    found, window = problems_of_data(parsed, config.resolve().parent)
    problems += found
    if parsed.data.schema_file and not (config.resolve().parent / parsed.data.schema_file).is_file():
        problems.append(
            f"data.schema_file: {parsed.data.schema_file} is no file. Give the path of a schema, or leave it out."
        )
    installed = versions()
    problems += [
        f"environment: {name} is not installed. Run `make setup`." for name, v in installed.items() if v == "missing"
    ]
    if problems:
        raise ConfigError(list(dict.fromkeys(problems)))
    document: dict[str, Any] = {"ok": True, "name": parsed.name, "spans": window, "versions": installed}
    if as_json:
        emit_json(document)
    else:
        spans = f"span {window[-1]}" if len(window) == 1 else f"spans {window[0]} to {window[-1]}"
        print(f"{config}: fine. The next run reads {spans}.", file=sys.stdout)
    return 0

"""A run as MLflow stores runs: parameters, metrics with steps, tags. Names and lengths as its servers take them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pipeline.explain import explanation_of
from pipeline.run_exports.openlineage import end_of
from schemas.evidence import MetricValue
from schemas.run_record import Epoch, RunRecord, Status

#: The tag that says which run of Retrain it is: what is exported again is found by it.
RUN_TAG = "retrain.run_id"
#: Longest name, value of a parameter and of a tag, in characters: what MLflow 2 takes and every later version.
LONGEST_NAME, LONGEST_PARAM, LONGEST_TAG = 250, 500, 5000
#: Sections of the configuration that are sent; others say where something runs or is.
SECTIONS = ("data", "checks", "transform", "train", "evaluate")
STATUS = {"COMPLETE": "FINISHED", "FAIL": "FAILED", "ABORT": "KILLED"}


class Point(NamedTuple):
    """One value of a metric; `timestamp` in milliseconds since 1970."""

    key: str
    value: float
    timestamp: int
    step: int


def status_of(record: RunRecord) -> str:
    """`FINISHED` for exit code 0 only, so that no model that was held back is taken for a good one."""
    return "RUNNING" if record.status is Status.RUNNING else STATUS[end_of(record.status)]


def milliseconds(when: str) -> int:
    """An ISO 8601 time as MLflow has times."""
    return round(datetime.fromisoformat(when.replace("Z", "+00:00")).timestamp() * 1000)


def params(record: RunRecord) -> dict[str, str]:
    """What shapes the model in the configuration, one parameter a value (``train.model.name``, ``evaluate.gates.0.name``); long values
    are cut."""
    config = {name: record.config[name] for name in SECTIONS if name in record.config}
    return {key: _text(value)[:LONGEST_PARAM] for key, value in _leaves(config, ()) if value is not None}


def metrics(record: RunRecord) -> list[Point]:
    """``train/...`` per epoch, ``test/...`` with ends of intervals and the champion, ``slice/NAME/...``; undefined values are left out.

    The record has no clock times of single values: all have that of the start, and are the same whenever it is exported.
    """
    at = milliseconds(record.started)
    values = [*_epochs(record), *((key, value, 0) for key, value in _scores(record))]
    return [Point(key, float(v), at, step) for key, v, step in values if v is not None and math.isfinite(v)]


def tags(record: RunRecord) -> dict[str, str]:
    """Verdict, origin, digests and versions; MLflow's own tags for the description and the source."""
    told = explanation_of(record)
    note = "\n\n".join([f"**{told.headline}**", *(f"- {s}" for s in told.why), *(f"- Do: {s}" for s in told.remedies)])
    values: dict[str, Any] = {
        RUN_TAG: record.run_id,
        "retrain.status": record.status.value,
        "retrain.exit_code": record.exit_code,
        "retrain.headline": told.headline,
        "retrain.span": record.span,
        "retrain.window": record.window,
        "retrain.config_path": record.config_path,
        "retrain.config_digest": record.config_digest,
        "retrain.data_digest": record.data_digest,
        "retrain.champion": record.champion,
        "retrain.model_version": record.pushed.version if record.pushed else None,
        **{f"retrain.digest.{k}": v for k, v in record.digests.items()},
        **{f"retrain.version.{k}": v for k, v in record.versions.items()},
        **{f"retrain.seed.{k}": v for k, v in record.seeds.items()},
        "mlflow.note.content": note,
        "mlflow.source.name": "retrain",
        "mlflow.source.type": "JOB",
    }
    return {key: _text(value)[:LONGEST_TAG] for key, value in values.items() if value is not None}


def name_of(*parts: str) -> str:
    """A name of parts, joined by ``/``. All but letters, digits, ``_``, ``-``, ``.`` and blanks, which MLflow takes, become ``_xCODE_``."""
    return "/".join(_word(p) for p in parts)[:LONGEST_NAME]


def _word(text: str) -> str:
    safe = re.sub(r"[^0-9A-Za-z_.\- ]", lambda m: f"_x{ord(m.group()):x}_", text)
    return safe.replace(".", "_x2e_") if safe.strip(".") == "" else safe


def _epochs(record: RunRecord) -> Iterator[tuple[str, float | None, int]]:
    names = [n for n in Epoch.model_fields if n != "epoch"]
    for epoch in record.training.epochs if record.training else []:
        for name in names:
            yield name_of("train", name), getattr(epoch, name), epoch.epoch


def _scores(record: RunRecord) -> Iterator[tuple[str, float | None]]:
    if record.training is not None:
        yield "train/best_epoch", record.training.best_epoch
        yield "train/parameters", record.training.parameters
    if record.seconds is not None:
        yield "seconds", record.seconds
    for stage in record.stages:
        yield name_of("stage", stage.name, "seconds"), stage.seconds
    evidence = record.evaluation
    for part in evidence.slices if evidence else []:
        where = ("test",) if evidence and part is evidence.overall else ("slice", part.slice)
        yield name_of(*where, "rows"), part.rows
        for suffix, values in (("", part.candidate), ("_champion", part.champion), ("_difference", part.difference)):
            yield from _with_ends(where, suffix, values or {})


def _with_ends(
    where: tuple[str, ...], suffix: str, values: Mapping[str, MetricValue]
) -> Iterator[tuple[str, float | None]]:
    for metric, value in values.items():
        for end, number in (("", value.value), ("_low", value.low), ("_high", value.high)):
            yield name_of(*where, f"{metric}{suffix}{end}"), number


def _leaves(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    nested: dict[str, Any] | None = None
    if isinstance(value, dict):
        nested = {str(k): v for k, v in value.items()}
    elif isinstance(value, list) and any(isinstance(v, dict | list) for v in value):
        nested = {str(i): v for i, v in enumerate(value)}
    if nested is None:
        yield ".".join(_word(p) for p in path)[:LONGEST_NAME], value
        return
    for key, inner in nested.items():
        yield from _leaves(inner, (*path, key))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

"""Settings that differ from the reference's, as evidence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import yaml

from pipeline.diagnosis.case import Case, Change
from schemas.diagnosis import Evidence


def changed(case: Case, path: str, lower: bool | None = None) -> tuple[Change, float] | None:
    """A number of the configuration that differs, and by what factor (above 1); None when it does not.

    Args:
        lower: only when it is lower (True) or higher (False) than before; None for either.
    """
    found = case.change(path)
    if found is None or not all(isinstance(v, int | float) and v > 0 for v in (found.before, found.after)):
        return None
    ratio = found.after / found.before
    if lower is not None and (ratio < 1) is not lower:
        return None
    return found, max(ratio, 1 / ratio)


def told(change: Change) -> Evidence:
    """A change in words."""
    return Evidence(
        text=f"{change.path} is {written(change.after)} and was {written(change.before)}.",
        where=change.path,
        numbers={"before": plain(change.before), "after": plain(change.after)},
    )


def back(change: Change) -> str:
    """The override that undoes a change."""
    return f"{change.path}={written(change.before)}"


def as_before(case: Case, path: str) -> str:
    """The override that brings a value, or a section, back to what the reference has."""
    return f"{path}={written(case.setting(path, case.reference) if case.reference is not None else None)}"


def written(value: Any) -> str:
    """A value in YAML's flow style, on one line: JSON, but for texts that need no quotes; plug-ins as people write them."""
    value = _as_people_write(value)
    plain_text = isinstance(value, str) and yaml.safe_load(value) == value and value.replace("_", "").isalnum()
    return str(value) if plain_text else json.dumps(value)


def _as_people_write(value: Any) -> Any:
    """``{name: mlp, params: {}}`` as ``mlp``, with parameters as ``{mlp: {...}}``, and a list of such as one mapping."""
    if isinstance(value, list) and value and all(map(_is_plugin, value)):
        return {v["name"]: v["params"] for v in value}
    if _is_plugin(value):
        return {value["name"]: value["params"]} if value["params"] else value["name"]
    return {k: _as_people_write(v) for k, v in value.items()} if isinstance(value, Mapping) else value


def _is_plugin(value: Any) -> bool:
    return isinstance(value, Mapping) and value.keys() == {"name", "params"}


def plain(value: Any) -> int | float | str | None:
    """A value for `Evidence.numbers`."""
    return value if isinstance(value, int | float | str) or value is None else written(value)

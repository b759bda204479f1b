"""From a file, or plain data, to a configuration that has been checked."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from schemas.config.pipeline import PipelineConfig
from schemas.config.problems import ConfigError, problems_of


def parse_config(raw: Any) -> PipelineConfig:
    """Builds a configuration from plain data.

    Raises:
        ConfigError: with all problems at once.
    """
    if not isinstance(raw, dict):
        raise ConfigError([f"configuration: must be a mapping of sections, got {type(raw).__name__}."])
    try:
        return PipelineConfig.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(problems_of(error, model=PipelineConfig)) from None


def set_override(raw: dict[str, Any], override: str) -> None:
    """Applies one ``path.to.key=value`` (value in YAML) to plain configuration data, in place.

    Raises:
        ConfigError: when the form is wrong or the path runs through something that is not a section.
    """
    path, sep, text = override.partition("=")
    if not sep or not all(path.split(".")):
        raise ConfigError([f"--override {override}: must have the form path.to.key=value, like train.epochs=10."])
    *sections, key = path.split(".")
    node: Any = raw
    for part in sections:
        if node.get(part) is None:
            node[part] = {}
        node = node[part]
        if not isinstance(node, dict):
            raise ConfigError([f"--override {override}: {part!r} is not a section in this configuration."])
    try:
        node[key] = yaml.safe_load(text)
    except yaml.YAMLError:
        raise ConfigError([f"--override {override}: {text!r} is not valid YAML."]) from None


def load_config(path: Path, overrides: list[str] | None = None) -> PipelineConfig:
    """Reads a YAML file, applies overrides and checks everything.

    Raises:
        ConfigError: when the file is missing, not YAML, or not a valid configuration.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise ConfigError([f"{path}: no such file. Give the path of a configuration (YAML)."]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError([f"{path}: cannot be read ({error}). It must be a readable UTF-8 file."]) from None
    try:
        raw = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        at = f", line {mark.line + 1}" if mark else ""
        raise ConfigError([f"{path}{at}: not valid YAML ({getattr(error, 'problem', error)})."]) from None
    raw = {} if raw is None else raw
    if isinstance(raw, dict):
        for override in overrides or []:
            set_override(raw, override)
    return parse_config(raw)

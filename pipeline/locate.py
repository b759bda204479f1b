"""Finds the workspace that a read command is about: by its configuration, or from the current folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from pipeline.errors import UsageError
from pipeline.workspace import FOLDER, Workspace

DEFAULT = "retrain.yaml"


@dataclass(frozen=True)
class Place:
    """A workspace, and the pipeline in it that is meant; `config_path` and `name` are None when any will do."""

    workspace: Workspace
    config_path: Path | None = None
    name: str | None = None


def place_of(config_path: Path, workspace_option: Path | None = None) -> Place:
    """The place that a configuration names. Only its name is read: a config broken today must not hide past runs.

    Raises:
        UsageError: when the file cannot be read or names no pipeline.
    """
    if not config_path.exists():
        raise UsageError(f"{config_path}: no such file. Give the path of a configuration (YAML).")
    name = _pipeline_name(config_path)
    if name is None:
        raise UsageError(
            f"{config_path}: not a configuration of Retrain: it must be YAML with a name and data sections."
        )
    return Place(Workspace.for_config(config_path, workspace_option), config_path, name)


def find_place(config: Path | None, workspace_option: Path | None, folder: Path | None = None) -> Place:
    """The place meant by the options, else by what is in `folder` (default: the current one).

    In this order: ``--config``; ``--workspace``; `retrain.yaml`; the only configuration; `.retrain`.

    Raises:
        UsageError: when there is none, or more than one and no `.retrain`.
    """
    folder = folder or Path.cwd()
    if config is not None:
        return place_of(config, workspace_option)
    if workspace_option is not None:
        return Place(Workspace(workspace_option.resolve()))
    found = [folder / DEFAULT] if (folder / DEFAULT).is_file() else _configs(folder)
    if len(found) == 1:
        return place_of(found[0])
    if (folder / FOLDER).is_dir():
        return Place(Workspace((folder / FOLDER).resolve()))
    if found:
        names = ", ".join(p.name for p in found)
        raise UsageError(f"{folder} has {len(found)} configurations ({names}). Choose one with --config FILE.")
    raise UsageError(f"{folder} has neither a configuration nor a {FOLDER} folder. Say which with --config FILE.")


def _configs(folder: Path) -> list[Path]:
    candidates = sorted([*folder.glob("*.yaml"), *folder.glob("*.yml")])
    return [p for p in candidates if p.is_file() and _pipeline_name(p) is not None]


def _pipeline_name(path: Path) -> str | None:
    """The name in a file that looks like a configuration of ours; None for any other file."""
    try:
        raw: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        return None
    if not isinstance(raw, dict) or not isinstance(raw.get("data"), dict) or not isinstance(raw.get("name"), str):
        return None
    return str(raw["name"])

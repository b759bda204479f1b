"""What a workspace keeps from the first accepted run on: the split bounds and, without a curated file, the schema."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

from components.splits import SplitBounds
from pipeline.record_json import write_atomic
from schemas.config import PipelineConfig


def _key(config: PipelineConfig) -> str:
    """Bounds belong to a split section and a label: with another one, rows are split anew."""
    text = json.dumps([config.data.split.model_dump(), config.data.label], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def bounds_path(root: Path, config: PipelineConfig) -> Path:
    """Where the bounds of this pipeline and split section are kept."""
    return root / "splits" / f"{config.name}-{_key(config)}.json"


def schema_path(root: Path, config: PipelineConfig) -> Path:
    """Where the proposal of the first accepted run is kept."""
    return root / "schema" / f"{config.name}.pbtxt"


def load_bounds(root: Path, config: PipelineConfig) -> SplitBounds | None:
    """The kept bounds, or None before the first accepted run."""
    path = bounds_path(root, config)
    return SplitBounds.model_validate_json(path.read_text(encoding="utf-8")) if path.exists() else None


def keep_bounds(root: Path, config: PipelineConfig, bounds: SplitBounds) -> None:
    """Keeps bounds for all later runs, unless some are kept already."""
    path = bounds_path(root, config)
    if not path.exists():
        write_atomic(path, bounds.model_dump_json(indent=1))


def keep_schema(root: Path, config: PipelineConfig, proposal: Path) -> None:
    """Keeps the proposed schema for all later runs, unless one is kept already."""
    path = schema_path(root, config)
    if not path.exists():
        write_atomic(path, proposal.read_text(encoding="utf-8"))


def pinned_schema(root: Path, schema_file: Path) -> Path:
    """A copy of a schema named by its content: TFX's cache does not notice an edited file at the same path."""
    digest = hashlib.sha256(schema_file.read_bytes()).hexdigest()[:16]
    copy = root / "schema" / "pinned" / digest / "schema.pbtxt"
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(schema_file, copy.with_suffix(".tmp"))
        copy.with_suffix(".tmp").rename(copy)
    return copy

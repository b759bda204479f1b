"""What a workspace keeps from run to run: split bounds, the schema without a curated file, accepted spans, rows trained on."""

from __future__ import annotations

import hashlib
import json
import shutil
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from components.plan import IngestPlan
from components.splits import SplitBounds
from pipeline.record_json import write_atomic
from schemas.config import PipelineConfig
from schemas.features import FeatureContract

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0 import schema_pb2


def _key(config: PipelineConfig) -> str:
    """Bounds belong to a split section and a label: with another one, rows are split anew."""
    text = json.dumps([config.data.split.model_dump(), config.data.label], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def bounds_path(root: Path, config: PipelineConfig) -> Path:
    """Where the bounds of this pipeline and split section are kept."""
    return root / "splits" / f"{config.name}-{_key(config)}.json"


def proposal_path(config: PipelineConfig, base: Path) -> Path:
    """Where the proposal of the first accepted run is kept: beside the configuration, so under the user's version control."""
    return base / "schemas" / f"{config.name}.pbtxt"


def fallback_path(root: Path, config: PipelineConfig) -> Path:
    """Where it is kept when the configuration's folder cannot be written, and where it always was before."""
    return root / "schema" / f"{config.name}.pbtxt"


def schema_path(root: Path, config: PipelineConfig, base: Path) -> Path | None:
    """The kept schema; None before the first accepted run.

    Args:
        base: the configuration's folder.
    """
    there = (p for p in (proposal_path(config, base), fallback_path(root, config)) if p.exists())
    return next(there, None)


def load_bounds(root: Path, config: PipelineConfig) -> SplitBounds | None:
    """The kept bounds, or None before the first accepted run."""
    path = bounds_path(root, config)
    return SplitBounds.model_validate_json(path.read_text(encoding="utf-8")) if path.exists() else None


def keep_bounds(root: Path, config: PipelineConfig, bounds: SplitBounds) -> None:
    """Keeps bounds for all later runs, unless some are kept already."""
    path = bounds_path(root, config)
    if not path.exists():
        write_atomic(path, bounds.model_dump_json(indent=1))


def keep_schema(
    root: Path, config: PipelineConfig, proposal: Path, contract: FeatureContract, *, base: Path, run_id: str
) -> str:
    """Keeps the proposed schema for all later runs, unless one is kept already: no run ever changes a kept one.

    Args:
        contract: of the run; the kinds of its inputs are kept too, so that they do not change with the data.

    Returns:
        A sentence that says where it is now; empty when one was kept already.
    """
    from components.tfmd import read_schema
    from pipeline.schema_text import HEADER, as_text

    if schema_path(root, config, base):
        return ""
    when = f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC"
    header = HEADER.format(name=config.name, run=run_id, when=when)
    text = as_text(as_kept(read_schema(proposal), config, contract))
    path, fallback = proposal_path(config, base), fallback_path(root, config)
    try:
        write_atomic(path, header + text)
    except OSError as error:
        why = f"{path.parent} cannot be written ({error.strerror})"
        write_atomic(fallback, f"{header}# It is in the workspace because {why}.\n{text}")
        return f"{why}, so the proposed schema is kept in the workspace: {fallback}."
    return f"The proposed schema is kept for later runs: {path}. Read it and put it under version control."


def as_kept(schema: schema_pb2.Schema, config: PipelineConfig, contract: FeatureContract) -> schema_pb2.Schema:
    """What is kept of the schema that a run proposed."""
    from components.tfmd import with_environments, with_kinds

    unserved = [n for n in (config.data.label, config.train.sample_weight) if n]
    return with_kinds(with_environments(schema, unserved), contract, config.data.unnamed)


def trained_folder(root: Path, name: str) -> Path:
    """Fingerprints of all rows ever trained on, one file per way of splitting."""
    return root / "registry" / name / "trained"


def recipe(plan: IngestPlan) -> str:
    """Identity of a way of splitting: under the same one, no row is ever in two splits."""
    facts = [plan.bounds.model_dump(mode="json"), plan.seed, plan.group_by, plan.by_time, plan.label]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def trained_otherwise(root: Path, name: str, plan: IngestPlan, also_this: bool = False) -> list[str]:
    """Files with rows that were trained on under another way of splitting; copies named by content, as caches need them.

    Args:
        also_this: also those under this way, because rows of it may be held in test since.
    """
    found = []
    for path in sorted(trained_folder(root, name).glob("*.npy")):
        if path.stem == recipe(plan) and not also_this:
            continue
        copy = path.parent / "pinned" / f"{path.stem}-{hashlib.sha256(path.read_bytes()).hexdigest()[:16]}.npy"
        if not copy.exists():
            copy.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, copy.with_suffix(".tmp"))
            copy.with_suffix(".tmp").rename(copy)
        found.append(str(copy))
    return found


def keep_trained(root: Path, name: str, plan: IngestPlan, report: Path) -> None:
    """Adds the train rows of an ingest report to the rows that were trained on."""
    import numpy as np
    import pyarrow.parquet as pq

    path = trained_folder(root, name) / f"{recipe(plan)}.npy"
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = [pq.read_table(p, columns=["row"])["row"].to_numpy() for p in sorted((report / "keys").glob("train-*"))]
    before = [np.load(path)] if path.exists() else []
    temporary = path.with_suffix(".tmp")
    with temporary.open("wb") as file:
        np.save(file, np.unique(np.concatenate([*before, *parts, np.empty(0, np.uint64)])))
    temporary.rename(path)


def accepted_path(root: Path, name: str) -> Path:
    """Where the newest accepted span is kept."""
    return root / "registry" / name / "accepted.json"


def newest_accepted(root: Path, name: str) -> int | None:
    """The newest span that was ever accepted."""
    path = accepted_path(root, name)
    return int(json.loads(path.read_text(encoding="utf-8"))["span"]) if path.exists() else None


def keep_accepted(root: Path, name: str, span: int) -> None:
    """Notes that a span was accepted, when it is the newest one."""
    newest = newest_accepted(root, name)
    if newest is None or span > newest:
        write_atomic(accepted_path(root, name), json.dumps({"span": span}))


def pinned_path(root: Path, content: bytes) -> Path:
    """Where the copy of a schema with this content is, once a run was held against it."""
    return root / "schema" / "pinned" / hashlib.sha256(content).hexdigest()[:16] / "schema.pbtxt"


def pinned_schema(root: Path, schema_file: Path) -> Path:
    """A copy of a schema named by its content: TFX's cache does not notice an edited file at the same path."""
    copy = pinned_path(root, schema_file.read_bytes())
    if not copy.exists():
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(schema_file, copy.with_suffix(".tmp"))
        copy.with_suffix(".tmp").rename(copy)
    return copy

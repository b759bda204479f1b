"""Records as JSON text: valid JSON whatever the numbers, written in one step, and a reason when one cannot be read."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from schemas.run_record import RECORD_VERSION


def to_json(data: Any, indent: int | None = 1) -> str:
    """A pydantic model, or lists and mappings of plain data and models, as JSON text with a newline at its end."""
    return json.dumps(plain(data), indent=indent, ensure_ascii=False, allow_nan=False) + "\n"


def plain(value: Any) -> Any:
    """Plain data with NaN and infinity replaced by their names: valid JSON, and pydantic reads them back as numbers.

    (pydantic itself writes null, which a field of type float then refuses: the record of a diverged run would be lost.)
    """
    if isinstance(value, BaseModel):
        return plain(value.model_dump(mode="json"))
    if isinstance(value, dict):
        return {k: plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def write_atomic(path: Path, text: str) -> None:
    """Replaces a file in one step: other processes see the old or the new content, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with open(temporary, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def what_is_wrong(path: Path, error: ValidationError) -> str:
    """Why a run.json could not be used, in one sentence: damaged, of another version, or what does not fit."""
    try:
        raw = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return "run.json is damaged: it is not valid JSON."
    version = raw.get("record_version") if isinstance(raw, dict) else None
    if version != RECORD_VERSION:
        return f"run.json has record version {version!r}; this Retrain reads version {RECORD_VERSION}."
    first = error.errors(include_url=False, include_input=False)[0]
    return f"run.json does not fit: {'.'.join(str(p) for p in first['loc'])}: {first['msg']}."
